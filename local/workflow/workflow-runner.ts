import { randomBytes } from 'node:crypto';
import { setImmediate as nextTurn, setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { isKnownError } from '../../shared/domain/errors.ts';
import type { Logger } from '../../shared/ports/logger.ts';
import type { MigrateBatchInput, Workflow } from '../../shared/ports/workflow.ts';
import { maxSlicesPerChild, stateNames } from '../../shared/domain/workflow-steps.ts';
import type { Definition } from './embedded-definition.ts';
import { MapGate } from './map-gate.ts';
import { embeddedDefinition, manifestField, manifestStates, tasksOf } from './embedded-definition.ts';

/** What a task may know of the execution that calls it. */
export interface TaskContext {
  readonly execution: string;
  /** True once the execution is to end: begin nothing new, finish what is open. */
  readonly stopping: () => boolean;
  /** Aborts when there is no time left to finish anything. */
  readonly signal: AbortSignal;
}

/** Returns the task's output, or a promise of it. */
export type TaskHandler = (input: unknown, context: TaskContext) => unknown;

export interface WorkflowRunnerOptions {
  /** As synthesized. */
  readonly definition: Definition;
  /** By name of the function, as in `function:<name>`. */
  readonly handlers: Readonly<Record<string, TaskHandler>>;
  /** Entries of the manifest that the output of the state before a Map names. */
  readonly loadManifest: (plan: unknown) => Promise<readonly unknown[]>;
  readonly log: Logger;
  /** Executions, ended ones included, of which the names are remembered. @default 1000 */
  readonly remembered?: number | undefined;
}

interface Execution {
  readonly name: string;
  readonly batch: string;
  status: 'running' | 'succeeded' | 'failed' | 'aborted';
  stopping: boolean;
  readonly abandon: AbortController;
  /** Calls of handlers that have not returned. */
  readonly inFlight: Set<Promise<unknown>>;
  endMachine: () => void;
  /** Of the Map over the mailboxes to copy; undefined before the first. */
  gate: MapGate | undefined;
  /** Resolves when the execution has ended, however it did. */
  done: Promise<void>;
}

const ChildInput = z.object({ mailbox: z.string() });
const PlanOutput = z.object({ concurrency: z.int() });
const ChildOutput = z.object({ outcome: z.string(), slice: z.int() });

/** As the state machine decides after a slice. */
function isLastSlice(output: unknown): boolean {
  const { outcome, slice } = ChildOutput.parse(output);
  return slice > maxSlicesPerChild || (outcome !== 'more' && outcome !== 'waiting');
}

/** Milliseconds that a stopping execution has for the page it is at; a page's own limit is well below. */
const graceMs = 20_000;
/** And what its sockets then have to close. */
const closingMs = 3_000;

/**
 * Runs `migrate-batch` in this process. Executions live in memory: after a restart an earlier one is `gone`, and
 * whoever asks (the tick) starts its batch again from where the batch stands.
 */
export class WorkflowRunner implements Workflow {
  readonly #options: WorkflowRunnerOptions;
  readonly #executions = new Map<string, Execution>();
  /** Tells this process's executions from those of an earlier one with the same names. */
  readonly #process = randomBytes(6).toString('hex');

  constructor(options: WorkflowRunnerOptions) {
    this.#options = options;
    for (const [state, task] of tasksOf(options.definition)) {
      if (options.handlers[task] === undefined) throw new Error(`No handler for ${task}, which "${state}" calls`);
    }
  }

  start(name: string, input: MigrateBatchInput): ReturnType<Workflow['start']> {
    const id = `embedded:${this.#process}:${name}`;
    if (this.#executions.has(id)) return Promise.resolve({ outcome: 'exists', execution: id });
    const execution: Execution = {
      name,
      batch: input.batch,
      status: 'running',
      stopping: false,
      abandon: new AbortController(),
      inFlight: new Set(),
      endMachine: () => undefined,
      gate: undefined,
      done: Promise.resolve(),
    };
    this.#executions.set(id, execution);
    this.#forgetOld();
    execution.done = this.#run(id, execution, input);
    return Promise.resolve({ outcome: 'started', execution: id });
  }

  status(id: string): ReturnType<Workflow['status']> {
    return Promise.resolve(this.#executions.get(id)?.status ?? 'gone');
  }

  async stop(id: string, reason: string): Promise<void> {
    const execution = this.#executions.get(id);
    if (execution?.status !== 'running') return;
    this.#options.log.info('An execution is stopped.', { batch: execution.batch, execution: id, reason });
    await this.#end(execution);
  }

  raiseConcurrency(id: string, n: number): Promise<void> {
    this.#executions.get(id)?.gate?.raise(n);
    return Promise.resolve();
  }

  /** Ends every execution: pages that are open are finished, for up to 20 s. */
  async stopAll(): Promise<void> {
    await Promise.all([...this.#executions.values()].map((execution) => this.#end(execution)));
  }

  /** Resolves when no execution of the batch is running. */
  async settled(batch: string): Promise<void> {
    for (;;) {
      const running = [...this.#executions.values()].filter((one) => one.batch === batch && one.status === 'running');
      if (running.length === 0) return;
      await Promise.all(running.map((execution) => execution.done));
    }
  }

  /** A name is asked for again while its batch has that run, not long after. */
  #forgetOld(): void {
    const { remembered = 1_000 } = this.#options;
    for (const [id, { status }] of this.#executions) {
      if (this.#executions.size <= remembered) return;
      if (status !== 'running') this.#executions.delete(id);
    }
  }

  async #end(execution: Execution): Promise<void> {
    execution.stopping = true;
    execution.endMachine();
    execution.gate?.open();
    if (!(await allSettledWithin(execution.inFlight, graceMs))) {
      execution.abandon.abort();
      await allSettledWithin(execution.inFlight, closingMs);
    }
    await execution.done;
  }

  async #run(id: string, execution: Execution, input: MigrateBatchInput): Promise<void> {
    const { log } = this.#options;
    try {
      // Loaded when it is first needed: most commands run no batch.
      const { StateMachine } = await import('aws-local-stepfunctions');
      const machine = new StateMachine(
        // The interpreter's types know fewer fields than it accepts; asl-validator has seen the definition at synthesis.
        embeddedDefinition(this.#options.definition) as unknown as ConstructorParameters<typeof StateMachine>[0],
        { validationOptions: { noValidate: true } },
      );
      if (isStopping(execution)) return;
      const running = machine.run(JSON.parse(JSON.stringify(input)) as Parameters<typeof machine.run>[0], {
        noThrowOnAbort: true,
        context: { Execution: { Id: id, Name: execution.name } },
        overrides: { taskResourceLocalHandlers: this.#overrides(id, execution) },
      });
      execution.endMachine = running.abort;
      const drained = this.#drain(id, execution, running.eventLogs);
      await running.result;
      await drained;
      execution.status = isStopping(execution) ? 'aborted' : 'succeeded';
    } catch (error) {
      // The batch's own record says why ("Record why the batch could not go on").
      log.info('An execution failed.', { batch: execution.batch, execution: id, error: nameAndMessage(error) });
    } finally {
      if (execution.status === 'running') execution.status = isStopping(execution) ? 'aborted' : 'failed';
      // The name is remembered, the interpreter's state is not.
      execution.endMachine = () => undefined;
    }
  }

  #overrides(id: string, execution: Execution) {
    const overrides: Record<string, (input: unknown) => Promise<never>> = {};
    for (const [state, task] of tasksOf(this.#options.definition)) {
      overrides[state] = async (input) => {
        const call = this.#call(id, execution, { state, task, input });
        execution.inFlight.add(call);
        try {
          // `never` is what fits the interpreter's JSON type; handlers return what their schemas made.
          return (await call) as never;
        } finally {
          execution.inFlight.delete(call);
        }
      };
    }
    return overrides;
  }

  async #call(
    id: string,
    execution: Execution,
    { state, task, input }: { readonly state: string; readonly task: string; readonly input: unknown },
  ): Promise<unknown> {
    const child = state === stateNames.slice ? ChildInput.parse(input).mailbox : undefined;
    if (child !== undefined) await execution.gate?.enter(child);
    // The interpreter works in microtasks alone. A turn of the event loop lets timers and sockets in, and the reader of
    // its events catch up: taking one from a long queue costs as much as the queue is long.
    await nextTurn();
    // The interpreter lets queued children of an aborted Map run their first state.
    if (execution.stopping) throw new ExecutionStopping();
    const handler = this.#options.handlers[task];
    if (handler === undefined) throw new Error(`No handler for ${task}`);
    const context = { execution: id, stopping: () => execution.stopping, signal: execution.abandon.signal };
    try {
      const output = await handler(input, context);
      if (child !== undefined && isLastSlice(output)) execution.gate?.leave(child);
      if (!manifestStates.includes(state)) return output;
      if (state === stateNames.plan) execution.gate = new MapGate(PlanOutput.parse(output).concurrency);
      return { ...(output as object), [manifestField]: await this.#options.loadManifest(output) };
    } catch (error) {
      if (child !== undefined) execution.gate?.leave(child);
      this.#options.log.warn('A task of the workflow failed.', {
        batch: execution.batch,
        state,
        error: nameAndMessage(error),
        stack: error instanceof Error ? error.stack : undefined,
      });
      throw new TaskFailure(error);
    }
  }

  /** The interpreter keeps every event until somebody reads it. */
  async #drain(id: string, execution: Execution, events: AsyncIterable<{ readonly type: string }>): Promise<void> {
    for await (const event of events) {
      if (event.type === 'StateEntered' && 'state' in event && !('index' in event)) {
        const { name } = event.state as { readonly name: string };
        this.#options.log.debug('A batch enters a state.', { batch: execution.batch, execution: id, state: name });
      }
    }
  }
}

/** Asked anew each time: it changes while the execution runs. */
function isStopping(execution: Pick<Execution, 'stopping'>): boolean {
  return execution.stopping;
}

class ExecutionStopping extends Error {
  override readonly name = 'ExecutionStopping';
}

/**
 * An error as Lambda would hand it to the state machine: the name is what Retry and Catch match, the cause is JSON
 * (Lambda developer guide, "Node.js errors"), with our code beside it.
 */
class TaskFailure extends Error {
  constructor(error: unknown) {
    const { name, message } = error instanceof Error ? error : new Error(String(error));
    const code = isKnownError(error) ? { code: error.code } : {};
    super(JSON.stringify({ errorType: name, errorMessage: message, ...code }));
    this.name = name;
  }
}

function nameAndMessage(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}

/** False when some are still going after `ms`. */
async function allSettledWithin(calls: ReadonlySet<Promise<unknown>>, ms: number): Promise<boolean> {
  const timer = new AbortController();
  const timeOut = delay(ms, false, { signal: timer.signal }).catch(() => false);
  const settled = (async () => {
    while (calls.size > 0) await Promise.allSettled(calls);
    return true;
  })();
  const outcome = await Promise.race([settled, timeOut]);
  timer.abort();
  return outcome;
}
