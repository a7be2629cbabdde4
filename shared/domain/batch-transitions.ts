import type { Batch, BatchStatus, PassKind } from './batch.ts';
import { ConflictError } from './errors.ts';

interface BatchTransition {
  readonly from: readonly BatchStatus[];
  readonly to: BatchStatus;
  /** What happened, as docs/state-machines.md says it. */
  readonly when: string;
}

const synchronising: readonly BatchStatus[] = ['Syncing', 'IncrementalSyncing'];
const working: readonly BatchStatus[] = ['Validating', 'Provisioning', ...synchronising];
const synced: readonly BatchStatus[] = ['Synced', 'SyncedWithErrors'];

/** Every step a batch may take. What is not here does not happen. */
export const batchTransitions = {
  start: {
    from: ['Created', 'Waiting', ...synced, 'Failed', 'Stopped', 'Paused'],
    to: 'Validating',
    when: 'An admin, an upload or startAfter starts it, or it goes on after a stop, a pause or a failure.',
  },
  schedule: {
    from: ['Created', 'Validating', 'Provisioning', 'Waiting'],
    to: 'Waiting',
    when: 'Its rows are read; copying begins at startAfter.',
  },
  prepare: {
    from: working,
    to: 'Provisioning',
    when: 'Staged: its target mailboxes are made ready, and new mail is forwarded to them.',
  },
  synchronise: {
    from: working,
    to: 'Syncing',
    when: 'A round of the initial pass is planned.',
  },
  synchroniseChanges: {
    from: working,
    to: 'IncrementalSyncing',
    when: 'A round of an incremental pass is planned.',
  },
  synchroniseLast: {
    from: ['Validating', 'Completing'],
    to: 'Completing',
    when: 'A round of the final pass is planned.',
  },
  synced: {
    from: working,
    to: 'Synced',
    when: 'The pass is through and every mailbox is green.',
  },
  syncedWithErrors: {
    from: working,
    to: 'SyncedWithErrors',
    when: 'The pass is through; a mailbox failed, was stopped or is not green.',
  },
  fail: {
    from: ['Created', 'Waiting', ...working, 'Completing'],
    to: 'Failed',
    when: 'The file or a prerequisite stops it, no mailbox was synced, or something unexpected went wrong.',
  },
  pause: {
    from: [...working, 'Completing'],
    to: 'Paused',
    when: 'The first mailboxes all ended with the same wrong setting of the endpoint: one cause, not a thousand rows.',
  },
  stop: {
    from: [...working, 'Completing'],
    to: 'Stopping',
    when: 'An admin stops it, its execution was ended from outside, or was lost three times without progress.',
  },
  stopWaiting: {
    from: ['Waiting'],
    to: 'Stopped',
    when: 'An admin stops it before its time to start has come.',
  },
  stopped: {
    from: [...working, 'Stopping'],
    to: 'Stopped',
    when: 'It was asked to stop, or each of its mailboxes was, and no worker is at it any more.',
  },
  expire: {
    from: synced,
    to: 'Stopped',
    when: 'No admin asked anything of it for 60 days.',
  },
  complete: {
    from: synced,
    to: 'Completing',
    when: 'An admin or completeAfter asks for the final pass.',
  },
  completed: {
    from: ['Validating', 'Completing'],
    to: 'Completed',
    when: 'The final pass is through and every mailbox is green or approved.',
  },
  completedWithErrors: {
    from: ['Validating', 'Completing'],
    to: 'CompletedWithErrors',
    when: 'The final pass is through with errors left, which were to be ignored.',
  },
  notCompleted: {
    from: ['Validating', 'Completing'],
    to: 'SyncedWithErrors',
    when: 'The final pass is through with errors left, which its reason names.',
  },
  remove: {
    from: ['Created', 'Waiting', ...synced, 'Completed', 'CompletedWithErrors', 'Paused', 'Stopped', 'Failed'],
    to: 'Removing',
    when: 'An admin removes it; once its data is deleted, there is no batch of this name any more.',
  },
} as const satisfies Record<string, BatchTransition>;

export type BatchEvent = keyof typeof batchTransitions;

export function mayMoveBatch(batch: Pick<Batch, 'status'>, event: BatchEvent): boolean {
  const { from }: BatchTransition = batchTransitions[event];
  return from.includes(batch.status);
}

/** The statuses from which an event may be asked for, for people. */
export function allowedFrom(event: BatchEvent): string {
  return batchTransitions[event].from.join(', ');
}

/** The batch after the event. ConflictError REFUSED_IN_THIS_STATE where the table does not allow it. */
export function moveBatch(
  batch: Batch,
  event: BatchEvent,
  step: { readonly reason: string; readonly now: number },
): Batch {
  if (!mayMoveBatch(batch, event))
    throw new ConflictError({
      code: 'REFUSED_IN_THIS_STATE',
      message: `The batch ${batch.name} is ${batch.status}: "${event}" does not fit this state.`,
    });
  const at = new Date(step.now).toISOString();
  const moved = { ...batch, status: batchTransitions[event].to, reason: step.reason };
  switch (event) {
    case 'start':
      return {
        ...moved,
        errorCode: null,
        startedAt: batch.startedAt ?? at,
        finishedAt: null,
        losses: undefined,
        preparingSince: undefined,
      };
    case 'prepare':
      return moved;
    case 'schedule':
      return { ...moved, startedAt: null };
    case 'complete':
      return { ...moved, finishedAt: null, losses: undefined };
    case 'synchronise':
    case 'synchroniseChanges':
    case 'synchroniseLast':
    case 'stop':
    case 'remove':
      return moved;
    case 'notCompleted':
      return { ...moved, finishedAt: at, completion: null, pass: 'incremental', passThrough: batch.passNumber };
    case 'synced':
    case 'syncedWithErrors':
      return { ...moved, finishedAt: at, passThrough: batch.passNumber };
    case 'fail':
    case 'pause':
    case 'stopWaiting':
    case 'stopped':
    case 'expire':
    case 'completed':
    case 'completedWithErrors':
      return { ...moved, finishedAt: at };
  }
}

/** The event that a planned round of this kind of pass is. */
export function roundEvent(pass: PassKind): 'synchronise' | 'synchroniseChanges' | 'synchroniseLast' {
  switch (pass) {
    case 'initial':
      return 'synchronise';
    case 'incremental':
      return 'synchroniseChanges';
    case 'final':
      return 'synchroniseLast';
  }
}
