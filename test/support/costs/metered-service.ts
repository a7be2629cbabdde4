import { KMSClient } from '@aws-sdk/client-kms';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { randomBytes } from 'node:crypto';
import { workflowTasks, loadManifest } from '../../../local/tasks.ts';
import { readSynthesizedDefinition } from '../../../local/workflow/embedded-definition.ts';
import { WorkflowRunner } from '../../../local/workflow/workflow-runner.ts';
import type { TaskHandler } from '../../../local/workflow/workflow-runner.ts';
import { DynamoStateTable } from '../../../shared/adapters/aws/dynamo-state-table.ts';
import { KmsSealer } from '../../../shared/adapters/aws/kms-sealer.ts';
import { S3ObjectStore } from '../../../shared/adapters/aws/s3-object-store.ts';
import { directories } from '../../../shared/adapters/directories.ts';
import { endpointProbe, mailSource, mailTarget } from '../../../shared/adapters/mail-servers.ts';
import { systemClock } from '../../../shared/adapters/local/system-clock.ts';
import { TableBatchStore } from '../../../shared/adapters/store/table-batch-store.ts';
import type { Services } from '../../../shared/application/services.ts';
import { startBatch } from '../../../shared/application/start-batch.ts';
import { startFromUpload } from '../../../shared/application/start-from-upload.ts';
import type { Batch } from '../../../shared/domain/batch.ts';
import { Endpoint } from '../../../shared/domain/endpoint.ts';
import type { MailboxJob } from '../../../shared/domain/mailbox-job.ts';
import type { Drivers, RequestCounts } from '../../../shared/domain/cost-model.ts';
import { SliceOutput } from '../../../shared/domain/workflow-steps.ts';
import type { BatchStore } from '../../../shared/ports/batch-store.ts';
import type { Clock } from '../../../shared/ports/clock.ts';
import type { Logger } from '../../../shared/ports/logger.ts';
import { startDynamoServer } from '../../contract/support/dynamo-server.ts';
import type { DynamoServer } from '../../contract/support/dynamo-server.ts';
import { buckets, startS3Server } from '../../contract/support/s3-server.ts';
import type { S3Server } from '../../contract/support/s3-server.ts';
import { startJsonService } from '../../integration/aws/json-service.ts';
import type { JsonAnswer, JsonService } from '../../integration/aws/json-service.ts';
import { TcpFaultProxy } from '../tcp-fault-proxy.ts';
import { RequestMeter, watchDynamo, watchKms, watchS3 } from './request-meter.ts';
import { withMembers } from '../with-members.ts';

export interface MeteredOptions {
  readonly sourcePort: number;
  readonly targetPort: number;
  /** How fast the program's clock goes. Slow by default, so that nothing is done only because time went by. */
  readonly clockSpeed?: number;
  /** A slice ends after so many commits. */
  readonly commitsASlice?: number;
  readonly renewMs?: number;
}

/** What a run of a batch came to. */
export interface Counted {
  readonly batch: Batch;
  readonly drivers: Drivers;
  readonly counts: RequestCounts;
  readonly meter: RequestMeter;
  /** Invocations by function, with their milliseconds together. */
  readonly functions: ReadonlyMap<string, { readonly calls: number; readonly ms: number }>;
}

/**
 * The embedded workflow with the AWS adapters behind it, each talking to a server of its protocol on this machine, so
 * that what is counted is what the adapters send. Every function call has a sealer of its own, as a cold start would.
 */
export class MeteredService {
  readonly #dynamo: DynamoServer;
  readonly #s3: S3Server;
  readonly #keys: JsonService;
  readonly #lines: readonly TcpFaultProxy[];
  readonly #kms: KMSClient;
  readonly #options: MeteredOptions;
  readonly #services: Services;
  readonly #runner: WorkflowRunner;
  #run: RunMeter;

