import { theService } from '../domain/audit.ts';
import { mayMoveBatch } from '../domain/batch-transitions.ts';
import type { Batch } from '../domain/batch.ts';
import { noteAudit } from './audit-verb.ts';
import { changeBatch } from './change-batch.ts';
import { effectiveOptions } from './effective-options.ts';
import type { Services } from './services.ts';
import { startExecution } from './start-execution.ts';
import { startedBatch } from './started-batch.ts';

/**
 * Starts a batch that waits, once its startAfter has come. Mailboxes that somebody stopped meanwhile stay stopped.
 * Resolves with whether an execution was started.
 */
export async function startWaiting(
  { store, workflow, clock }: Pick<Services, 'store' | 'workflow' | 'clock'>,
  batch: Batch,
): Promise<boolean> {
  if (batch.status !== 'Waiting') return false;
  const { startAfter } = await effectiveOptions(store, batch);
  const now = clock.now();
  if (startAfter !== null && Date.parse(startAfter) > now) return false;
  const seen = { moved: false };
  const moved = await changeBatch(store, batch.name, (present) => {
    seen.moved = present.status === 'Waiting' && mayMoveBatch(present, 'start');
    return seen.moved ? startedBatch(present, { reason: 'Its time to start has come.', now }) : undefined;
  });
  if (moved === undefined || !seen.moved) return false;
  const note = { batch: batch.name, who: theService, verb: 'start', detail: 'its time to start has come' } as const;
  await noteAudit({ store, clock }, note);
  return (await startExecution(workflow, moved)) === 'started';
}
