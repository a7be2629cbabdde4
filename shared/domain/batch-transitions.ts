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

/** Every step a batch may take. What is not here does not happen. */
export const batchTransitions = {
  start: {
    from: ['Created', 'Waiting', 'Synced', 'SyncedWithErrors', 'Failed', 'Stopped', 'Paused'],
    to: 'Validating',
    when: 'An admin, an upload or startAfter starts it, or it goes on after a stop, a pause or a failure.',
  },
  schedule: {
    from: ['Created', 'Validating'],
    to: 'Waiting',
    when: 'Its rows are read; copying begins at startAfter.',
  },
  synchronise: {
    from: ['Validating', 'Provisioning', ...synchronising],
    to: 'Syncing',
    when: 'A round of the initial pass is planned.',
  },
  synchroniseChanges: {
    from: ['Validating', ...synchronising],
    to: 'IncrementalSyncing',
    when: 'A round of an incremental pass is planned.',
  },
  synced: {
    from: [...working, 'Stopping'],
    to: 'Synced',
    when: 'The pass is through and every mailbox is green.',
  },
  syncedWithErrors: {
    from: [...working, 'Stopping'],
    to: 'SyncedWithErrors',
    when: 'The pass is through; a mailbox failed or is not green.',
  },
  fail: {
    from: ['Created', 'Waiting', ...working],
    to: 'Failed',
    when: 'The file or a prerequisite stops it, no mailbox was synced, or something unexpected went wrong.',
  },
  pause: {
    from: working,
    to: 'Paused',
    when: 'The first mailboxes all ended with the same wrong setting of the endpoint: one cause, not a thousand rows.',
  },
  stopped: {
    from: ['Stopping'],
    to: 'Stopped',
    when: 'It was asked to stop, and no worker is at it any more.',
  },
} as const satisfies Record<string, BatchTransition>;

export type BatchEvent = keyof typeof batchTransitions;

export function mayMoveBatch(batch: Pick<Batch, 'status'>, event: BatchEvent): boolean {
  const { from }: BatchTransition = batchTransitions[event];
  return from.includes(batch.status);
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
      return { ...moved, errorCode: null, startedAt: batch.startedAt ?? at, finishedAt: null };
    case 'schedule':
      return { ...moved, startedAt: null };
    case 'synchronise':
    case 'synchroniseChanges':
      return moved;
    case 'synced':
    case 'syncedWithErrors':
    case 'fail':
    case 'pause':
    case 'stopped':
      return { ...moved, finishedAt: at };
  }
}

/** The event that a planned round of this kind of pass is. */
export function roundEvent(pass: PassKind): 'synchronise' | 'synchroniseChanges' {
  return pass === 'initial' ? 'synchronise' : 'synchroniseChanges';
}
