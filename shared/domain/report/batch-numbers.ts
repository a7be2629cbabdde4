import { createHash } from 'node:crypto';
import { consistencyOf, worseScore, type ConsistencyScore } from '../consistency-score.ts';
import {
  classOfStatus,
  noItems,
  percentComplete,
  type ItemCounts,
  type JobCounts,
  type MailboxJob,
} from '../mailbox-job.ts';
import { hasMoved, problemOf } from './job-problem.ts';

/** Mailboxes that share a problem. */
export interface ProblemGroup {
  readonly code: string;
  readonly mailboxes: number;
  /** The first few, as `address` or `row 7`. */
  readonly examples: readonly string[];
  /** The words of the first of them. */
  readonly message: string;
}

/** Everything that mails, `batch show` and the reports say about a batch in numbers: one function makes them all. */
export interface BatchNumbers {
  readonly counts: JobCounts;
  /** Sums over all mailboxes. */
  readonly items: ItemCounts;
  readonly bytesTransferred: number;
  /** Rows of MigrationStatistics.csv and of MigrationErrors.csv. */
  readonly moved: number;
  readonly withProblems: number;
  /** Moved mailboxes whose sums and recount closed with nothing failed or doubtful. */
  readonly green: number;
  /** Most mailboxes first. */
  readonly problems: readonly ProblemGroup[];
  readonly verification: BatchVerification;
  readonly consistency: BatchConsistency;
  /** Mailboxes that were never migrated and are not Failed or Skipped. */
  readonly unfinished: { readonly inProgress: number; readonly waiting: number };
  /** Mean of the mailboxes' percentages, whole per cent. */
  readonly percentComplete: number;
  /** Changes with every write to any job of the batch, and only then. */
  readonly fingerprint: string;
}

/** Data consistency scores: mailboxes by score, and the worst. */
export interface BatchConsistency {
  /** Null where no mailbox has a score. */
  readonly score: ConsistencyScore | null;
  readonly mailboxes: Readonly<Record<ConsistencyScore, number>>;
  /** Not Perfect, and somebody approved what they lack. */
  readonly approved: number;
}

/** Of the mailboxes that moved. */
export interface BatchVerification {
  readonly mailboxes: number;
  /** Items re-read at the target, and how many of them differed. */
  readonly checked: number;
  readonly differences: number;
  /**
   * SHA-256 (hex) over one line `<id> <digest>\n` a verified mailbox, in the order of the ids: whoever holds
   * MigrationStatistics.csv can compute it again. Null where nothing was verified.
   */
  readonly digest: string | null;
  /** Mailbox and digest of the first few. */
  readonly digests: readonly (readonly [mailbox: string, digest: string])[];
}

const mostExamples = 3;
const mostDigests = 20;

/** Sums over the jobs of a batch, by id, in one walk and with memory that does not grow with the batch. */
export async function batchNumbers(jobs: AsyncIterable<MailboxJob>, ended: boolean): Promise<BatchNumbers> {
  const tally = startTally(ended);
  for await (const job of jobs) tally.add(job);
  return tally.numbers();
}

export interface Tally {
  readonly add: (job: MailboxJob) => void;
  readonly numbers: () => BatchNumbers;
}

/** The same for a caller that walks the jobs anyway. */
export function startTally(ended: boolean): Tally {
  const counts = { total: 0, queued: 0, active: 0, synced: 0, completed: 0, failed: 0, stopped: 0, skipped: 0 };
  const items = { ...noItems };
  const sums = { bytesTransferred: 0, moved: 0, withProblems: 0, green: 0 };
  const verified = { mailboxes: 0, checked: 0, differences: 0 };
  const digests: (readonly [string, string])[] = [];
  const problems = new Map<string, { code: string; mailboxes: number; examples: string[]; message: string }>();
  const digest = createHash('sha256');
  const fingerprint = createHash('sha256');
  const scores = { Perfect: 0, Good: 0, Investigate: 0, Poor: 0 };
  const consistency = { score: null as ConsistencyScore | null, approved: 0 };
  const unfinished = { inProgress: 0, waiting: 0 };
  let percent = 0;

  const addProblem = (job: MailboxJob): void => {
    const problem = problemOf(job, ended);
    if (problem === null) return;
    sums.withProblems += 1;
    // Each batch that holds mailboxes of this one is named.
    const key = problem.code === 'MAILBOX_HELD_BY_OTHER_BATCH' ? `${problem.code} ${problem.message}` : problem.code;
    const group = problems.get(key) ?? { ...problem, mailboxes: 0, examples: [] };
    group.mailboxes += 1;
    if (group.examples.length < mostExamples) group.examples.push(job.mailbox || `row ${String(job.row)}`);
    problems.set(key, group);
  };

  const addVerification = (job: MailboxJob): void => {
    if (job.verification === null) return;
    verified.mailboxes += 1;
    verified.checked += job.verification.checked;
    verified.differences += job.verification.differences;
    if (digests.length < mostDigests) digests.push([job.mailbox, job.verification.digest]);
    digest.update(`${job.id} ${job.verification.digest}\n`);
  };

  const addScore = (job: MailboxJob): void => {
    const found = consistencyOf(job);
    if (found === null) return;
    scores[found.score] += 1;
    consistency.score = worseScore(consistency.score, found.score);
    if (found.approved && found.score !== 'Perfect') consistency.approved += 1;
  };

  return {
    add(job) {
      counts.total += 1;
      counts[classOfStatus(job.status)] += 1;
      addItems(items, job.items);
      sums.bytesTransferred += job.bytesTransferred;
      if (hasMoved(job)) {
        sums.moved += 1;
        if (job.green === true) sums.green += 1;
        addVerification(job);
      }
      if (isUnfinished(job)) unfinished[job.startedAt === null ? 'waiting' : 'inProgress'] += 1;
      addProblem(job);
      addScore(job);
      percent += percentComplete(job);
      fingerprint.update(`${job.id} ${String(job.version)}\n`);
    },
    numbers: () => ({
      counts: { ...counts },
      items: { ...items },
      ...sums,
      problems: [...problems.values()].sort((a, b) => b.mailboxes - a.mailboxes || a.code.localeCompare(b.code)),
      verification: {
        ...verified,
        digest: verified.mailboxes === 0 ? null : digest.copy().digest('hex'),
        digests: [...digests],
      },
      consistency: { ...consistency, mailboxes: { ...scores } },
      unfinished: { ...unfinished },
      percentComplete: counts.total === 0 ? 0 : Math.floor(percent / counts.total),
      fingerprint: fingerprint.copy().digest('hex'),
    }),
  };
}

function isUnfinished(job: MailboxJob): boolean {
  return !hasMoved(job) && ['queued', 'active', 'stopped'].includes(classOfStatus(job.status));
}

function addItems(sum: Record<keyof ItemCounts, number>, items: ItemCounts): void {
  sum.total += items.total;
  sum.copied += items.copied;
  sum.skipped += items.skipped;
  sum.failed += items.failed;
  sum.doubtful += items.doubtful;
  sum.vanished += items.vanished;
  sum.bytes += items.bytes;
}
