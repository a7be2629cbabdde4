import { mailSource, mailTarget } from '../../../../shared/adapters/mail-servers.ts';
import type { StateTable } from '../../../../shared/adapters/store/state-table.ts';
import { TableBatchStore } from '../../../../shared/adapters/store/table-batch-store.ts';
import { copySlice, type CopyServices } from '../../../../shared/application/copy/copy-slice.ts';
import type { PageLimits } from '../../../../shared/application/copy/page.ts';
import type { DeploymentSettings } from '../../../../shared/application/services.ts';
import { TransientError } from '../../../../shared/domain/errors.ts';
import type { SliceOutput } from '../../../../shared/domain/workflow-steps.ts';
import type { MailboxCredentials } from '../../../../shared/ports/mail-source.ts';
import type { ObjectStore } from '../../../../shared/ports/object-store.ts';
import type { z } from 'zod';
import type { FaultKind, IoCall } from './io-calls.ts';
import type { SimulatedClock } from './simulated-clock.ts';

export interface WorkerSurroundings {
  readonly clock: SimulatedClock;
  readonly state: StateTable;
  readonly passwords: StateTable;
  readonly objects: ObjectStore;
  readonly pages: PageLimits;
  readonly settings: DeploymentSettings;
  /** Asked at every call of a store; answers with the fault that takes its place. */
  readonly meet: (call: IoCall) => FaultKind | undefined;
  /** Called when a call of a store was made, with its first argument. */
  readonly made: (argument: unknown) => Promise<void>;
}

export type SliceEnd =
  { readonly end: 'output'; readonly output: z.infer<typeof SliceOutput> } | { readonly end: 'killed' };

const silent = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

/**
 * One process that copies a mailbox: services of its own over a world that others share. It can be killed, after which
 * nothing that it began goes on, or frozen, after which it goes on as if no time had passed.
 */
export class Worker {
  readonly #around: WorkerSurroundings;
  readonly #clock: SimulatedClock;
  readonly #killed = new AbortController();
  readonly #death = Promise.withResolvers<SliceEnd>();
  #thawed: PromiseWithResolvers<undefined> | undefined;
  #freezing = Promise.withResolvers<undefined>();

  constructor(around: WorkerSurroundings) {
    this.#around = around;
    this.#clock = around.clock.another();
  }

  /** Resolves when the worker is frozen. */
  get frozen(): Promise<undefined> {
    return this.#freezing.promise;
  }

  /** SIGKILL: the sockets are closed by the system, and no line of the program is run any more. */
  kill(): void {
    this.#killed.abort();
    this.#clock.frozen = true;
    this.#death.resolve({ end: 'killed' });
  }

  freeze(): void {
    this.#thawed ??= Promise.withResolvers<undefined>();
    this.#clock.frozen = true;
    this.#freezing.resolve(undefined);
  }

  thaw(): void {
    this.#clock.thaw();
    this.#thawed?.resolve(undefined);
    this.#thawed = undefined;
    this.#freezing = Promise.withResolvers<undefined>();
  }

