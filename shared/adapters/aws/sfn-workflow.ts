import {
  DescribeExecutionCommand,
  DescribeMapRunCommand,
  StartExecutionCommand,
  StopExecutionCommand,
  UpdateMapRunCommand,
  paginateListMapRuns,
} from '@aws-sdk/client-sfn';
import type { ExecutionStatus as SfnStatus, SFNClient } from '@aws-sdk/client-sfn';
import type { ExecutionStatus, MigrateBatchInput, Workflow } from '../../ports/workflow.ts';
import { asAwsError, isNamed, onAws } from './aws-error.ts';

const service = 'Step Functions';

/** Longest `cause` that StopExecution takes. */
const longestCause = 32_768;

export interface SfnWorkflowOptions {
  readonly client: SFNClient;
  readonly stateMachineArn: string;
}

/** Executions of `migrate-batch` on Step Functions. */
export class SfnWorkflow implements Workflow {
  readonly #client: SFNClient;
  readonly #stateMachineArn: string;

  constructor({ client, stateMachineArn }: SfnWorkflowOptions) {
    this.#client = client;
    this.#stateMachineArn = stateMachineArn;
  }

  /**
   * A repeated start with the same name and input is answered `started` while that execution runs: Step Functions makes
   * no difference then (API reference, StartExecution), and there is one execution either way.
   */
  async start(
    name: string,
    input: MigrateBatchInput,
  ): Promise<{ readonly outcome: 'started' | 'exists'; readonly execution: string }> {
    const execution = `${this.#stateMachineArn.replace(':stateMachine:', ':execution:')}:${name}`;
    const command = new StartExecutionCommand({
      stateMachineArn: this.#stateMachineArn,
      name,
      input: JSON.stringify(input),
    });
    try {
      const { executionArn = execution } = await this.#client.send(command);
      return { outcome: 'started', execution: executionArn };
    } catch (error) {
      if (isNamed(error, 'ExecutionAlreadyExists')) return { outcome: 'exists', execution };
      throw asAwsError(error, service);
    }
  }

  async status(execution: string): Promise<ExecutionStatus> {
    try {
      const { status } = await this.#client.send(new DescribeExecutionCommand({ executionArn: execution }));
      return statusOf(status);
    } catch (error) {
      if (isNamed(error, 'ExecutionDoesNotExist')) return 'gone';
      throw asAwsError(error, service);
    }
  }

  async stop(execution: string, reason: string): Promise<void> {
    const command = new StopExecutionCommand({ executionArn: execution, cause: reason.slice(0, longestCause) });
    await onAws(service, async () => {
      try {
        await this.#client.send(command);
      } catch (error) {
        if (!isNamed(error, 'ExecutionDoesNotExist')) throw error;
      }
    });
  }

  async raiseConcurrency(execution: string, n: number): Promise<void> {
    await onAws(service, async () => {
      try {
        for await (const mapRun of this.#openMapRuns(execution)) await this.#raise(mapRun, n);
      } catch (error) {
        // It has ended meanwhile.
        if (!isNamed(error, 'ExecutionDoesNotExist', 'ResourceNotFound')) throw error;
      }
    });
  }

  async *#openMapRuns(executionArn: string): AsyncIterable<string> {
    for await (const { mapRuns = [] } of paginateListMapRuns({ client: this.#client }, { executionArn })) {
      for (const { mapRunArn, stopDate } of mapRuns)
        if (mapRunArn !== undefined && stopDate === undefined) yield mapRunArn;
    }
  }

  async #raise(mapRunArn: string, n: number): Promise<void> {
    const { status, maxConcurrency = 0 } = await this.#client.send(new DescribeMapRunCommand({ mapRunArn }));
    // 0 means no limit to Step Functions (API reference, DescribeMapRun).
    if (status !== 'RUNNING' || maxConcurrency === 0 || maxConcurrency >= n) return;
    await this.#client.send(new UpdateMapRunCommand({ mapRunArn, maxConcurrency: n }));
  }
}

/** PENDING_REDRIVE: a child of a Map that may be run again; it is over for us (API reference, DescribeExecution). */
function statusOf(status: SfnStatus | undefined): ExecutionStatus {
  switch (status) {
    case 'RUNNING':
      return 'running';
    case 'SUCCEEDED':
      return 'succeeded';
    case 'ABORTED':
      return 'aborted';
    case 'TIMED_OUT':
      return 'timed-out';
    case 'FAILED':
    case 'PENDING_REDRIVE':
    case undefined:
      return 'failed';
  }
}
