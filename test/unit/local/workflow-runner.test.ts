import { afterEach, describe, expect, it } from '@jest/globals';
import { readSynthesizedDefinition } from '../../../local/workflow/embedded-definition.ts';
import type { TaskHandler } from '../../../local/workflow/workflow-runner.ts';
import { WorkflowRunner } from '../../../local/workflow/workflow-runner.ts';
import { ConfigurationError } from '../../../shared/domain/errors.ts';
import type { Logger } from '../../../shared/ports/logger.ts';

const definition = await readSynthesizedDefinition();
const runners: WorkflowRunner[] = [];

afterEach(async () => {
  await Promise.all(runners.splice(0).map((runner) => runner.stopAll()));
});

const input = { batch: 'sales', pass: 'initial' } as const;

const quiet: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

type Slice = { mailbox: string; row: number; slice: number; waits: number };

/** A batch of `mailboxes` that are due once, with every task answering at once unless a test says otherwise. */
function aRunner({
  mailboxes = 3,
  remembered,
  ...handlers
}: { mailboxes?: number; remembered?: number } & Record<string, unknown>) {
  const calls: string[] = [];
  let reviewed = false;
  const position = { batch: 'sales', pass: 'initial', run: 1, reason: '', mail: 'finished' };
  const usual: Record<string, TaskHandler> = {
    'find-where-the-batch-stands': () => ({ ...position, next: 'read' }),
    'import-batch-file': () => ({ ...position, next: 'check' }),
    'check-prerequisites': () => ({ ...position, next: 'synchronise' }),
    'prepare-round': () => ({ ...position, next: 'synchronise', step: 'over', due: 0 }),
    'provision-mailbox': () => ({}),
    'forward-mail': () => ({}),
    'put-back-forwarding': () => ({ ...position, next: 'rest' }),
    'plan-round': () => ({
      ...position,
      next: 'synchronise',
      round: 1,
      ...(reviewed ? { next: 'settle' } : {}),
      due: reviewed ? 0 : mailboxes,
      concurrency: 2,
      manifest: { bucket: 'data', key: 'work/manifest' },
    }),
    'copy-slice': (slice) => sliceOutput(slice as Slice, 'done'),
    'review-round': () => {
      reviewed = true;
      return { ...position, next: 'settle' };
    },
    'settle-batch': () => ({ ...position, next: 'report' }),
    'remove-batch': () => ({ ...position, next: 'leave' }),
    'write-reports': () => ({ ...position, next: 'rest' }),
    'send-mail': () => ({ ...position, next: 'rest' }),
    'rest-batch': () => ({ ...position, next: 'rest' }),
    'record-failure': () => ({ ...position, next: 'fail', reason: 'recorded' }),
    ...(handlers as Record<string, TaskHandler>),
  };
  const recorded = Object.fromEntries(
    Object.entries(usual).map(([name, handler]): [string, TaskHandler] => [
      name,
      (given, context) => {
        calls.push(name);
        return handler(given, context);
      },
    ]),
  );
  const runner = new WorkflowRunner({
    definition,
    handlers: recorded,
    loadManifest: () =>
      Promise.resolve(
        Array.from({ length: mailboxes }, (_, index) => ({ mailbox: `u${index}@a.test`, row: index + 1 })),
      ),
    log: quiet,
    remembered,
  });
  runners.push(runner);
  return { runner, calls };
}

function sliceOutput(slice: Slice, outcome: string, waitSeconds = 0) {
  return { ...slice, slice: slice.slice + 1, outcome, status: 'Synced', reason: '', items: 1, bytes: 1, waitSeconds };
}

