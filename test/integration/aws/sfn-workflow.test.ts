import { SFNClient } from '@aws-sdk/client-sfn';
import { afterEach, describe, expect, it } from '@jest/globals';
import { SfnWorkflow } from '../../../shared/adapters/aws/sfn-workflow.ts';
import { startJsonService } from './json-service.ts';
import type { JsonAnswer, JsonService } from './json-service.ts';

const machine = 'arn:aws:states:eu-central-1:111122223333:stateMachine:migrate-batch';
const execution = 'arn:aws:states:eu-central-1:111122223333:execution:migrate-batch:wave-1-abc';

let service: JsonService | undefined;
afterEach(async () => {
  await service?.close();
});

async function open(answer: (operation: string, input: Record<string, unknown>) => JsonAnswer) {
  service = await startJsonService(answer);
  const client = new SFNClient({ ...service.clientOptions, maxAttempts: 2 });
  return { workflow: new SfnWorkflow({ client, stateMachineArn: machine }), calls: service.calls };
}

describe('executions on Step Functions', () => {
  it('starts an execution under its name, with the batch as input', async () => {
    const { workflow, calls } = await open(() => ({ body: { executionArn: execution, startDate: 1 } }));

    const started = await workflow.start('wave-1-abc', { batch: 'wave-1', pass: 'initial', upload: undefined });

    expect(started).toEqual({ outcome: 'started', execution });
    expect(calls[0]?.input).toMatchObject({
      stateMachineArn: machine,
      name: 'wave-1-abc',
      input: '{"batch":"wave-1","pass":"initial"}',
    });
  });

  it('names the execution that exists under the name', async () => {
    const { workflow } = await open(() => ({ error: 'ExecutionAlreadyExists' }));

    expect(await workflow.start('wave-1-abc', { batch: 'wave-1', pass: 'initial' })).toEqual({
      outcome: 'exists',
      execution,
    });
  });

  it('starts once though the reply is lost', async () => {
    const answers: JsonAnswer[] = ['lost', { body: { executionArn: execution, startDate: 1 } }];
    const { workflow } = await open(() => answers.shift()!);

    expect((await workflow.start('wave-1-abc', { batch: 'wave-1', pass: 'initial' })).execution).toBe(execution);
  });

  it.each([
    ['RUNNING', 'running'],
    ['SUCCEEDED', 'succeeded'],
    ['FAILED', 'failed'],
    ['TIMED_OUT', 'timed-out'],
    ['ABORTED', 'aborted'],
    ['PENDING_REDRIVE', 'failed'],
  ])('calls %s %s', async (status, ours) => {
    const { workflow } = await open(() => ({ body: { executionArn: execution, status } }));

    expect(await workflow.status(execution)).toBe(ours);
  });

  it('calls an execution gone that is not known, and stops it without trouble', async () => {
    const { workflow } = await open(() => ({ error: 'ExecutionDoesNotExist' }));

    expect(await workflow.status(execution)).toBe('gone');
    await workflow.stop(execution, 'the batch was stopped');
  });

  it('stops with the reason', async () => {
    const { workflow, calls } = await open(() => ({ body: { stopDate: 1 } }));

    await workflow.stop(execution, 'the batch was stopped');

    expect(calls[0]).toEqual({
      operation: 'StopExecution',
      input: { executionArn: execution, cause: 'the batch was stopped' },
    });
  });

  describe('whose Map is to open more mailboxes', () => {
    const mapRun = (id: string) => `arn:aws:states:eu-central-1:111122223333:mapRun:migrate-batch/mailboxes:${id}`;
    const runs: Record<string, { readonly status: string; readonly maxConcurrency: number }> = {
      small: { status: 'RUNNING', maxConcurrency: 5 },
      large: { status: 'RUNNING', maxConcurrency: 40 },
      ending: { status: 'SUCCEEDED', maxConcurrency: 5 },
    };
    const answer = (operation: string, input: Record<string, unknown>): JsonAnswer => {
      const listed = (id: string, rest = {}) => ({ mapRunArn: mapRun(id), executionArn: execution, ...rest });
      if (operation === 'ListMapRuns' && input['nextToken'] === undefined)
        return { body: { mapRuns: [listed('over', { stopDate: 2 }), listed('small')], nextToken: 'more' } };
      if (operation === 'ListMapRuns') return { body: { mapRuns: [listed('large'), listed('ending')] } };
      if (operation === 'UpdateMapRun') return { body: {} };
      return { body: runs[String(input['mapRunArn']).replace(/^.*:/, '')]! };
    };

    it('tells the one that runs with fewer, on whatever page it is listed, and leaves the others alone', async () => {
      const { workflow, calls } = await open(answer);

      await workflow.raiseConcurrency(execution, 20);

      expect(calls.filter(({ operation }) => operation === 'ListMapRuns').map(({ input }) => input)).toEqual([
        { executionArn: execution },
        { executionArn: execution, nextToken: 'more' },
      ]);
      expect(calls.filter(({ operation }) => operation === 'DescribeMapRun')).toHaveLength(3);
      expect(calls.filter(({ operation }) => operation === 'UpdateMapRun')).toEqual([
        { operation: 'UpdateMapRun', input: { mapRunArn: mapRun('small'), maxConcurrency: 20 } },
      ]);
    });

    it('is left alone where it has ended meanwhile, or its execution is not known any more', async () => {
      const { workflow } = await open((operation, input) =>
        operation === 'UpdateMapRun' ? { error: 'ResourceNotFound' } : answer(operation, input),
      );
      await workflow.raiseConcurrency(execution, 20);
      await service?.close();

      const gone = await open(() => ({ error: 'ExecutionDoesNotExist' }));
      await gone.workflow.raiseConcurrency(execution, 20);
      expect(gone.calls).toHaveLength(1);
    });
  });

  it('comes again later when the service is busy, and passes on what is wrong with the deployment', async () => {
    const { workflow } = await open((operation) =>
      operation === 'StartExecution' ? { error: 'ThrottlingException' } : { error: 'AccessDeniedException' },
    );

    await expect(workflow.start('a', { batch: 'a', pass: 'final' })).rejects.toMatchObject({ name: 'TransientError' });
    await expect(workflow.stop(execution, '')).rejects.toMatchObject({ name: 'AccessDeniedException' });
  });
});
