import { mayMoveBatch, moveBatch } from '../domain/batch-transitions.ts';
import { commonFault } from '../domain/common-fault.ts';
import { batchOfRun, changeBatchOfRun, type Position } from './batch-run.ts';
import type { Services } from './services.ts';

/**
 * Pauses the batch when its first mailboxes all failed over the same setting of the endpoint. Asked after every mailbox
 * that ends with a ConfigurationError, so that one cause does not become a thousand rows, and after every round.
 */
export async function pauseOnCommonFault(
  { store, clock, log }: Pick<Services, 'store' | 'clock' | 'log'>,
  position: Pick<Position, 'batch' | 'run'>,
): Promise<'paused' | 'goes-on'> {
  const batch = await batchOfRun(store, position);
  if (batch === undefined || !mayMoveBatch(batch, 'pause')) return batch?.status === 'Paused' ? 'paused' : 'goes-on';
  const fault = await commonFault(store.jobs(batch.name), batch);
  if (fault === undefined) return 'goes-on';
  const reason = `Paused by the circuit breaker: the first mailboxes all failed with ${fault.code}: ${fault.message}`;
  const paused = await changeBatchOfRun(store, position, (present) =>
    mayMoveBatch(present, 'pause')
      ? { ...moveBatch(present, 'pause', { reason, now: clock.now() }), errorCode: fault.code }
      : undefined,
  );
  if (paused?.status !== 'Paused') return 'goes-on';
  log.warn('The circuit breaker paused a batch', { batch: batch.name, code: fault.code });
  return 'paused';
}
