import { ConflictError } from './errors.ts';
import type { JobError, JobStatus, MailboxJob } from './mailbox-job.ts';
import type { PassKind } from './batch.ts';
import { isPrepared } from './due-jobs.ts';

interface JobTransition {
  readonly from: readonly JobStatus[];
  readonly to: JobStatus;
  /** What happened, as docs/state-machines.md says it. */
  readonly when: string;
}

const preparing: readonly JobStatus[] = ['Validating', 'Provisioning', 'Provisioned'];
const copying: readonly JobStatus[] = ['Syncing', 'IncrementalSyncing', 'Completing'];

/** Every step a mailbox job may take. What is not here does not happen. */
export const jobTransitions = {
  requeue: {
    from: ['Queued', 'Failed', 'IncrementalFailed', 'Skipped', 'Stopped'],
    to: 'Queued',
    when: 'Its row came again, or it was asked for again.',
  },
  again: {
    from: ['Synced'],
    to: 'Synced',
    when: 'Another pass of it was asked for.',
  },
  validate: {
    from: ['Queued', 'Validating', 'Provisioning'],
    to: 'Validating',
    when: 'Staged: its recipients on both sides are looked up and compared.',
  },
  provision: {
    from: ['Validating', 'Provisioning'],
    to: 'Provisioning',
    when: 'Staged: both recipients are as they should be; its target mailbox is made, or waited for.',
  },
  prepared: {
    from: ['Provisioning', 'Provisioned'],
    to: 'Provisioned',
    when: 'Staged: its target mailbox is there, and new mail is forwarded to it.',
  },
  synchronise: {
    from: ['Queued', 'Provisioned', 'Syncing'],
    to: 'Syncing',
    when: 'A worker opened the mailbox for its initial pass.',
  },
  synchroniseChanges: {
    from: ['Queued', 'Synced', 'IncrementalSyncing', 'Completing'],
    to: 'IncrementalSyncing',
    when: 'A worker opened the mailbox for an incremental pass.',
  },
  complete: {
    from: ['Queued', 'Synced', 'IncrementalSyncing', 'Completing'],
    to: 'Completing',
    when: 'A worker opened the mailbox for its final pass.',
  },
  synced: {
    from: ['Syncing', 'IncrementalSyncing', 'Stopping'],
    to: 'Synced',
    when: 'The pass is through.',
  },
  completed: {
    from: ['Completing', 'Synced'],
    to: 'Completed',
    when: 'The final pass is through and it is green.',
  },
  completedWithWarnings: {
    from: ['Completing', 'Synced'],
    to: 'CompletedWithWarnings',
    when: 'The final pass is through; items that were not copied were approved, or errors were to be ignored.',
  },
  notCompleted: {
    from: ['Completing', 'Stopping'],
    to: 'Synced',
    when: 'The final pass is through, but the batch, or the mailbox, has errors left; or the batch was stopped after it.',
  },
  fail: {
    from: ['Queued', ...preparing, 'Syncing', 'Stopping', 'Skipped', 'Failed'],
    to: 'Failed',
    when: 'Its row is bad, or its initial pass cannot go on until a person does something.',
  },
  failChanges: {
    from: ['Queued', 'Synced', ...copying, 'Stopping'],
    to: 'IncrementalFailed',
    when: 'Its incremental pass cannot go on; what earlier passes copied is at the target.',
  },
  skip: {
    from: ['Queued', ...copying, 'Stopping', 'Failed', 'Stopped', 'Skipped'],
    to: 'Skipped',
    when: 'Another batch holds its mailbox, or a later file replaced its row.',
  },
  stop: {
    from: [...preparing, ...copying],
    to: 'Stopping',
    when: 'An admin stops this mailbox; its worker ends at the next page.',
  },
  stopped: {
    from: ['Queued', ...preparing, ...copying, 'Stopping'],
    to: 'Stopped',
    when: 'It, or its batch, was stopped before it was through.',
  },
} as const satisfies Record<string, JobTransition>;

export type JobEvent = keyof typeof jobTransitions;

export function mayMoveJob(job: Pick<MailboxJob, 'status'>, event: JobEvent): boolean {
  const { from }: JobTransition = jobTransitions[event];
  return from.includes(job.status);
}

export interface JobStep {
  /** Why it does not move, in words; null while it moves. */
  readonly reason: string | null;
  readonly error?: JobError;
  /** What brought it about, for the time-line: a verb and who asked for it; the table's words where nobody did. */
  readonly cause?: string;
  readonly now: number;
}

/** The job after the event. ConflictError REFUSED_IN_THIS_STATE where the table does not allow it. */
export function moveJob(job: MailboxJob, event: JobEvent, step: JobStep): MailboxJob {
  if (!mayMoveJob(job, event))
    throw new ConflictError({
      code: 'REFUSED_IN_THIS_STATE',
      message: `The mailbox job of row ${String(job.row)} is ${job.status}: "${event}" does not fit this state.`,
    });
  const updatedAt = new Date(step.now).toISOString();
  const { to, when } = jobTransitions[event];
  const { reason, error = null, cause = when } = step;
  const moved = { ...job, status: to, reason, cause, updatedAt };
  switch (event) {
    case 'requeue':
      // A mailbox that was skipped had its pass counted as over; taken up again, it has yet to make its first.
      return {
        ...moved,
        error,
        queuedAt: updatedAt,
        progressAt: updatedAt,
        passDone: job.syncedAt === null ? 0 : job.passDone,
        // What was found out of a mailbox that could not be prepared may be otherwise by now.
        preparation: isPrepared(job) ? job.preparation : undefined,
        tryAgainAt: undefined,
      };
    case 'again':
      return { ...moved, queuedAt: updatedAt, progressAt: updatedAt };
    case 'validate':
      return { ...moved, error, tryAgainAt: undefined };
    case 'provision':
      return { ...moved, error, progressAt: updatedAt };
    case 'prepared':
      return { ...moved, error, progressAt: updatedAt, tryAgainAt: undefined };
    case 'synchronise':
    case 'synchroniseChanges':
    case 'complete':
      return { ...moved, error, startedAt: job.startedAt ?? updatedAt };
    case 'synced':
      return { ...moved, error, syncedAt: updatedAt, progressAt: updatedAt };
    case 'completed':
    case 'completedWithWarnings':
      return { ...moved, completedAt: updatedAt, final: false };
    case 'notCompleted':
      return { ...moved, final: false };
    case 'fail':
    case 'failChanges':
    case 'skip':
      return { ...moved, error };
    case 'stop':
    case 'stopped':
      return moved;
  }
}

/** A mailbox that was synced once has not lost that: only its later pass failed. */
export function failureEvent(job: Pick<MailboxJob, 'syncedAt'>): 'fail' | 'failChanges' {
  return job.syncedAt === null ? 'fail' : 'failChanges';
}

/** The event that a worker's opening of the mailbox is. */
export function openingEvent(pass: PassKind): 'synchronise' | 'synchroniseChanges' | 'complete' {
  switch (pass) {
    case 'initial':
      return 'synchronise';
    case 'incremental':
      return 'synchroniseChanges';
    case 'final':
      return 'complete';
  }
}