  private constructor(parts: {
    readonly dynamo: DynamoServer;
    readonly s3: S3Server;
    readonly keys: JsonService;
    readonly lines: readonly TcpFaultProxy[];
    readonly definition: Awaited<ReturnType<typeof readSynthesizedDefinition>>;
    readonly options: MeteredOptions;
  }) {
    this.#dynamo = parts.dynamo;
    this.#s3 = parts.s3;
    this.#keys = parts.keys;
    this.#lines = parts.lines;
    this.#options = parts.options;
    this.#kms = new KMSClient(parts.keys.clientOptions);
    this.#run = new RunMeter();
    this.#runner = new WorkflowRunner({
      definition: parts.definition,
      handlers: this.#handlers(),
      loadManifest: (plan) => loadManifest(this.#services, plan),
      log: this.#log(),
    });
    this.#services = this.#compose();
    watch(parts.dynamo, parts.s3, this.#kms, () => this.#run.meter);
  }

  static async start(options: MeteredOptions): Promise<MeteredService> {
    const [dynamo, s3, keys, definition] = await Promise.all([
      startDynamoServer(),
      startS3Server(),
      startJsonService(keyService()),
      readSynthesizedDefinition(),
    ]);
    await Promise.all([dynamo.createTable('state'), dynamo.createTable('passwords')]);
    const lines = await Promise.all([options.sourcePort, options.targetPort].map((port) => TcpFaultProxy.start(port)));
    const service = new MeteredService({ dynamo, s3, keys, lines, definition, options });
    await service.#services.store.putEndpoint(endpointOf(lines.map(({ port }) => port)));
    return service;
  }

  /** Uploads the file, as an admin would, and counts until the batch rests. */
  async runUpload(name: string, csv: string): Promise<Counted> {
    this.#run = new RunMeter();
    const key = `incoming/metered/${name}.csv`;
    await this.#s3.client.send(new PutObjectCommand({ Bucket: buckets.incoming, Key: key, Body: Buffer.from(csv) }));
    const version = this.#s3.versionOf(key) ?? '';
    await this.#run.function('start-upload', () =>
      startFromUpload(this.#services, { key, version, startedBy: 'admin' }),
    );
    return this.#settled(name);
  }

  /** Another pass over a batch that rests. */
  async runAgain(name: string): Promise<Counted> {
    this.#run = new RunMeter();
    await this.#run.function('tick', () => startBatch(this.#services, { batch: name, pass: 'incremental' }));
    return this.#settled(name);
  }

  jobs(name: string): AsyncIterable<MailboxJob> {
    return this.#services.store.jobs(name);
  }

