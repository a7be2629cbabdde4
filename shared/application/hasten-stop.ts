import type { Batch } from '../domain/batch.ts';
import { anyLeaseHeld } from './held-leases.ts';
import type { Services } from './services.ts';
import { startExecution } from './start-execution.ts';

/**
 * Ends the execution (and with it its map run) of a batch that is stopping, once no worker is left: its children may
 * sleep for minutes, and tens of thousands more would be begun only to find that the batch is stopped. The next
 * execution writes the reports and lets the batch rest.
 */
export async function hastenStop(
  { store, workflow, clock, log }: Pick<Services, 'store' | 'workflow' | 'clock' | 'log'>,
  batch: Batch,
  { longestMs = Infinity }: { readonly longestMs?: number } = {},
): Promise<boolean> {
  if (batch.status !== 'Stopping') return false;
  if (batch.run !== null && (await workflow.status(batch.run.execution)) === 'running') {
    // Behind the Map it is about to end by itself.
    if (
      batch.run.phase !== 'synchronise' ||
      (await anyLeaseHeld({ store, clock }, batch, { until: clock.now() + longestMs }))
    )
      return false;
    await workflow.stop(batch.run.execution, 'The batch was stopped, and no worker is left.');
    log.info('Ended the execution of a batch that is stopping', { batch: batch.name, run: batch.run.number });
  }
  return (await startExecution(workflow, batch)) === 'started';
}
