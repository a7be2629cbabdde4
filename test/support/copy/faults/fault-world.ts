import type { StoredItem } from '../../../../shared/adapters/store/state-table.ts';
import { TableBatchStore } from '../../../../shared/adapters/store/table-batch-store.ts';
import type { PageLimits } from '../../../../shared/application/copy/page.ts';
import type { DeploymentSettings } from '../../../../shared/application/services.ts';
import { Endpoint } from '../../../../shared/domain/endpoint.ts';
import { TransientError } from '../../../../shared/domain/errors.ts';
import type { MailboxJob } from '../../../../shared/domain/mailbox-job.ts';
import { newBatch } from '../../../../shared/domain/new-batch.ts';
import { queuedJob } from '../../../../shared/domain/queued-job.ts';
import { MemoryObjectStore } from '../../builders/memory-object-store.ts';
import { MemoryStateTable } from '../../builders/memory-state-table.ts';
import { encodeModifiedUtf7 } from '../../mail/modified-utf7.ts';
import type { Account } from '../../scripted-imap-server/account.ts';
import type { Fault, ServerStep } from '../../scripted-imap-server/faults.ts';
import { ScriptedImapServer } from '../../scripted-imap-server/scripted-imap-server.ts';
import { alteredSince, chainFaults, ledgerFaults, mailDifferences } from './check-migration.ts';
import { frozenOnes, lateOnes, nameOf, refusals, type FaultKind, type IoCall } from './io-calls.ts';
import { SimulatedClock } from './simulated-clock.ts';
import { Worker, type SliceEnd } from './worker.ts';
import { withMembers } from '../../with-members.ts';

const user = 'alice@contoso.test';
const settings: DeploymentSettings = {
  operator: null,
  firstWaitSeconds: 15,
  longestWaitSeconds: 300,
  sliceBudgetMs: 3_600_000,
  settleLookMs: 5_000,
  leaseMs: 90_000,
  renewMs: 30_000,
  bucket: 'memory',
  consoleUrl: null,
};
/** More slices than any run may take. */
const mostSlices = 60;
/** Real milliseconds after which a socket that a finished worker left open is a defect. */
const patienceMs = 20_000;

export interface WorldShape {
  readonly sourceCapabilities?: readonly string[];
  readonly targetCapabilities?: readonly string[];
  readonly pages: PageLimits;
  /** Commits after which a slice ends by itself, as at the end of a Lambda's time. */
  readonly commitsPerSlice: number;
  /** Connections that the mailbox may use at each server; 1 where nothing is said. */
  readonly connections?: number;
}

/** What a world holds at a moment: copied in and out, so that many runs begin alike. */
export interface Snapshot {
  readonly state: readonly StoredItem[];
  readonly objects: readonly (readonly [string, Uint8Array])[];
  readonly source: Account;
  readonly target: Account;
}

/** Decides at each call whether a fault takes its place; `commits` counts what was committed in this run. */
export type FaultPlanner = (call: IoCall, commits: number) => FaultKind | undefined;

export interface Run {
  readonly calls: readonly IoCall[];
  readonly faults: readonly { readonly kind: FaultKind; readonly at: string }[];
  readonly slices: number;
  /** What a person had to do: nothing, start the failed job again, or ask for another pass. */
  readonly help: readonly ('retry' | 'pass')[];
  readonly problems: readonly string[];
}

/**
 * A source and a target server, state and objects, time: everything outside of a worker, on loopback and in memory.
 * Workers come and go; what they did is looked at by code that shares nothing with theirs.
 */
export class FaultWorld {
  readonly clock: SimulatedClock;
  readonly source: ScriptedImapServer;
  readonly target: ScriptedImapServer;
  readonly #shape: WorldShape;
  readonly #uidPlus: boolean;
  #state = new MemoryStateTable();
  readonly #passwords = new MemoryStateTable();
  #objects = new MemoryObjectStore();
  #raw = new Map<string, Uint8Array>();
  #planner: FaultPlanner = () => undefined;
  #worker: Worker;
  #calls: IoCall[] = [];
  #faults: { kind: FaultKind; at: string }[] = [];
  #problems: string[] = [];
  #commits = 0;
  #head = '';
  readonly #sound = new Set<string>();
  #onNextStore: (() => void)[] = [];
  #afterPass: (() => void)[] = [];
  #keepCalls = true;
  /** While a successor works beside a frozen worker, and that one comes to its end, nothing else goes wrong. */
  #succeeding = false;

