import { badRowKind } from './due-jobs.ts';
import { errorNames } from './errors.ts';
import type { JobError, MailboxJob } from './mailbox-job.ts';

/** So many mailboxes must end with the same wrong setting; all of them where the batch has fewer. */
const enough = 5;

type Ended = Pick<MailboxJob, 'id' | 'status' | 'error' | 'passDone' | 'syncedAt' | 'updatedAt'>;

/**
 * The circuit breaker: the setting that the first mailboxes of a pass all failed over, when none succeeded. undefined:
 * the batch may go on. Rows that never became a mailbox (bad, or held by another batch) do not count.
 */
export async function commonFault(
  jobs: AsyncIterable<Ended> | Iterable<Ended>,
  batch: { readonly passNumber: number },
): Promise<JobError | undefined> {
  const ended: Ended[] = [];
  let mailboxes = 0;
  for await (const job of jobs) {
    if (job.status === 'Skipped' || job.error?.kind === badRowKind) continue;
    mailboxes += 1;
    if (job.passDone >= batch.passNumber && job.status !== 'Failed') return undefined;
    if (job.status === 'Failed' || job.status === 'IncrementalFailed') ended.push(job);
  }
  const needed = Math.min(enough, mailboxes);
  if (needed === 0 || ended.length < needed) return undefined;
  const first = ended
    .sort((a, b) => Date.parse(a.updatedAt) - Date.parse(b.updatedAt) || (a.id < b.id ? -1 : 1))
    .slice(0, needed);
  const fault = first[0]?.error ?? undefined;
  if (fault?.kind !== errorNames.configuration) return undefined;
  return first.every(({ error }) => error?.code === fault.code && error.kind === fault.kind) ? fault : undefined;
}
