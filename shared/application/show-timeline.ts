import type { TimelineEntry } from '../domain/timeline.ts';
import { isCompleted, type MailboxJob } from '../domain/mailbox-job.ts';
import { shownReason } from '../domain/shown-reason.ts';
import { noSuchBatch, type Refused } from './audit-verb.ts';
import { chosenJobs } from './chosen-jobs.ts';
import type { Services } from './services.ts';

export interface Stretch extends Pick<TimelineEntry, 'since' | 'status' | 'reason' | 'errorCode' | 'cause'> {
  readonly until: string;
  /** Milliseconds. */
  readonly duration: number;
}

export interface MailboxTimeline {
  readonly outcome: 'shown';
  readonly mailbox: string;
  readonly from: string;
  readonly until: string;
  readonly entries: readonly Stretch[];
}

/** The life of one mailbox in stretches that follow each other without a gap: their durations add up to the wall time. */
export async function showTimeline(
  { store, clock }: Pick<Services, 'store' | 'clock'>,
  request: { readonly batch: string; readonly mailbox: string },
): Promise<MailboxTimeline | Refused> {
  const batch = await store.getBatch(request.batch);
  if (batch === undefined) return noSuchBatch(request.batch);
  const chosen = await chosenJobs(store, { batch: batch.name, mailboxes: [request.mailbox] });
  if (chosen.outcome === 'refused') return chosen;
  const [job] = chosen.jobs;
  if (job === undefined) return noSuchBatch(request.batch);
  const closed: TimelineEntry[] = [];
  for await (const entry of store.timelineOf(batch.name, job.id)) closed.push(entry);
  const present = { ...presentOf(job), reason: shownReason(job, batch) };
  const begun = [...distinct(closed, job), present];
  const end = isCompleted(job) ? job.since : new Date(Math.max(clock.now(), Date.parse(job.since))).toISOString();
  const entries = begun.map(({ since, status, reason, errorCode, cause }, at): Stretch => {
    const until = begun[at + 1]?.since ?? end;
    return { since, until, duration: Date.parse(until) - Date.parse(since), status, reason, errorCode, cause };
  });
  return { outcome: 'shown', mailbox: job.mailbox, from: begun[0]?.since ?? job.since, until: end, entries };
}

function presentOf(job: MailboxJob): Pick<TimelineEntry, 'since' | 'status' | 'errorCode' | 'cause'> {
  return { since: job.since, status: job.status, errorCode: job.error?.code ?? null, cause: job.cause };
}

/**
 * A stretch is closed before the job is written: where that write lost, the stretch went on and was closed once more, or
 * is still going on.
 */
function distinct(closed: readonly TimelineEntry[], job: MailboxJob): readonly TimelineEntry[] {
  const kept = new Map<string, TimelineEntry>();
  const key = ({ since, status, reason }: Pick<TimelineEntry, 'since' | 'status' | 'reason'>) =>
    JSON.stringify([since, status, reason]);
  for (const entry of closed) kept.set(key(entry), entry);
  kept.delete(key(job));
  return [...kept.values()].sort((a, b) => a.version - b.version);
}