  private constructor(
    shape: WorldShape,
    {
      clock,
      source,
      target,
    }: { readonly clock: SimulatedClock; readonly source: ScriptedImapServer; readonly target: ScriptedImapServer },
  ) {
    this.#shape = shape;
    this.clock = clock;
    this.source = source;
    this.target = target;
    this.#uidPlus = shape.targetCapabilities?.includes('UIDPLUS') ?? true;
    this.#worker = this.#newWorker();
    source.plan.decideBy((step) => this.#serverMeets('source', step));
    target.plan.decideBy((step) => this.#serverMeets('target', step));
  }

  static async open(shape: WorldShape): Promise<FaultWorld> {
    const clock = new SimulatedClock();
    const start = (capabilities: readonly string[] | undefined): Promise<ScriptedImapServer> =>
      ScriptedImapServer.start({
        users: { [user]: 'pw' },
        clock,
        ...(capabilities === undefined ? {} : { capabilities }),
      });
    const [source, target] = await Promise.all([start(shape.sourceCapabilities), start(shape.targetCapabilities)]);
    return new FaultWorld(shape, { clock, source, target });
  }

  /** Endpoint, batch and job, before the first slice. */
  async fill(mail: (source: Account) => void): Promise<void> {
    mail(this.source.account(user));
    const server = (port: number): object => ({
      kind: 'imap',
      host: '127.0.0.1',
      port,
      security: 'none',
      login: { mode: 'user' },
    });
    const endpoint = Endpoint.parse({
      name: 'e',
      type: 'imap',
      source: server(this.source.port),
      target: server(this.target.port),
      maxConnectionsPerMailbox: this.#shape.connections ?? 1,
      defaults: {},
    });
    await this.#store().putEndpoint(endpoint);
    await this.addBatch('b');
  }

  async addBatch(name: string): Promise<void> {
    const now = this.clock.now();
    const at = new Date(now).toISOString();
    const store = this.#store();
    await store.createBatch({
      ...newBatch({ name, endpoint: { name: 'e', type: 'imap' }, startedBy: 'test', options: {}, now }),
      status: 'Syncing',
      reason: null,
      passNumber: 1,
      runs: 1,
      run: { number: 1, execution: 'x', startedAt: at, phase: 'synchronise', round: 1, idleRounds: 0 },
    });
    await store.createJob(
      queuedJob({ emailAddress: user, row: 1, line: 2, options: {}, ignored: {} }, { batch: name, now }),
    );
    await store.putSealedPassword(`${name}/${user}/source`, 'pw');
  }

  get sourceAccount(): Account {
    return this.source.account(user);
  }

  get targetAccount(): Account {
    return this.target.account(user);
  }

  async save(): Promise<Snapshot> {
    const state: StoredItem[] = [];
    for await (const items of this.#state.scan('')) state.push(...items);
    return {
      state,
      objects: [...this.#raw],
      source: this.sourceAccount.copy(),
      target: this.targetAccount.copy(),
    };
  }

  async restore(snapshot: Snapshot): Promise<void> {
    this.#state = new MemoryStateTable();
    this.#objects = new MemoryObjectStore();
    this.#raw = new Map();
    for (const { key, item } of snapshot.state) await this.#state.put(key, item);
    for (const [key, octets] of snapshot.objects) {
      await this.#objects.put(key, octets);
      this.#raw.set(key, octets);
    }
    this.source.setAccount(user, snapshot.source.copy());
    this.target.setAccount(user, snapshot.target.copy());
    this.#worker = this.#newWorker();
  }

  async beginPass(): Promise<void> {
    const store = this.#store();
    const batch = await store.getBatch('b');
    if (batch === undefined) throw new Error('no batch');
    await store.saveBatch({ ...batch, pass: 'incremental', passNumber: batch.passNumber + 1 });
  }

  /**
   * Runs the mailbox to the end under a plan of faults, as the workflow would, and looks at the result. `expected` is
   * what the target is to hold, where that is not what the source holds.
   */
  async run(
    planner: FaultPlanner = () => undefined,
    options: { readonly keepCalls?: boolean; readonly expected?: Account } = {},
  ): Promise<Run> {
    this.#planner = planner;
    this.#calls = [];
    this.#faults = [];
    this.#problems = [];
    this.#commits = 0;
    this.#sound.clear();
    this.#onNextStore = [];
    this.#afterPass = [];
    this.#succeeding = false;
    this.#keepCalls = options.keepCalls ?? false;
    const help: ('retry' | 'pass')[] = [];
    let slices = await this.#toRest();
    let found = await this.#look(options.expected);
    while (found.length > 0 && help.length < 2) {
      const next = await this.#mayHelp();
      if (next === undefined || help.includes(next)) break;
      help.push(next);
      this.#planner = () => undefined;
      slices += await this.#toRest();
      found = await this.#look(options.expected);
    }
    if (this.#reportsTwins(found, await this.#job())) found = [];
    const problems = [...this.#problems, ...found, ...alteredSince(this.#sound, (key) => this.#raw.get(key))];
    return { calls: this.#calls, faults: this.#faults, slices, help, problems };
  }

  /** After a run that was broken off: its worker goes, and its connections with it. */
  async recover(): Promise<void> {
    this.#worker.kill();
    this.source.cutAll();
    this.target.cutAll();
    await this.#sessionsEnded();
  }

  async close(): Promise<void> {
    await Promise.all([this.source.stop(), this.target.stop()]);
  }

  /** Slice after slice until the job is done or failed. */
  async #toRest(): Promise<number> {
    const input = { mailbox: user, row: 1, batch: 'b', pass: 'initial' as const, run: 1, slice: 1, waits: 0 };
    let waits = 0;
    for (let slices = 1; slices <= mostSlices * Math.max(1, this.#faults.length + 1); slices += 1) {
      const end = await this.#slice({ ...input, waits });
      if (end === undefined) continue;
      waits = end.waits;
      if (end.outcome === 'done' || end.outcome === 'failed') {
        for (const store of this.#afterPass.splice(0)) store();
        return slices;
      }
      if (end.outcome === 'waiting') await this.clock.sleep(end.waitSeconds * 1000);
    }
    throw new Error('The mailbox does not come to rest');
  }

  /** One slice of the present worker; undefined where there is no output: it was killed, or the invocation failed. */
  async #slice(
    input: Parameters<Worker['slice']>[0],
  ): Promise<Extract<SliceEnd, { end: 'output' }>['output'] | undefined> {
    const worker = this.#worker;
    let until = this.#commits + this.#shape.commitsPerSlice;
    const slicing = worker.slice(input, () => (this.#commits < until ? 3_600_000 : 0));
    slicing.catch(() => undefined);
    try {
      const frozen = worker.frozen.then(() => 'frozen' as const);
      const end = await Promise.race([slicing, frozen]);
      if (end === 'frozen') {
        // When it goes on it finds that its time is up.
        until = 0;
        await this.#succeed(worker, slicing, input);
        return undefined;
      }
      if (end.end === 'output') {
        await this.#sessionsEnded();
        return end.output;
      }
      this.#worker = this.#newWorker();
      await this.#sessionsEnded();
      await this.clock.sleep(settings.leaseMs + 1);
      return undefined;
    } catch (error) {
      if (!(error instanceof TransientError)) throw error;
      await this.#sessionsEnded();
      await this.clock.sleep(15_000);
      return undefined;
    }
  }

  /** The frozen worker's lease ends, another takes over; then the frozen one goes on. */
  async #succeed(frozen: Worker, slicing: Promise<SliceEnd>, input: Parameters<Worker['slice']>[0]): Promise<void> {
    await this.clock.sleep(settings.leaseMs + 1);
    const successor = this.#newWorker();
    this.#worker = successor;
    const forGood = this.#faults.at(-1)?.kind === 'frozen-for-good';
    this.#succeeding = true;
    for (let slices = 1; ; slices += 1) {
      if (slices > mostSlices) throw new Error('The successor does not come to rest');
      const until = this.#commits + (forGood ? this.#shape.commitsPerSlice : 1);
      const end = await successor.slice({ ...input, waits: 0 }, () => (this.#commits < until ? 3_600_000 : 0));
      if (end.end === 'killed') throw new Error('The successor was killed');
      const { outcome, waitSeconds } = end.output;
      if (outcome === 'done' || outcome === 'failed' || (outcome === 'more' && !forGood)) break;
      if (outcome === 'waiting') await this.clock.sleep(waitSeconds * 1000);
    }
    frozen.thaw();
    await slicing.catch((error: unknown) => {
      if (!(error instanceof TransientError)) throw error;
    });
    this.#succeeding = false;
    await this.#sessionsEnded();
  }

  async #sessionsEnded(): Promise<void> {
    const patience = new AbortController();
    const ended = Promise.all([this.source.sessionsEnded(), this.target.sessionsEnded()]).then(() => true);
    const late = new Promise<boolean>((resolve) => {
      const timer = setTimeout(() => resolve(false), patienceMs);
      patience.signal.addEventListener('abort', () => clearTimeout(timer));
    });
    const inTime = await Promise.race([ended, late]);
    patience.abort();
    if (!inTime) throw new Error('A worker that is through has left a connection open');
  }

  async #look(expected: Account | undefined): Promise<string[]> {
    const pair = await this.#pair();
    const job = await this.#job();
    const evidence = {
      source: this.sourceAccount,
      target: this.targetAccount,
      pair,
      job: { ...job },
      objects: (key: string) => this.#raw.get(key),
    };
    const differences = mailDifferences(
      expected ?? this.sourceAccount,
      this.targetAccount,
      new Map(
        job.renamedFolders.map((folder) => [encodeModifiedUtf7(folder.source), encodeModifiedUtf7(folder.target)]),
      ),
    );
    try {
      return [...differences, ...ledgerFaults(evidence)];
    } catch (error) {
      return [...differences, String(error)];
    }
  }

  /** What a person may have to do after the faults that were met: what the server refused is tried again. */
  async #mayHelp(): Promise<'retry' | 'pass' | undefined> {
    const kinds = this.#faults.map(({ kind }) => kind);
    const allowed = [...refusals, ...lateOnes, ...frozenOnes];
    if (!kinds.some((kind) => allowed.includes(kind))) return undefined;
    const store = this.#store();
    const job = await this.#job();
    const batch = await store.getBatch('b');
    if (batch?.status !== 'Syncing' && batch !== undefined) await store.saveBatch({ ...batch, status: 'Syncing' });
    if (job.status === 'Failed' || job.status === 'IncrementalFailed') {
      await store.saveJob({ ...job, status: 'Queued', reason: null, error: null });
      return 'retry';
    }
    await this.beginPass();
    return 'pass';
  }

  /** Without UIDPLUS nothing can be removed: a late twin is named instead, and the mailbox is not green. */
  #reportsTwins(found: readonly string[], job: MailboxJob): boolean {
    const late = this.#faults.some(({ kind }) => lateOnes.includes(kind) || frozenOnes.includes(kind));
    const named = !job.green && job.error !== null;
    return !this.#uidPlus && late && named && !found.some((text) => text.includes('missing'));
  }

  #newWorker(): Worker {
    return new Worker({
      clock: this.clock,
      state: this.#state,
      passwords: this.#passwords,
      objects: this.#recorded(),
      pages: this.#shape.pages,
      settings,
      meet: (call) => this.#meet(call),
      made: (argument) => this.#audit(argument),
    });
  }

  /** Objects, and a second look at their octets that no worker has a hand in. */
  #recorded(): MemoryObjectStore {
    const objects = this.#objects;
    const raw = this.#raw;
    const note = <Outcome>(key: string, octets: Uint8Array, outcome: Outcome): Outcome => {
      if (outcome !== 'exists') raw.set(key, Buffer.from(octets));
      return outcome;
    };
    return withMembers(objects, {
      create: async (key, octets) => note(key, octets, await objects.create(key, octets)),
      put: async (key, octets) => note(key, octets, await objects.put(key, octets)),
    });
  }

  #meet(call: IoCall): FaultKind | undefined {
    if (this.#keepCalls) this.#calls.push(call);
    if (this.#succeeding) return undefined;
    const kind = this.#planner(call, this.#commits);
    if (kind !== undefined) this.#faults.push({ kind, at: nameOf(call) });
    return kind;
  }

  #serverMeets(place: 'source' | 'target', step: ServerStep): Fault | undefined {
    if (place === 'target' && step.kind === 'store') for (const store of this.#onNextStore.splice(0)) store();
    const kind = this.#meet({ place, step });
    const messages = step.kind === 'store' ? step.messages : 0;
    switch (kind) {
      case undefined:
        return undefined;
      case 'cut':
      case 'stall':
        return { do: kind };
      case 'bye':
        return { do: 'bye', text: 'going down' };
      case 'no':
      case 'done-but-no':
        return { do: 'answer', status: 'NO', text: 'refused, said the test' };
      case 'bad':
        return { do: 'answer', status: 'BAD', text: 'not understood, said the test' };
      case 'stored-20s-later':
        return { do: 'cut-and-store-later', ms: 20_000 };
      case 'stored-between-looks':
        return { do: 'cut-and-store-later', ms: 62_500 };
      case 'part-stored-cut':
        return { do: 'store-some', messages: Math.ceil(messages / 2), then: 'cut' };
      case 'part-stored-no':
        return { do: 'store-some', messages: Math.floor(messages / 2), then: 'NO' };
      case 'stored-while-written-again':
        return { do: 'cut-and-store-when', when: new Promise<void>((resolve) => this.#onNextStore.push(resolve)) };
      case 'stored-after-the-pass':
        return { do: 'cut-and-store-when', when: new Promise<void>((resolve) => this.#afterPass.push(resolve)) };
      case 'killed': {
        const worker = this.#worker;
        return { do: 'call', action: () => worker.kill() };
      }
      case 'frozen-for-good':
      case 'frozen-for-a-slice': {
        const worker = this.#worker;
        return { do: 'call', action: () => worker.freeze() };
      }
      default:
        throw new Error(`no fault of a server: ${kind}`);
    }
  }

  /** After every call of a store: the PASS item is small, and its chain whole. */
  async #audit(argument: unknown): Promise<void> {
    if (typeof argument !== 'object' || argument === null || !('sort' in argument) || argument.sort !== 'PASS') return;
    const pair = await this.#pair();
    if (pair['ledgerHead'] === undefined) return;
    const octets = Buffer.byteLength(JSON.stringify(pair));
    if (octets > 4096) this.#problems.push(`the PASS item has ${String(octets)} octets`);
    const head = pair['ledgerHead'] as { readonly key: string; readonly sha256: string } | null;
    const name = `${head?.key ?? ''} ${head?.sha256 ?? ''}`;
    if (name === this.#head) return;
    this.#head = name;
    if (head !== null) this.#commits += 1;
    this.#problems.push(...chainFaults(head, (key) => this.#raw.get(key), this.#sound));
  }

  async #pair(): Promise<Readonly<Record<string, unknown>>> {
    for await (const items of this.#state.scan('PAIR#')) for (const { item } of items) return item;
    return {};
  }

  async #job(): Promise<MailboxJob> {
    const job = await this.#store().getJob('b', user);
    if (job === undefined) throw new Error('no job');
    return job;
  }

  #store(): TableBatchStore {
    return new TableBatchStore({ state: this.#state, passwords: this.#passwords });
  }
}
