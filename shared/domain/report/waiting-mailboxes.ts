import type { Batch } from '../batch.ts';
import { isDue } from '../due-jobs.ts';
import type { MailboxJob } from '../mailbox-job.ts';
import { isStalled, shownReason } from '../shown-reason.ts';
import { waitingCodeOf } from '../waiting-reason.ts';

/** Mailboxes that do not move, by reason, and those that should have moved for hours. */
export interface WaitingMailboxes {
  /** Most mailboxes first. */
  readonly groups: readonly WaitingGroup[];
  readonly stalled: { readonly mailboxes: number; readonly examples: readonly string[] };
}

export interface WaitingGroup {
  /** As the first of them says it: times and numbers may differ. */
  readonly reason: string;
  readonly mailboxes: number;
  readonly examples: readonly string[];
}

const mostExamples = 3;
const mostGroups = 8;

/** For a caller that walks the jobs anyway; memory does not grow with the batch. */
export function startWaiting(
  batch: Pick<Batch, 'status' | 'passNumber' | 'reason'>,
  now: number,
): { readonly add: (job: MailboxJob) => void; readonly waiting: () => WaitingMailboxes } {
  const groups = new Map<string, { reason: string; mailboxes: number; examples: string[] }>();
  const stalled = { mailboxes: 0, examples: [] as string[] };
  const note = (group: { mailboxes: number; examples: string[] }, job: MailboxJob): void => {
    group.mailboxes += 1;
    if (group.examples.length < mostExamples) group.examples.push(job.mailbox || `row ${String(job.row)}`);
  };
  return {
    add(job) {
      if (!isDue(job, batch)) return;
      if (isStalled(job, batch, now)) note(stalled, job);
      const reason = shownReason(job, batch);
      if (reason === null) return;
      const key = waitingCodeOf(reason) ?? 'other';
      const group = groups.get(key) ?? { reason, mailboxes: 0, examples: [] };
      groups.set(key, group);
      note(group, job);
    },
    waiting: () => ({
      groups: [...groups.values()].sort((a, b) => b.mailboxes - a.mailboxes).slice(0, mostGroups),
      stalled,
    }),
  };
}
