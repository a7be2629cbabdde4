import { z } from 'zod';
import { isApproved } from './approval.ts';
import type { MailboxJob } from './mailbox-job.ts';

/** How well the target agrees with the source, the best first. Microsoft's words; its thresholds are not published. */
export const ConsistencyScore = z.enum(['Perfect', 'Good', 'Investigate', 'Poor']);
export type ConsistencyScore = z.infer<typeof ConsistencyScore>;

export interface Consistency {
  readonly score: ConsistencyScore;
  /** What decided, in words. */
  readonly why: string;
  /** Somebody approved all that this mailbox lacks; the score itself stays. */
  readonly approved: boolean;
}

/**
 * The thresholds, as docs/reports.md publishes them. A number for small mailboxes and a share for large ones: the larger
 * of the two counts.
 */
export const consistencyThresholds = {
  /** Failed and doubtful items up to which a mailbox is to be looked at, above which it is Poor: badItemLimit's default. */
  missing: { items: 10, share: 0.001 },
  /** Items left out by a rule or for their size up to which a mailbox is Good: more may mean a rule that was not meant. */
  skipped: { items: 10, share: 0.05 },
} as const;

/** What a score is made of. */
export type ScoredJob = Pick<
  MailboxJob,
  'status' | 'green' | 'error' | 'items' | 'verification' | 'approval' | 'syncedAt'
>;

/** The score of a mailbox that some pass went through to its end; null for one that has none to judge yet. */
export function consistencyOf(job: ScoredJob): Consistency | null {
  const judged = judge(job);
  return judged === null ? null : { ...judged, approved: isApproved(job) };
}

/** The worse of two, as a batch has the score of its worst mailbox; null: nothing to judge. */
export function worseScore(a: ConsistencyScore | null, b: ConsistencyScore | null): ConsistencyScore | null {
  if (a === null || b === null) return a ?? b;
  const { options } = ConsistencyScore;
  return options.indexOf(a) >= options.indexOf(b) ? a : b;
}

type Judged = Omit<Consistency, 'approved'>;

function judge(job: ScoredJob): Judged | null {
  switch (job.status) {
    case 'Synced':
    case 'Completed':
    case 'CompletedWithWarnings':
      return doesNotClose(job) ?? differs(job) ?? missing(job) ?? notGreen(job) ?? leftOut(job) ?? perfect;
    case 'IncrementalFailed':
      // The counts may be those of the pass that broke off: only what is missing in them says something.
      return missing(job, 'Poor') ?? { score: 'Investigate', why: 'The last pass failed: newer mail is missing.' };
    case 'Failed':
      return overLimit(job);
    default:
      return null;
  }
}

const perfect: Judged = { score: 'Perfect', why: 'Every message is at the target.' };

function doesNotClose({ items, error }: ScoredJob): Judged | null {
  const { total, copied, skipped, failed, doubtful, vanished } = items;
  const closes = total === copied + skipped + failed + doubtful + vanished;
  if (closes && error?.code !== 'COUNTS_DO_NOT_CLOSE') return null;
  return { score: 'Poor', why: 'The numbers do not add up.' };
}

function differs({ verification, error }: ScoredJob): Judged | null {
  if (error?.code !== 'VERIFICATION_FAILED') return null;
  const count = verification?.differences ?? 0;
  return { score: 'Poor', why: `${messages(count)} at the target ${count === 1 ? 'differs' : 'differ'}.` };
}

/** With `only`, nothing better than that counts. */
function missing({ items }: ScoredJob, only?: 'Poor'): Judged | null {
  const count = items.failed + items.doubtful;
  if (count === 0) return null;
  const score = exceeds(count, consistencyThresholds.missing, items.total) ? 'Poor' : 'Investigate';
  if (only !== undefined && score !== only) return null;
  return { score, why: `${messages(count)} of ${String(items.total)} failed or doubtful.` };
}

/** Late twins, and differences where users are at work. */
function notGreen({ green, error }: ScoredJob): Judged | null {
  if (green === true) return null;
  return error?.code === 'LATE_TWIN'
    ? { score: 'Investigate', why: 'The target holds messages twice.' }
    : { score: 'Poor', why: 'The mailbox is not proved complete.' };
}

function leftOut({ items }: ScoredJob): Judged | null {
  if (items.skipped === 0) return null;
  const score = exceeds(items.skipped, consistencyThresholds.skipped, items.total) ? 'Investigate' : 'Good';
  return { score, why: `${messages(items.skipped)} of ${String(items.total)} left out by a rule or for their size.` };
}

/** A pass went through the mailbox, and more was amiss than its limits allow. */
function overLimit({ items, error }: ScoredJob): Judged | null {
  const { failed, skipped, total } = items;
  if (error?.code === 'TOO_MANY_BAD_ITEMS')
    return { score: 'Poor', why: `${messages(failed)} of ${String(total)} failed: more than badItemLimit.` };
  if (error?.code === 'TOO_MANY_LARGE_ITEMS')
    return {
      score: 'Poor',
      why: `${messages(skipped)} of ${String(total)} left out: more large ones than largeItemLimit.`,
    };
  return null;
}

function exceeds(count: number, limit: { readonly items: number; readonly share: number }, total: number): boolean {
  return count > Math.max(limit.items, limit.share * total);
}

function messages(count: number): string {
  return `${String(count)} ${count === 1 ? 'message' : 'messages'}`;
}
