import { assertNever } from '../domain/assert-never.ts';
import type { Batch } from '../domain/batch.ts';
import { batchOutcome, type BatchOutcome } from '../domain/batch-outcome.ts';
import { ConfigurationError } from '../domain/errors.ts';
import type { MailKind } from '../domain/mail-record.ts';
import type { MailboxJob } from '../domain/mailbox-job.ts';
import type { ResolvedOptions } from '../domain/options.ts';
import { startTally, type BatchNumbers } from '../domain/report/batch-numbers.ts';
import { finishedMail } from '../domain/report/mail/finished-mail.ts';
import { refusedMail } from '../domain/report/mail/refused-mail.ts';
import { holdsRun, leave, runWasTaken, type Position } from './batch-run.ts';
import { effectiveOptions } from './effective-options.ts';
import { claimOpenForMs, deliverMail, type Delivery } from './mails/deliver-mail.ts';
import { mailReports } from './mails/mail-reports.ts';
import type { Services } from './services.ts';

export type MailServices = Pick<Services, 'store' | 'objects' | 'mailer' | 'clock' | 'log' | 'settings'>;

/**
 * Sends one status mail of a batch, once per occasion. *finished*: the pass is through, for an execution that holds the
 * batch's run. *refused*: the file could not start, or the batch could not go on; sent after the run was released.
 * Resolves with the position it got; what came of the mail is in `store.mailsOf(batch)`.
 */
export async function sendBatchMail(
  services: MailServices,
  input: Position & { readonly kind: MailKind },
): Promise<Position> {
  const { kind, ...position } = input;
  const batch = await services.store.getBatch(position.batch);
  if (kind === 'finished' && !holdsRun(batch, position)) return leave(position, runWasTaken);
  if (batch === undefined)
    throw new ConfigurationError({ code: 'BATCH_NOT_FOUND', message: `There is no batch ${position.batch}.` });

  const story = await storyOf(services, batch);
  const composed = compose(services, { kind, story, position });
  await deliverMail(services, { ...composed, batch: batch.name, kind, to: recipients(services, story.options) });
  return position;
}

/**
 * Sends once more what a worker that died left claimed: the tick asks, since no execution comes back to it. A mail about
 * a state that is no longer the batch's is not sent: the later one tells more. Resolves with the number of mails asked
 * for; two ticks at once send one, since the claim decides.
 */
export async function sendOpenMails(services: MailServices, batch: Batch): Promise<number> {
  const now = services.clock.now();
  const open = (await services.store.mailsOf(batch.name)).filter(
    (mail) => mail.outcome === 'claimed' && mail.claimedAt + claimOpenForMs <= now,
  );
  if (open.length === 0) return 0;
  const story = await storyOf(services, batch);
  let sent = 0;
  for (const { kind, occasion } of open) {
    const run = Number(/^run-(\d+)$/.exec(occasion)?.[1] ?? 0);
    const position = { batch: batch.name, pass: batch.pass, run, next: 'leave', reason: batch.reason ?? '' } as const;
    const composed = compose(services, { kind, story, position });
    if (composed.occasion !== occasion) continue;
    await deliverMail(services, { ...composed, batch: batch.name, kind, to: recipients(services, story.options) });
    sent += 1;
  }
  return sent;
}

function compose(
  services: MailServices,
  mail: { readonly kind: MailKind; readonly story: Story; readonly position: Position },
): Composed {
  switch (mail.kind) {
    case 'finished':
      return finishedDelivery(services, mail.story);
    case 'refused':
      return refusedDelivery(mail.story, mail.position);
    case 'prepared':
    case 'paused':
    case 'stopped':
    case 'completed':
    case 'digest':
      throw new Error(`The mail ${mail.kind} comes with the verb that causes it.`);
    default:
      return assertNever(mail.kind);
  }
}

interface Story {
  readonly batch: Batch;
  readonly options: ResolvedOptions;
  readonly numbers: BatchNumbers;
  readonly outcome: BatchOutcome;
}

async function storyOf({ store }: Pick<Services, 'store'>, batch: Batch): Promise<Story> {
  const tally = startTally(true);
  const outcome = await batchOutcome(tallied(store.jobs(batch.name), tally.add));
  return { batch, options: await effectiveOptions(store, batch), numbers: tally.numbers(), outcome };
}

async function* tallied(jobs: AsyncIterable<MailboxJob>, add: (job: MailboxJob) => void): AsyncGenerator<MailboxJob> {
  for await (const job of jobs) {
    add(job);
    yield job;
  }
}

const outcomes = { synced: 'Synced', syncedWithErrors: 'SyncedWithErrors', fail: 'Failed' } as const;

type Composed = Pick<Delivery, 'occasion' | 'compose'>;

/**
 * The occasion is the state of the jobs, not the run: an execution that repeats a lost one finds the same jobs and sends
 * nothing, while a retry that changed a single job is worth a mail.
 */
function finishedDelivery(services: MailServices, { batch, options, numbers, outcome }: Story): Composed {
  return {
    occasion: `pass-${String(batch.passNumber)}-${numbers.fingerprint.slice(0, 16)}`,
    compose: async () => {
      const { files, attachments } = await mailReports(services, batch.name);
      const content = finishedMail({
        batch,
        numbers,
        outcome: outcomes[outcome.event],
        finishedAt: new Date(services.clock.now()).toISOString(),
        timeZone: options.timeZone,
        files,
      });
      return { content, attachments };
    },
  };
}

function refusedDelivery({ batch, numbers }: Story, position: Position): Composed {
  const content = refusedMail({
    batch: batch.name,
    endpoint: batch.endpoint,
    upload: null,
    startedBy: batch.startedBy,
    code: batch.errorCode ?? batch.fileFindings[0]?.code ?? 'UNEXPECTED',
    reason: batch.reason ?? position.reason,
    touched: numbers.items.copied > 0,
    findings: batch.fileFindings,
    checks: batch.checks,
  });
  return {
    occasion: `run-${String(position.run)}`,
    compose: () => Promise.resolve({ content, attachments: [] }),
  };
}

/** The batch's, else the endpoint's, else the deployment's operator; may be nobody. */
function recipients(
  { settings }: Pick<Services, 'settings'>,
  options: Pick<ResolvedOptions, 'notify'>,
): readonly string[] {
  if (options.notify.length > 0) return options.notify;
  return settings.operator === null ? [] : [settings.operator];
}
