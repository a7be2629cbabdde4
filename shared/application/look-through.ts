import { isAccepted } from '../domain/approval.ts';
import type { Batch, LookedThrough } from '../domain/batch.ts';
import { isCompleted, type MailboxJob } from '../domain/mailbox-job.ts';
import { changeBatch } from './change-batch.ts';
import { optionsOf } from './effective-options.ts';
import { mayHaveForwarded } from './prepare/put-back-forwarding.ts';
import type { Services } from './services.ts';

/** What single mailboxes of a batch want of the tick. */
export interface DueOfMailboxes {
  /** Staged: failed for `rollbackAfter`, and new mail may still go to the target. */
  readonly overdue: readonly { readonly id: string; readonly afterMs: number }[];
  /** Synced: to be completed now, all or some; undefined: none. */
  readonly completion: { readonly mailboxes: readonly string[] | 'all'; readonly ignoreErrors: boolean } | undefined;
}

const nothingDue: DueOfMailboxes = { overdue: [], completion: undefined };

/**
 * Once a day in any case: a command may have died between a mailbox that it gave another time and the batch, which it
 * writes behind it.
 */
const lookEveryMs = 24 * 3_600_000;

/** What mailboxes have of a batch's options that comes due. */
type Times = Pick<LookedThrough, 'completeAfter' | 'rollbackAfterMs'>;

/**
 * Looks through the mailboxes of a batch for what is due. When nothing is, it notes when something can be, so that a batch
 * that rests costs a tick nothing: in DynamoDB, 50,000 mailboxes are 60 MB, of which 288 ticks a day would make 16 USD a
 * month. Whoever gives a mailbox another time, or approves what it lacks, writes the batch after it: then it looks again.
 */
export async function lookThrough(
  { store, clock }: Pick<Services, 'store' | 'clock'>,
  batch: Batch,
): Promise<DueOfMailboxes> {
  // One roll-back at a time; the batch is written when it is through.
  const mayPutBack = batch.type === 'staged' && batch.rollback === undefined;
  const mayComplete = batch.status === 'Synced' || batch.status === 'SyncedWithErrors';
  if (!mayPutBack && !mayComplete) return nothingDue;
  const endpoint = await store.getEndpoint(batch.endpoint);
  const levels = [endpoint?.defaults ?? {}, batch.options];
  const common = timesOf(batch, levels);
  const now = clock.now();
  if (isQuiet(batch, common, now)) return nothingDue;

  const failures = mayPutBack ? new Failures(now) : undefined;
  const completion = mayComplete ? new Completion(now) : undefined;
  for await (const job of store.jobs(batch.name)) {
    const times = hasOwnTimes(job) ? timesOf(batch, [...levels, job.options]) : common;
    failures?.add(job, times);
    completion?.add(job, times);
  }
  const due = { overdue: failures?.overdue ?? [], completion: completion?.due() };
  if (due.overdue.length === 0 && due.completion === undefined) {
    const until = Math.min(now + lookEveryMs, failures?.next ?? Infinity, completion?.next ?? Infinity);
    await noteLooked(store, batch, { ...common, until: new Date(until).toISOString() });
  }
  return due;
}

function timesOf({ type }: Batch, levels: readonly Readonly<Record<string, unknown>>[]): Times {
  const { completeAfter, rollbackAfterMs } = optionsOf(type, levels);
  return { completeAfter, rollbackAfterMs };
}

function hasOwnTimes({ options }: MailboxJob): boolean {
  return options['completeAfter'] !== undefined || options['rollbackAfter'] !== undefined;
}

function isQuiet({ looked, version }: Batch, { completeAfter, rollbackAfterMs }: Times, now: number): boolean {
  return (
    looked?.version === version &&
    looked.completeAfter === completeAfter &&
    looked.rollbackAfterMs === rollbackAfterMs &&
    now < Date.parse(looked.until)
  );
}

async function noteLooked(
  store: Services['store'],
  { name, version }: Batch,
  found: Omit<LookedThrough, 'version'>,
): Promise<void> {
  await changeBatch(store, name, (present) =>
    present.version === version ? { ...present, looked: { ...found, version: version + 1 } } : undefined,
  );
}

/** They are named in the batch, and an item of DynamoDB has 400 KB. The others come when these are through. */
const mostAtOnce = 1_000;

/** Mailboxes whose new mail goes to a target mailbox that never gets the old one. */
class Failures {
  readonly overdue: { readonly id: string; readonly afterMs: number }[] = [];
  /** Epoch ms before which none is overdue that is not yet. */
  next = Infinity;
  readonly #now: number;

  constructor(now: number) {
    this.#now = now;
  }

  add(job: MailboxJob, { rollbackAfterMs: afterMs }: Times): void {
    if (afterMs === null) return;
    const isFailed = job.status === 'Failed' && mayHaveForwarded(job);
    const at = (isFailed ? Date.parse(job.since) : this.#now) + afterMs;
    if (isFailed && at <= this.#now) {
      if (this.overdue.length < mostAtOnce) this.overdue.push({ id: job.id, afterMs });
    } else this.next = Math.min(this.next, at);
  }
}

/**
 * At completeAfter a batch is completed once every mailbox is synced and green or approved: with errors left it waits
 * for a person. The row's value overrides the batch's, so single mailboxes may go first.
 */
class Completion {
  /** Epoch ms at which the next mailbox's time comes. */
  next = Infinity;
  readonly #now: number;
  readonly #singles: string[] = [];
  #due = 0;
  #others = 0;
  #over = 0;
  #lacking = 0;

  constructor(now: number) {
    this.#now = now;
  }

  add(job: MailboxJob, { completeAfter }: Times): void {
    if (job.status === 'Skipped') return;
    const at = completeAfter === null ? Infinity : Date.parse(completeAfter);
    if (isCompleted(job)) {
      this.#over += 1;
      if (!isAccepted(job)) this.#lacking += 1;
    } else if (job.status !== 'Synced' || !isAccepted(job) || at > this.#now) {
      this.#others += 1;
      if (at > this.#now) this.next = Math.min(this.next, at);
    } else {
      this.#due += 1;
      if (job.options['completeAfter'] !== undefined) this.#singles.push(job.id);
    }
  }

  due(): DueOfMailboxes['completion'] {
    // A batch whose mailboxes were all completed by themselves is over, too.
    if (this.#others === 0 && this.#due + this.#over > 0) {
      // A person completed some with what they lack: that is decided. All others are green or approved.
      return { mailboxes: 'all', ignoreErrors: this.#lacking > 0 };
    }
    return this.#singles.length === 0 ? undefined : { mailboxes: this.#singles, ignoreErrors: false };
  }
}
