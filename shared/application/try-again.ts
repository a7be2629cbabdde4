import { theService } from '../domain/audit.ts';
import type { Batch } from '../domain/batch.ts';
import { isBadRow, isDue, isWorthAnotherTry } from '../domain/due-jobs.ts';
import type { MailboxJob } from '../domain/mailbox-job.ts';
import type { RequeueOrder } from '../domain/requeue-order.ts';
import { changeJob } from './change-job.ts';
import { inParallel } from './in-parallel.ts';
import { isReleased, queuedAgain, requeued } from './requeue.ts';
import type { Services } from './services.ts';

/**
 * So long a request goes through mailboxes by itself: it has 28 s on AWS, and a batch of 50,000 that all failed takes a
 * minute. The execution that it starts has a quarter of an hour.
 */
export const longestRequestMs = 15_000;

export interface TriedAgain {
  /** False: the time was up, and the order has to be left to the batch's execution. */
  readonly through: boolean;
  /** Some mailbox was to be tried again. */
  readonly any: boolean;
  /** Some mailbox is due in the pass that is about to begin. */
  readonly due: boolean;
  /** Some mailbox was begun before. */
  readonly begun: boolean;
  /** Rows that need a corrected file. */
  readonly badRows: number;
}

type TryServices = Pick<Services, 'store' | 'clock'>;

/** Within a request: as many as the time allows. `decided` is awaited before the first is changed. */
export function tryAgainForNow(
  services: TryServices,
  about: Pick<Going, 'batch' | 'order' | 'decided'> & {
    /** @default all of the batch */
    readonly jobs?: Iterable<MailboxJob> | undefined;
  },
): Promise<TriedAgain> {
  const { jobs = services.store.jobs(about.batch.name) } = about;
  const until = services.clock.now() + longestRequestMs;
  return goThrough(services, { ...about, jobs, until, isMeant: () => true });
}

/** Within an execution: all that the request left. */
export async function tryTheRestAgain(services: TryServices, batch: Batch, order: RequeueOrder): Promise<void> {
  const isMeant = ({ since }: MailboxJob): boolean => Date.parse(since) <= Date.parse(order.at);
  const jobs = services.store.jobs(batch.name);
  await goThrough(services, { batch, order, jobs, isMeant, decided: () => Promise.resolve(), until: Infinity });
}

interface Going {
  readonly batch: Batch;
  readonly order: RequeueOrder;
  readonly jobs: Iterable<MailboxJob> | AsyncIterable<MailboxJob>;
  readonly isMeant: (job: MailboxJob) => boolean;
  readonly decided: () => Promise<void>;
  /** Epoch ms. */
  readonly until: number;
}

async function goThrough({ store, clock }: TryServices, going: Going): Promise<TriedAgain> {
  const { batch, order } = going;
  const seen = { through: true, any: false, due: false, begun: false, badRows: 0 };
  let deciding: Promise<void> | undefined;
  const next = order.pass === 'incremental' ? batch.passNumber + 1 : Math.max(1, batch.passNumber);
  const inTime = async function* (): AsyncGenerator<MailboxJob> {
    for await (const job of going.jobs) {
      seen.through = clock.now() <= going.until;
      if (!seen.through) return;
      yield job;
    }
  };
  await inParallel(inTime(), async (job) => {
    seen.begun ||= job.startedAt !== null;
    if (isBadRow(job) && job.status === 'Failed') seen.badRows += 1;
    const wanted =
      going.isMeant(job) && (isWanted(job, order) || (order.verb === 'start' && (await isReleased(store, batch, job))));
    if (!wanted) {
      seen.due ||= isDue(job, { passNumber: next });
      return;
    }
    seen.any = true;
    await (deciding ??= going.decided());
    const queued = await changeJob(store, job, (known) =>
      known.status === job.status && (order.verb !== 'retry' || isToRetry(known, order))
        ? again(known, { batch, order, now: clock.now() })
        : undefined,
    );
    seen.due ||= isDue(queued, { passNumber: next });
  });
  return seen;
}

function isWanted(job: MailboxJob, order: RequeueOrder): boolean {
  if (isBadRow(job)) return false;
  switch (order.verb) {
    case 'start':
      return isWorthAnotherTry(job) && mayStart(job, order);
    case 'complete':
      return isWorthAnotherTry(job);
    case 'retry':
      return isToRetry(job, order);
  }
}

/** Nobody looks at what the daily pass of the service does: what never was synced waits for a person. */
function mayStart(job: MailboxJob, { by, pass }: RequeueOrder): boolean {
  return by !== theService || pass === 'present' || job.status === 'IncrementalFailed';
}

function isToRetry(job: MailboxJob, { code, items, doubtful }: RequeueOrder): boolean {
  if (code !== null && job.error?.code !== code) return false;
  if (job.status === 'Failed' || job.status === 'IncrementalFailed') return true;
  if (job.status !== 'Synced' || job.green === true) return false;
  return (items && job.items.failed > 0) || (doubtful && job.items.doubtful > 0);
}

function again(
  job: MailboxJob,
  { batch, order, now }: { readonly batch: Batch; readonly order: RequeueOrder; readonly now: number },
): MailboxJob {
  const { by, options, doubtful } = order;
  switch (order.verb) {
    case 'start':
      return requeued(job, `Started again by ${by}.`, now);
    case 'complete':
      return requeued(job, `The final pass was asked for by ${by}.`, now);
    case 'retry': {
      const queued = queuedAgain(job, { batch, cause: `Retried by ${by}.`, now });
      return {
        ...queued,
        options: { ...queued.options, ...options },
        copyDoubtful: queued.copyDoubtful || doubtful,
      };
    }
  }
}