  async close(): Promise<void> {
    await this.#runner.stopAll();
    this.#kms.destroy();
    await Promise.all([this.#dynamo, this.#s3, this.#keys].map((server) => server.close()));
    await Promise.all(this.#lines.map((line) => line.stop()));
  }

  async #settled(name: string): Promise<Counted> {
    const run = this.#run;
    const before = this.#traffic();
    await this.#runner.settled(name);
    const after = this.#traffic();
    // What is looked up from here on is nobody's cost.
    this.#run = new RunMeter();
    const batch = await this.#services.store.getBatch(name);
    if (batch === undefined) throw new Error(`There is no batch ${name}`);
    return { batch, ...run.result({ out: after.out - before.out, in: after.in - before.in }) };
  }

  /** Octets to and from the mail servers so far. */
  #traffic(): { readonly out: number; readonly in: number } {
    const counters = this.#lines.map((line) => line.counters());
    return {
      out: counters.reduce((sum, { bytesToServer }) => sum + bytesToServer, 0),
      in: counters.reduce((sum, { bytesToClient }) => sum + bytesToClient, 0),
    };
  }

  #compose(): Services {
    const clock = clockOf(this.#options.clockSpeed ?? 0.001);
    const secrets = (reference: string): Promise<string> => Promise.reject(new Error(`No secret ${reference}`));
    const state = new DynamoStateTable({ client: this.#dynamo.client, table: 'state' });
    const passwords = new DynamoStateTable({ client: this.#dynamo.client, table: 'passwords' });
    const objects = new S3ObjectStore({
      client: this.#s3.client,
      dataBucket: buckets.data,
      incomingBucket: buckets.incoming,
    });
    return {
      store: new TableBatchStore({ state, passwords }),
      objects,
      workflow: this.#runner,
      mailer: {
        send: () => {
          this.#run.mails += 1;
          return Promise.resolve({ id: String(this.#run.mails) });
        },
      },
      sealer: this.#sealer(clock),
      secrets,
      clock,
      log: this.#log(),
      settings: {
        operator: 'operator@contoso.test',
        bucket: buckets.data,
        consoleUrl: null,
        firstWaitSeconds: 1,
        longestWaitSeconds: 1,
        sliceBudgetMs: noBudgetMs,
        settleLookMs: 200,
        leaseMs: 4 * never,
        renewMs: this.#options.renewMs ?? never,
      },
      mailSource: (endpoint) => mailSource(endpoint, { secrets, clock, objects }),
      mailTarget: (endpoint) => mailTarget(endpoint, { secrets, clock, objects }),
      endpointProbe: endpointProbe({ secrets, clock }),
      ...directories({ secrets, clock }),
    };
  }

  #sealer(clock: Clock): KmsSealer {
    return new KmsSealer({ client: this.#kms, keyId: 'sealing', clock });
  }

  #handlers(): Readonly<Record<string, TaskHandler>> {
    const names = Object.keys(workflowTasks(() => this.#services));
    return Object.fromEntries(
      names.map((name) => {
        const handler: TaskHandler = (input, context) => {
          const run = this.#run;
          const services: Services = {
            ...this.#services,
            sealer: this.#sealer(this.#services.clock),
            ...(name === 'copy-slice' ? this.#slice(run) : {}),
          };
          const task = workflowTasks(() => services)[name];
          if (task === undefined) throw new Error(`No task ${name}`);
          return run.function(name, async () => {
            const output = await task(input, context);
            if (name === 'copy-slice') run.sliceEnded(SliceOutput.parse(output).outcome);
            return output;
          });
        };
        return [name, handler];
      }),
    );
  }

  /** A slice's own store, which counts its commits, and a budget that they use up. */
  #slice(run: RunMeter): Pick<Services, 'store' | 'settings'> {
    const { store, settings } = this.#services;
    const most = this.#options.commitsASlice ?? Infinity;
    const slice = run.watchStore(store);
    return {
      store: slice.store,
      settings: {
        ...settings,
        get sliceBudgetMs() {
          return slice.commits() < most ? noBudgetMs : 0;
        },
      },
    };
  }

  #log(): Logger {
    const write = (): void => this.#run.logged();
    return {
      debug: (message) => {
        if (message === enteredState) this.#run.transitions += 1;
      },
      info: write,
      warn: write,
      error: write,
    };
  }
}

const noBudgetMs = 86_400_000;
const never = 86_400_000;

/** What the runner says of each state of the parent. */
const enteredState = 'A batch enters a state.';

class RunMeter {
  readonly meter = new RequestMeter();
  mails = 0;
  transitions = 0;
  #children = 0;
  #commits = 0;
  #progress = 0;
  #renewals = 0;
  #logLines = 0;
  readonly #functions = new Map<string, { calls: number; ms: number }>();

  async function<Result>(name: string, work: () => Result | Promise<Result>): Promise<Result> {
    const began = performance.now();
    try {
      return await work();
    } finally {
      const { calls, ms } = this.#functions.get(name) ?? { calls: 0, ms: 0 };
      this.#functions.set(name, { calls: calls + 1, ms: ms + performance.now() - began });
    }
  }

  /** The child's states after a slice: Choice, then Wait or the last Pass, or the next slice. */
  sliceEnded(outcome: string): void {
    this.transitions += 2;
    if (outcome !== 'more') this.transitions += 1;
    if (outcome !== 'more' && outcome !== 'waiting') this.#children += 1;
  }

  logged(): void {
    this.#logLines += 1;
  }

  watchStore(store: BatchStore): { readonly store: BatchStore; readonly commits: () => number } {
    // The first look is the slice's own; every further one goes with a write of its progress.
    let looks = 0;
    let commits = 0;
    const watched: Partial<BatchStore> = {
      getBatch: (name) => {
        looks += 1;
        if (looks > 1) this.#progress += 1;
        return store.getBatch(name);
      },
      savePair: (pair, expectedHead) => {
        if (pair.ledgerHead !== null && pair.ledgerHead.key !== expectedHead?.key) {
          commits += 1;
          this.#commits += 1;
        }
        return store.savePair(pair, expectedHead);
      },
      renewLease: (id, token, until) => {
        this.#renewals += 1;
        return store.renewLease(id, token, until);
      },
    };
    return { store: withMembers(store, watched), commits: () => commits };
  }

  result(mail: { readonly out: number; readonly in: number }): Omit<Counted, 'batch'> {
    const { meter } = this;
    const calls = [...this.#functions.values()].reduce((sum, one) => sum + one.calls, 0);
    const slices = this.#functions.get('copy-slice')?.calls ?? 0;
    return {
      meter,
      functions: this.#functions,
      drivers: {
        runs: 1,
        mailboxes: this.#children,
        slices,
        // Known to whoever made the mailboxes.
        folders: 0,
        items: 0,
        octets: 0,
        checkedOctets: 0,
        pages: meter.sum(/^s3 PutObject ledger-segment/, 'requests'),
        commits: this.#commits,
        progress: this.#progress,
        renewals: this.#renewals,
      },
      counts: {
        stateTransitions: this.transitions,
        lambdaRequests: calls,
        dynamoWriteUnits: meter.sum(/^dynamodb (Put|Update|Delete) /, 'units'),
        dynamoReadUnits: meter.sum(/^dynamodb (Get|Query) /, 'units'),
        s3Writes: meter.sum(/^s3 (PutObject|ListObjectsV2) /, 'requests'),
        s3Reads: meter.sum(/^s3 GetObject /, 'requests'),
        kmsRequests: meter.sum(/^kms /, 'requests'),
        mails: this.mails,
        logLines: this.#logLines,
        ledgerOctets: meter.sum(/^s3 PutObject ledger/, 'octets'),
        mailOctetsOut: mail.out,
        mailOctetsIn: mail.in,
      },
    };
  }
}

/** Wires the meters into the clients: each request is counted where the run that makes it stands. */
function watch(dynamo: DynamoServer, s3: S3Server, kms: KMSClient, run: () => RequestMeter): void {
  watchDynamo(dynamo.client, run);
  watchS3(s3.client, run);
  watchKms(kms, run);
}

/** A clock that goes `speed` times as fast from now on; sleeping takes as long as ever. */
function clockOf(speed: number): Clock {
  const start = systemClock.now();
  return { ...systemClock, now: () => Math.round(start + (systemClock.now() - start) * speed) };
}

/** Data keys that open whatever they sealed. */
function keyService(): (operation: string, input: Record<string, unknown>) => JsonAnswer {
  const keys = new Map<string, string>();
  return (operation, input) => {
    if (operation === 'Decrypt') return { body: { Plaintext: keys.get(String(input['CiphertextBlob'])) } };
    const blob = randomBytes(140).toString('base64');
    const plain = randomBytes(32).toString('base64');
    keys.set(blob, plain);
    return { body: { CiphertextBlob: blob, Plaintext: plain } };
  };
}

function endpointOf([sourcePort, targetPort]: readonly number[]): Endpoint {
  const server = (port: number | undefined) => ({
    kind: 'imap',
    host: '127.0.0.1',
    port,
    security: 'none',
    login: { mode: 'user' },
  });
  return Endpoint.parse({
    name: 'metered',
    type: 'imap',
    source: server(sourcePort),
    target: server(targetPort),
    maxConcurrentMigrations: 4,
    defaults: { notify: ['admin@contoso.test'] },
  });
}
