import { z } from 'zod';
import { Name } from './endpoint.ts';
import { CarriedOutOfOffice, JobConversion, JobForwarding, JobPreparation } from './job-preparation.ts';

export const JobStatus = z.enum([
  'Queued',
  'Validating',
  'Provisioning',
  'Provisioned',
  'Syncing',
  'Synced',
  'IncrementalSyncing',
  'IncrementalFailed',
  'Completing',
  'Completed',
  'CompletedWithWarnings',
  'Skipped',
  'Failed',
  'Stopping',
  'Stopped',
]);
export type JobStatus = z.infer<typeof JobStatus>;

/** How the items of a mailbox ended; absolute values, computed from the ledger. */
export const ItemCounts = z.object({
  /** Items listed at the source in this pass plus those that earlier passes settled. */
  total: z.int(),
  copied: z.int(),
  skipped: z.int(),
  failed: z.int(),
  doubtful: z.int(),
  vanished: z.int(),
  /** Octets of the copied items. */
  bytes: z.int(),
});
export type ItemCounts = z.infer<typeof ItemCounts>;

export const noItems: ItemCounts = { total: 0, copied: 0, skipped: 0, failed: 0, doubtful: 0, vanished: 0, bytes: 0 };

export const JobError = z.object({
  code: z.string(),
  /** What happened, as shown; the catalogue adds cause and fix. */
  message: z.string(),
  /** `ConfigurationError` errors feed the circuit breaker. */
  kind: z.string(),
});
export type JobError = z.infer<typeof JobError>;

/** Who accepted what was not copied; covers so many items and no more: what later passes find needs a new approval. */
export const Approval = z.object({
  by: z.string(),
  why: z.string(),
  at: z.iso.datetime(),
  failed: z.int().min(0),
  doubtful: z.int().min(0),
  /** Differences that the verification found. */
  differences: z.int().min(0),
});
export type Approval = z.infer<typeof Approval>;

export const MailboxJob = z.object({
  schema: z.literal(1),
  version: z.int().min(0),
  batch: Name,
  /** Lower-cased EmailAddress; `row-<number>` for a row that cannot be identified by one (invalid or duplicate). */
  id: z.string(),
  /** EmailAddress as written in the CSV, '' where the row has none. */
  mailbox: z.string(),
  /** Data row in the CSV, 1-based; `line` is the line of the file. */
  row: z.int(),
  line: z.int(),
  status: JobStatus,
  /** Why it does not move, in words; null while it moves. */
  reason: z.string().nullable(),
  error: JobError.nullable(),
  /** Since when it has this status for this reason, and what brought it there; closed into a TimelineEntry. */
  since: z.iso.datetime(),
  cause: z.string(),
  /** Object key of the batch file's copy that the row came from last; null where no copy was kept. */
  file: z.string().nullable(),
  userName: z.string(),
  userRoot: z.string().nullable(),
  targetUserName: z.string().nullable(),
  /** Staged: the user is told to change the row's password at the first sign-in. */
  forceChangePassword: z.boolean().optional(),
  /** Row-level options as written. */
  options: z.record(z.string(), z.unknown()),
  /** Staged: known once the recipients of both sides were checked; absent before, and after forwarding was put back. */
  preparation: JobPreparation.optional(),
  /** Staged: journal of the source's forwarding address. */
  forwarding: JobForwarding.optional(),
  outOfOffice: CarriedOutOfOffice.optional(),
  /** Staged, after completion: what became of the source mailbox. */
  conversion: JobConversion.optional(),
  /** Preparation is not tried again before this time. */
  tryAgainAt: z.iso.datetime().optional(),
  /** Known once a slice opened both sides. */
  pairId: z.string().nullable(),
  items: ItemCounts,
  bytesTransferred: z.int(),
  bytesEstimated: z.int(),
  /** Number of the pass the job has finished (Batch.passNumber); a job is due while it is below the batch's. */
  passDone: z.int(),
  /** Completion was asked for: its next pass is the final one. */
  final: z.boolean(),
  /** Its completion was asked for whatever errors are left; absent: errors keep it from being completed. */
  ignoreErrors: z.boolean().optional(),
  /** Its next pass copies what earlier ones left as doubtful. */
  copyDoubtful: z.boolean(),
  approval: Approval.nullable(),
  /** Who decided that the batch may be removed although this mailbox did not succeed. */
  waiver: z.object({ by: z.string(), why: z.string(), at: z.iso.datetime() }).nullable(),
  /** True when sums and recount closed with nothing failed or doubtful. */
  green: z.boolean().nullable(),
  /** Object key of the mailbox's verification result; digest over the mailbox. */
  verification: z.object({ key: z.string(), digest: z.string(), checked: z.int(), differences: z.int() }).nullable(),
  slices: z.int(),
  /** Failures in a row at the same place of its pass, for which the server named no end. */
  trouble: z.object({ place: z.string(), times: z.int() }).optional(),
  /** Object key of this pass's list of items that are not `copied`, for the reports; null where there are none. */
  itemsReport: z.string().nullable(),
  /** Folders whose name had to change, for the reports; at most 200. */
  renamedFolders: z.array(z.object({ source: z.string(), target: z.string() })),
  /** Folders deliberately left out (shared namespaces...); at most 200. */
  leftOutFolders: z.array(z.object({ name: z.string(), reason: z.string(), items: z.int().optional() })),
  queuedAt: z.iso.datetime(),
  startedAt: z.iso.datetime().nullable(),
  syncedAt: z.iso.datetime().nullable(),
  completedAt: z.iso.datetime().nullable(),
  updatedAt: z.iso.datetime(),
  /** When an item was last settled, or a pass was asked for or ended; absent: since it was queued. */
  progressAt: z.iso.datetime().optional(),
});
export type MailboxJob = z.infer<typeof MailboxJob>;

const count = z.int().min(0);

/** `batch show --json` counts: seven classes that sum to total. */
export const JobCounts = z.object({
  total: count,
  queued: count,
  active: count,
  synced: count,
  completed: count,
  failed: count,
  stopped: count,
  skipped: count,
});
export type JobCounts = Readonly<z.infer<typeof JobCounts>>;

const classOf: Record<JobStatus, Exclude<keyof JobCounts, 'total'>> = {
  Queued: 'queued',
  Validating: 'active',
  Provisioning: 'active',
  Provisioned: 'active',
  Syncing: 'active',
  IncrementalSyncing: 'active',
  Completing: 'active',
  Stopping: 'active',
  Synced: 'synced',
  Completed: 'completed',
  CompletedWithWarnings: 'completed',
  Failed: 'failed',
  IncrementalFailed: 'failed',
  Stopped: 'stopped',
  Skipped: 'skipped',
};

export function classOfStatus(status: JobStatus): Exclude<keyof JobCounts, 'total'> {
  return classOf[status];
}

/** Its final pass is over. */
export function isCompleted({ status }: Pick<MailboxJob, 'status'>): boolean {
  return classOf[status] === 'completed';
}

/** Copied share of what there is to copy, whole per cent, 100 only when the pass is through. */
export function percentComplete(job: Pick<MailboxJob, 'items' | 'status'>): number {
  if (['Synced', 'Completed', 'CompletedWithWarnings'].includes(job.status)) return 100;
  const { total, copied, skipped, failed, doubtful, vanished } = job.items;
  if (total === 0) return 0;
  return Math.min(99, Math.floor((100 * (copied + skipped + failed + doubtful + vanished)) / total));
}
