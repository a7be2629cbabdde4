import { isAccepted } from './approval.ts';
import { batchTransitions, type BatchEvent } from './batch-transitions.ts';
import type { Batch, BatchStatus } from './batch.ts';
import { holderOf } from './held-mailbox.ts';
import type { MailboxJob } from './mailbox-job.ts';

export interface BatchOutcome {
  readonly event: Extract<BatchEvent, 'synced' | 'syncedWithErrors' | 'fail'>;
  /** Each mailbox was stopped by itself: so is the batch, nothing failed. */
  readonly allStopped?: true;
  /** The status that the event leads to. */
  readonly status: BatchStatus;
  /** One sentence for `batch show` and the mail. */
  readonly reason: string;
}

type Judged = Pick<MailboxJob, 'status' | 'green' | 'error'>;

/**
 * How a pass ended: never from "nothing threw", always from the jobs. A batch with a job that is not green, Failed or
 * IncrementalFailed is SyncedWithErrors; one in which none synced is Failed. Rows that another batch holds are no error.
 * Whoever writes a mail before the batch rests asks here, too.
 */
export async function batchOutcome(jobs: AsyncIterable<Judged> | Iterable<Judged>): Promise<BatchOutcome> {
  const seen = { total: 0, synced: 0, green: 0, skipped: 0, stopped: 0 };
  const holders = new Map<string, number>();
  for await (const job of jobs) {
    seen.total += 1;
    const holder = holderOf(job);
    if (holder !== undefined) holders.set(holder, (holders.get(holder) ?? 0) + 1);
    if (job.status === 'Skipped') seen.skipped += 1;
    if (job.status === 'Stopped') seen.stopped += 1;
    if (isSynced(job)) seen.synced += 1;
    if (isSynced(job) && job.status !== 'IncrementalFailed' && job.green === true) seen.green += 1;
  }
  const meant = seen.total - seen.skipped;
  if (meant === 0 && holders.size > 0) return outcome('fail', heldElsewhere(seen.total, holders));
  if (seen.synced === 0 && seen.stopped > 0 && seen.stopped === meant)
    return { ...outcome('fail', `Stopped: ${mailboxes(meant)}, each by itself.`), allStopped: true };
  if (seen.synced === 0) return outcome('fail', `None of ${mailboxes(seen.total)} could be migrated.`);
  if (seen.green === meant) return outcome('synced', `${mailboxes(meant)} synced, each with sums that close.`);
  return outcome(
    'syncedWithErrors',
    `${String(seen.synced)} of ${mailboxes(meant)} synced; ${String(meant - seen.green)} with a problem.`,
  );
}

export interface CompletionOutcome {
  readonly event: Extract<BatchEvent, 'completed' | 'completedWithErrors' | 'notCompleted'>;
  readonly status: BatchStatus;
  readonly reason: string;
}

type Finished = Judged & Pick<MailboxJob, 'row' | 'items' | 'approval' | 'verification'>;

/** As many rows as a reason names. */
const namedRows = 5;

/** How a final pass ended: with errors left, which nobody approved, only who said so gets the batch completed. */
export async function completionOutcome(
  jobs: AsyncIterable<Finished> | Iterable<Finished>,
  { completion }: Pick<Batch, 'completion'>,
): Promise<CompletionOutcome> {
  let through = 0;
  const left: number[] = [];
  for await (const job of jobs) {
    if (job.status === 'Skipped') continue;
    if (hasErrorsLeft(job)) left.push(job.row);
    else through += 1;
  }
  const rows = nameRows(left);
  const end = (event: CompletionOutcome['event'], reason: string): CompletionOutcome => ({
    event,
    status: batchTransitions[event].to,
    reason,
  });
  if (left.length === 0) return end('completed', `${capital(mailboxes(through))} completed.`);
  if (completion?.ignoreErrors === true)
    return end('completedWithErrors', `Completed with errors left in ${mailboxes(left.length)} (${rows}).`);
  return end(
    'notCompleted',
    `Not completed: ${mailboxes(left.length)} with errors left (${rows}). Retry or approve them, or complete with --ignore-errors.`,
  );
}

/** Failed, stopped, or with something missing that nobody approved. */
export function hasErrorsLeft(
  job: Pick<Finished, 'status' | 'green' | 'items' | 'approval' | 'verification'>,
): boolean {
  return !['Synced', 'Completing', 'Completed', 'CompletedWithWarnings'].includes(job.status) || !isAccepted(job);
}

/** `rows 1, 2, 3, 4, 5 and 12 more` */
export function nameRows(rows: readonly number[]): string {
  const named = [...rows].sort((a, b) => a - b).slice(0, namedRows);
  const more = rows.length - named.length;
  const list = named.join(', ');
  return `${rows.length === 1 ? 'row' : 'rows'} ${more > 0 ? `${list} and ${String(more)} more` : list}`;
}

function heldElsewhere(total: number, holders: ReadonlyMap<string, number>): string {
  const names = [...holders].map(([batch, count]) => (holders.size === 1 ? batch : `${batch} (${String(count)})`));
  return `${capital(mailboxes(total))}, none of them to be had: held by ${names.join(', ')}.`;
}

function outcome(event: BatchOutcome['event'], reason: string): BatchOutcome {
  return { event, status: batchTransitions[event].to, reason };
}

function isSynced({ status }: Judged): boolean {
  return ['Synced', 'IncrementalFailed', 'Completed', 'CompletedWithWarnings', 'Completing'].includes(status);
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** `1 mailbox`, `12 mailboxes` */
export function mailboxes(count: number): string {
  return count === 1 ? '1 mailbox' : `${String(count)} mailboxes`;
}
