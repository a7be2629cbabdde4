import type { Batch } from '../domain/batch.ts';
import type { Workflow } from '../ports/workflow.ts';

/** More executions than a run can lose before somebody looks: each failed to take the run at all. */
const attempts = 50;

/**
 * Starts the execution that takes the batch's next run. The name says batch and run, so that of two who start at once
 * (a verb and the tick) one wins; a name whose execution ended without taking the run is left for the next one.
 * Step Functions allows 80 characters: 64 of the batch's name leave room.
 */
export async function startExecution(
  workflow: Pick<Workflow, 'start' | 'status'>,
  batch: Pick<Batch, 'name' | 'pass' | 'runs'>,
): Promise<'started' | 'running' | 'gave-up'> {
  const name = `${batch.name}-run-${String(batch.runs + 1)}`;
  for (let attempt = 1; attempt <= attempts; attempt += 1) {
    const started = await workflow.start(attempt === 1 ? name : `${name}-${String(attempt)}`, {
      batch: batch.name,
      pass: batch.pass,
    });
    if (started.outcome === 'started') return 'started';
    if ((await workflow.status(started.execution)) === 'running') return 'running';
  }
  return 'gave-up';
}

/** Sees to it that an execution works for the batch: the one that holds its run, else a new one. */
export async function ensureExecution(
  workflow: Pick<Workflow, 'start' | 'status'>,
  batch: Pick<Batch, 'name' | 'pass' | 'runs' | 'run'>,
): Promise<'started' | 'running' | 'gave-up'> {
  if (batch.run !== null && (await workflow.status(batch.run.execution)) === 'running') return 'running';
  return startExecution(workflow, batch);
}
