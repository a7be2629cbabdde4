import { ConflictError } from './errors.ts';
import type { JobError, JobStatus, MailboxJob } from './mailbox-job.ts';

interface JobTransition {
  readonly from: readonly JobStatus[];
  readonly to: JobStatus;
  /** What happened, as docs/state-machines.md says it. */
  readonly when: string;
}

/** Every step a mailbox job may take. What is not here does not happen. */
export const jobTransitions = {
  requeue: {
    from: ['Queued', 'Failed', 'IncrementalFailed', 'Skipped', 'Stopped'],
    to: 'Queued',
    when: 'Its row came again, or the batch was started again.',
  },
  synchronise: {
    from: ['Queued', 'Provisioned', 'Syncing'],
    to: 'Syncing',
    when: 'A worker opened the mailbox for its initial pass.',
  },
  synchroniseChanges: {
    from: ['Queued', 'Synced', 'IncrementalSyncing'],
    to: 'IncrementalSyncing',
    when: 'A worker opened the mailbox for an incremental pass.',
  },
  synced: {
    from: ['Syncing', 'IncrementalSyncing'],
    to: 'Synced',
    when: 'The pass is through.',
  },
  fail: {
    from: ['Queued', 'Validating', 'Provisioning', 'Provisioned', 'Syncing', 'Skipped', 'Failed'],
    to: 'Failed',
    when: 'Its row is bad, or its initial pass cannot go on until a person does something.',
  },
  failChanges: {
    from: ['Queued', 'Synced', 'Syncing', 'IncrementalSyncing'],
    to: 'IncrementalFailed',
    when: 'Its incremental pass cannot go on; what earlier passes copied is at the target.',
  },
  skip: {
    from: ['Queued', 'Failed', 'Stopped', 'Skipped'],
    to: 'Skipped',
    when: 'Another batch holds its mailbox, or a later file replaced its row.',
  },
  stop: {
    from: ['Queued', 'Validating', 'Provisioning', 'Provisioned', 'Syncing', 'IncrementalSyncing', 'Stopping'],
    to: 'Stopped',
    when: 'The batch was stopped before it was through.',
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
  const moved = { ...job, status: to, reason, error, cause, updatedAt };
  switch (event) {
    case 'requeue':
      // A mailbox that was skipped had its pass counted as over; taken up again, it has yet to make its first.
      return { ...moved, queuedAt: updatedAt, passDone: job.syncedAt === null ? 0 : job.passDone };
    case 'synchronise':
    case 'synchroniseChanges':
      return { ...moved, startedAt: job.startedAt ?? updatedAt };
    case 'synced':
      return { ...moved, syncedAt: updatedAt };
    case 'fail':
    case 'failChanges':
    case 'skip':
    case 'stop':
      return moved;
  }
}

/** A mailbox that was synced once has not lost that: only its later pass failed. */
export function failureEvent(job: Pick<MailboxJob, 'syncedAt'>): 'fail' | 'failChanges' {
  return job.syncedAt === null ? 'fail' : 'failChanges';
}
