import { batchOfRun, leave, positionOf, runWasTaken, type Position } from './batch-run.ts';
import { deleteBatch } from './delete-batch.ts';
import type { Services } from './services.ts';

/** Deletes a batch that is being removed; `next: remove` where a worker is still at one of its mailboxes. */
export async function removeWhatIsLeft(
  services: Pick<Services, 'store' | 'objects' | 'clock' | 'log'>,
  position: Position,
): Promise<Position> {
  const batch = await batchOfRun(services.store, position);
  if (batch === undefined) return leave(position, runWasTaken);
  if (batch.status !== 'Removing') return leave(position, 'the batch is not to be removed');
  if ((await deleteBatch(services, batch)) === 'held')
    return { ...positionOf(batch, 'remove'), reason: 'a worker is still at a mailbox' };
  return leave(position, 'the batch is removed');
}
