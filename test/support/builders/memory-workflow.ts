import type { ExecutionStatus, MigrateBatchInput, Workflow } from '../../../shared/ports/workflow.ts';

export interface Execution {
  readonly id: string;
  readonly input: MigrateBatchInput;
  status: ExecutionStatus;
}

/** Remembers what was started; tests decide what becomes of it. */
export class MemoryWorkflow implements Workflow {
  readonly executions = new Map<string, Execution>();
  readonly raised: { readonly execution: string; readonly n: number }[] = [];

  start(name: string, input: MigrateBatchInput): ReturnType<Workflow['start']> {
    const known = this.executions.get(name);
    if (known !== undefined) return Promise.resolve({ outcome: 'exists', execution: known.id });
    this.executions.set(name, { id: name, input, status: 'running' });
    return Promise.resolve({ outcome: 'started', execution: name });
  }

  status(execution: string): ReturnType<Workflow['status']> {
    return Promise.resolve(this.executions.get(execution)?.status ?? 'gone');
  }

  stop(execution: string): Promise<void> {
    const found = this.executions.get(execution);
    if (found?.status === 'running') found.status = 'aborted';
    return Promise.resolve();
  }

  raiseConcurrency(execution: string, n: number): Promise<void> {
    this.raised.push({ execution, n });
    return Promise.resolve();
  }

  running(): readonly Execution[] {
    return [...this.executions.values()].filter(({ status }) => status === 'running');
  }

  /** What a power cut does: nothing runs any more, names stay used. */
  endAll(): void {
    for (const execution of this.running()) execution.status = 'gone';
  }
}