  /** `remainingMs`: what is left of the invocation; the slice ends by itself when it is little. */
  slice(input: Parameters<typeof copySlice>[1], remainingMs: () => number): Promise<SliceEnd> {
    const limits = { remainingMs, signal: new AbortController().signal, pages: this.#around.pages };
    const working = copySlice(this.#services(), input, limits).then((output): SliceEnd => ({ end: 'output', output }));
    return Promise.race([working, this.#death.promise]);
  }

  #services(): CopyServices {
    const { state, passwords, objects, settings } = this.#around;
    const clock = this.#clock;
    const secrets = (): Promise<string> => Promise.resolve('');
    const imap = { clock, secrets };
    return {
      store: new TableBatchStore({ state: this.#guarded('table', state), passwords }),
      objects: this.#guarded('objects', objects),
      clock,
      log: silent,
      sealer: { seal: (plain) => Promise.resolve(plain), open: (sealed) => Promise.resolve(sealed) },
      settings,
      mailSource: (endpoint) => this.#ofThisProcess(mailSource(endpoint, { ...imap, objects })),
      mailTarget: (endpoint) => this.#ofThisProcess(mailTarget(endpoint, { ...imap, objects })),
    };
  }

  /** Adapters whose sockets end with the process, and whose every call and callback stops while it is frozen. */
  #ofThisProcess<Mailbox extends object>(adapter: {
    open(credentials: MailboxCredentials, signal: AbortSignal): Promise<Mailbox>;
  }): { open(credentials: MailboxCredentials, signal: AbortSignal): Promise<Mailbox> } {
    return {
      open: async (credentials, signal) => {
        const mailbox = await adapter.open(credentials, AbortSignal.any([signal, this.#killed.signal]));
        return this.#stoppable(mailbox);
      },
    };
  }

  /** Methods that answer at once still do, and in the same turn, as long as the process runs. */
  #stoppable<Thing extends object>(thing: Thing): Thing {
    return new Proxy(thing, {
      get: (_, name) => {
        const value: unknown = Reflect.get(thing, name, thing);
        if (typeof value !== 'function') return value;
        const method = value.bind(thing) as (...args: readonly unknown[]) => unknown;
        return (...args: readonly unknown[]): unknown => {
          const sinks = args.map((arg) => (isSink(arg) ? this.#stoppable(arg) : arg));
          if (name === 'beginPage') return this.#stoppable(method(...sinks) as object);
          if (this.#thawed !== undefined) return this.#thawed.promise.then(() => method(...sinks));
          const result = method(...sinks);
          return result instanceof Promise ? result.then((answer: unknown) => this.#running(answer)) : result;
        };
      },
    });
  }

  #running<Answer>(answer: Answer): Answer | Promise<Answer> {
    return this.#thawed === undefined ? answer : this.#thawed.promise.then(() => answer);
  }

  #guarded<Store extends object>(place: 'table' | 'objects', store: Store): Store {
    return new Proxy(store, {
      get: (_, name) => {
        const value: unknown = Reflect.get(store, name, store);
        if (typeof value !== 'function' || typeof name !== 'string') return value;
        const method = value.bind(store) as (...args: readonly unknown[]) => unknown;
        // What is iterated over is read, not written, and by slots and reports alone.
        if (['query', 'scan', 'list', 'locate'].includes(name)) return method;
        return (...args: readonly unknown[]) =>
          this.#call({ place, call: `${name} ${keyOf(args[0])}` }, async () => {
            const answer: unknown = await method(...args);
            await this.#around.made(args[0]);
            return answer;
          });
      },
    });
  }

  #isKilled(): boolean {
    return this.#killed.signal.aborted;
  }

  async #call(call: IoCall, make: () => Promise<unknown>): Promise<unknown> {
    if (this.#isKilled()) return new Promise(() => undefined);
    const fault = this.#around.meet(call);
    if (fault === 'killed') this.kill();
    if (fault === 'frozen-for-good' || fault === 'frozen-for-a-slice') this.freeze();
    await this.#thawed?.promise;
    if (this.#isKilled()) return new Promise(() => undefined);
    if (fault === 'fails') throw unanswered();
    const first = await make();
    const answer = fault === 'made-twice' ? await make() : first;
    if (fault === 'killed-after') this.kill();
    if (this.#isKilled()) return new Promise(() => undefined);
    if (fault === 'reply-lost') throw unanswered();
    return this.#running(answer);
  }
}

function isSink(value: unknown): value is object {
  return typeof value === 'object' && value !== null && 'begin' in value && 'chunk' in value && 'end' in value;
}

function keyOf(argument: unknown): string {
  if (typeof argument === 'string') return argument.replace(/^.*\//, '').replace(/[0-9]+/g, '#');
  if (typeof argument === 'object' && argument !== null && 'sort' in argument)
    return String(argument.sort).replace(/#.*/, '');
  return '';
}

function unanswered(): TransientError {
  return new TransientError({ code: 'UNEXPECTED', message: 'The store does not answer.' });
}