describe('the workflow runner', () => {
  it('runs the synthesized state machine from the upload to the batch at rest', async () => {
    const { runner, calls } = aRunner({});

    const { execution, outcome } = await runner.start('sales-1', input);
    await runner.settled('sales');

    expect(outcome).toBe('started');
    expect(await runner.status(execution)).toBe('succeeded');
    expect(calls).toEqual([
      'find-where-the-batch-stands',
      'import-batch-file',
      'check-prerequisites',
      'plan-round',
      'copy-slice',
      'copy-slice',
      'copy-slice',
      'review-round',
      'settle-batch',
      'write-reports',
      'send-mail',
      'rest-batch',
    ]);
  });

  it('uses a name once, and knows nothing of executions of an earlier process', async () => {
    const { runner } = aRunner({});

    const first = await runner.start('sales-1', input);
    const second = await runner.start('sales-1', input);

    expect(second).toEqual({ outcome: 'exists', execution: first.execution });
    expect(await aRunner({}).runner.status(first.execution)).toBe('gone');
  });

  it('begins a child with the mailbox and hands slices on until they are done', async () => {
    const slices: Slice[] = [];
    const { runner } = aRunner({
      mailboxes: 1,
      'copy-slice': (slice: Slice) => {
        slices.push(slice);
        return sliceOutput(slice, slice.slice < 3 ? 'more' : 'done');
      },
    });

    await runner.start('sales-1', input);
    await runner.settled('sales');

    expect(Object.keys(slices[0] ?? {})[0]).toBe('mailbox');
    expect(slices[0]).toEqual({
      mailbox: 'u0@a.test',
      row: 1,
      batch: 'sales',
      pass: 'initial',
      run: 1,
      slice: 1,
      waits: 0,
    });
    expect(slices.map(({ slice }) => slice)).toEqual([1, 2, 3]);
  });

  it('never has more mailboxes open than the round plan allows', async () => {
    let open = 0;
    let most = 0;
    const { runner } = aRunner({
      mailboxes: 20,
      'copy-slice': async (slice: Slice) => {
        most = Math.max(most, (open += 1));
        await new Promise((resolve) => setTimeout(resolve, 5));
        open -= 1;
        return sliceOutput(slice, 'done');
      },
    });

    await runner.start('sales-1', input);
    await runner.settled('sales');

    expect(most).toBe(2);
  });

  it('opens more mailboxes in a round that is under way when it is told so', async () => {
    let open = 0;
    let most = 0;
    const waiting: (() => void)[] = [];
    const { runner } = aRunner({
      mailboxes: 20,
      'copy-slice': async (slice: Slice) => {
        most = Math.max(most, (open += 1));
        await new Promise<void>((resolve) => waiting.push(resolve));
        open -= 1;
        return sliceOutput(slice, slice.slice < 2 ? 'more' : 'done');
      },
    });
    const until = async (enough: () => boolean): Promise<void> => {
      while (!enough()) await new Promise((resolve) => setImmediate(resolve));
    };

    const { execution } = await runner.start('sales-1', input);
    await until(() => waiting.length === 2);
    await runner.raiseConcurrency(execution, 5);
    await until(() => waiting.length === 5);
    // A lower one sends nobody out: the endpoint's slots see to it.
    await runner.raiseConcurrency(execution, 1);
    const ended = runner.settled('sales');
    let over = false;
    void ended.then(() => (over = true));
    await until(() => {
      for (const resolve of waiting.splice(0)) resolve();
      return over;
    });

    expect(most).toBe(5);
    expect(await runner.status(execution)).toBe('succeeded');
  });

  it('forgets the oldest executions that have ended, and none that runs', async () => {
    let release = (): void => undefined;
    const { runner } = aRunner({
      mailboxes: 1,
      remembered: 3,
      'copy-slice': async (slice: Slice, { execution }: { execution: string }) => {
        if (execution.endsWith('long')) await new Promise<void>((resolve) => (release = resolve));
        return sliceOutput(slice, 'done');
      },
    });

    const long = await runner.start('long', { ...input, batch: 'long' });
    const names = ['a', 'b', 'c', 'd', 'e'];
    const ids: string[] = [];
    for (const name of names) {
      ids.push((await runner.start(name, input)).execution);
      await runner.settled('sales');
    }

    const statuses = await Promise.all([long.execution, ...ids].map((id) => runner.status(id)));
    release();
    expect(statuses).toEqual(['running', 'gone', 'gone', 'gone', 'succeeded', 'succeeded']);
  });

  it('waits as long as the slice says', async () => {
    const times: number[] = [];
    const { runner } = aRunner({
      mailboxes: 1,
      'copy-slice': (slice: Slice) => {
        times.push(Date.now());
        return slice.slice === 1 ? sliceOutput(slice, 'waiting', 1) : sliceOutput(slice, 'done');
      },
    });

    await runner.start('sales-1', input);
    await runner.settled('sales');

    expect((times[1] ?? 0) - (times[0] ?? 0)).toBeGreaterThanOrEqual(990);
  });

  it('lets the other mailboxes finish when a slice throws', async () => {
    let copied = 0;
    const { runner, calls } = aRunner({
      mailboxes: 5,
      'copy-slice': (slice: Slice) => {
        if (slice.row === 2) throw new Error('a defect');
        copied += 1;
        return sliceOutput(slice, 'done');
      },
    });

    const { execution } = await runner.start('sales-1', input);
    await runner.settled('sales');

    expect(copied).toBe(4);
    expect(calls).toContain('rest-batch');
    expect(await runner.status(execution)).toBe('succeeded');
  });

  it('records why the batch could not go on when a state fails', async () => {
    const failures: unknown[] = [];
    const { runner } = aRunner({
      'check-prerequisites': () => {
        throw new ConfigurationError({ code: 'ENDPOINT_NOT_FOUND', message: 'no such endpoint' });
      },
      'record-failure': (failure: unknown) => {
        failures.push(failure);
        return { batch: 'sales', pass: 'initial', run: 1, next: 'fail', reason: 'no such endpoint' };
      },
    });

    const { execution } = await runner.start('sales-1', input);
    await runner.settled('sales');

    expect(failures).toEqual([
      expect.objectContaining({
        batch: 'sales',
        error: { Error: 'ConfigurationError', Cause: expect.any(String) },
      }),
    ]);
    const [{ error }] = failures as [{ error: { Cause: string } }];
    expect(JSON.parse(error.Cause)).toEqual({
      errorType: 'ConfigurationError',
      errorMessage: 'no such endpoint',
      code: 'ENDPOINT_NOT_FOUND',
    });
    expect(await runner.status(execution)).toBe('failed');
  });

  it('lets open pages finish when it is stopped, and begins nothing after', async () => {
    let begun = 0;
    let finished = 0;
    const { runner, calls } = aRunner({
      mailboxes: 50,
      'copy-slice': async (slice: Slice, { stopping }: { stopping: () => boolean }) => {
        begun += 1;
        while (!stopping()) await new Promise((resolve) => setTimeout(resolve, 2));
        await new Promise((resolve) => setTimeout(resolve, 30));
        finished += 1;
        return sliceOutput(slice, 'more');
      },
    });
    const { execution } = await runner.start('sales-1', input);
    while (begun < 2) await new Promise((resolve) => setTimeout(resolve, 2));

    await runner.stop(execution, 'test');
    await new Promise((resolve) => setTimeout(resolve, 50));

    expect({ begun, finished }).toEqual({ begun: 2, finished: 2 });
    expect(calls).not.toContain('review-round');
    expect(await runner.status(execution)).toBe('aborted');
  });
});
