import { TableBatchStore } from '../../../shared/adapters/store/table-batch-store.ts';
import type { DeploymentSettings, Services } from '../../../shared/application/services.ts';
import type { ClosingMail } from '../../../shared/domain/batch.ts';
import { Endpoint, type EndpointFile } from '../../../shared/domain/endpoint.ts';
import type { MailboxJob } from '../../../shared/domain/mailbox-job.ts';
import type { EndpointCheck, ProbeMailboxes, StorageProbe } from '../../../shared/ports/endpoint-probe.ts';
import type { Position } from '../../../shared/application/batch-run.ts';
import { preparedOccasion } from '../../../shared/domain/prepared-occasion.ts';
import { MemorySourceDirectory } from '../directories/memory-source-directory.ts';
import { MemoryTargetDirectory } from '../directories/memory-target-directory.ts';
import { MemoryObjectStore } from './memory-object-store.ts';
import { MemoryStateTable } from './memory-state-table.ts';
import { MemoryWorkflow } from './memory-workflow.ts';

export const settings: DeploymentSettings = {
  operator: 'operator@contoso.test',
  firstWaitSeconds: 15,
  longestWaitSeconds: 300,
  sliceBudgetMs: 60_000,
  settleLookMs: 200,
  leaseMs: 90_000,
  renewMs: 30_000,
  bucket: 'stagecoach-data',
  consoleUrl: null,
};

export function anEndpoint(change: Partial<EndpointFile> = {}): Endpoint {
  return Endpoint.parse({
    name: 'contoso',
    type: 'imap',
    source: { kind: 'imap', host: 'old.contoso.test', login: { mode: 'user' } },
    target: { kind: 'imap', host: 'new.contoso.test', login: { mode: 'user' } },
    ...change,
  });
}

type WorldServices = Omit<Services, 'mailSource' | 'mailTarget' | 'mailer' | 'secrets'>;

const nothingWritten: EndpointCheck = {
  ...{ side: 'target', check: 'storage', result: 'cannot-check', code: null, transient: false },
  ...{ evidence: 'No server is there.', fix: '' },
};

/** Everything that the life of a batch needs, in memory, with time and outages in the test's hands. */
export class BatchWorld {
  readonly objects = new MemoryObjectStore();
  readonly workflow = new MemoryWorkflow();
  readonly logged: string[] = [];
  readonly probed: ProbeMailboxes[] = [];
  /** The mails that executions ended with. */
  readonly mails: (ClosingMail | 'prepared')[] = [];
  /** Of staged endpoints. */
  readonly sourceDirectory = new MemorySourceDirectory();
  readonly targetDirectory = new MemoryTargetDirectory();
  readonly signal = new AbortController().signal;
  now = Date.parse('2026-11-20T10:00:00Z');
  /** What the probe of the endpoint finds. */
  checks: readonly EndpointCheck[] = [];
  /** What test messages find out of the target. */
  keeps: StorageProbe['keeps'];
  /** The call of a port (counted from 1) at which the process dies, before or after the call took effect. */
  crash: { readonly call: number; readonly when: 'before' | 'after' } | undefined;
  calls = 0;
  readonly services: WorldServices;

  constructor() {
    const store = new TableBatchStore({ state: new MemoryStateTable(), passwords: new MemoryStateTable() });
    const log = (message: string, facts?: object) => void this.logged.push(`${message} ${JSON.stringify(facts ?? {})}`);
    this.services = {
      store: this.#mortal(store),
      objects: this.#mortal(this.objects),
      workflow: this.#mortal(this.workflow),
      sealer: {
        seal: (plain, context) => Promise.resolve(`sealed(${Buffer.from(plain).toString('hex')}) for ${context}`),
        open: (sealed, context) => {
          const found = /^sealed\((?<hex>[0-9a-f]*)\) for (?<context>.*)$/.exec(sealed)?.groups;
          if (found?.['context'] !== context) return Promise.reject(new Error('sealed for another context'));
          return Promise.resolve(Buffer.from(found['hex'] ?? '', 'hex').toString());
        },
      },
      clock: {
        now: () => this.now,
        sleep: (ms) => {
          this.now += ms;
          return Promise.resolve();
        },
      },
      log: { debug: log, info: log, warn: log, error: log },
      settings,
      endpointProbe: {
        probe: (_endpoint, mailboxes) => {
          this.probed.push(mailboxes);
          return Promise.resolve(this.checks);
        },
        discover: () => Promise.reject(new Error('the address is in the file')),
        probeDirectories: () => Promise.resolve([]),
        probeStorage: () => Promise.resolve({ check: nothingWritten, keeps: this.keeps }),
      },
      sourceDirectory: () => ({
        ...this.sourceDirectory.port,
        open: async () => this.#mortal(await this.sourceDirectory.port.open(this.signal)),
      }),
      targetDirectory: () => this.#mortal(this.targetDirectory.port),
      outOfOfficeSource: () => undefined,
    };
  }

  /** Mail 1, as its state would send it. */
  async sendPrepared(position: Position): Promise<void> {
    const { store } = this.services;
    const batch = await this.batch(position.batch);
    const occasion = preparedOccasion(batch);
    const mail = {
      schema: 1,
      batch: batch.name,
      kind: 'prepared',
      occasion,
      claimedAt: this.now,
      attempts: 1,
    } as const;
    await store.recordMail({ ...mail, outcome: 'sent', detail: '' });
  }

  /** Puts a test's own eyes before the store. */
  watch(members: Partial<Services['store']>): void {
    const { store } = this.services;
    const watched = new Proxy(store, {
      get: (target, name): unknown => Reflect.get(name in members ? members : target, name),
    });
    Object.assign(this.services, { store: watched });
  }

  /** Counts every call, and dies at the one that `crash` names. */
  #mortal<Port extends object>(port: Port): Port {
    return new Proxy(port, {
      get: (target, name) => {
        const member: unknown = Reflect.get(target, name);
        if (typeof member !== 'function') return member;
        const bound = (...given: unknown[]): unknown => Reflect.apply(member, target, given);
        if (['jobs', 'list', 'locate', 'claimsOf', 'timelineOf', 'auditOf'].includes(String(name))) return bound;
        return async (...given: unknown[]) => {
          this.calls += 1;
          const dies = this.crash?.call === this.calls ? this.crash.when : undefined;
          if (dies === 'before') throw new Crash();
          const result: unknown = await bound(...given);
          if (dies === 'after') throw new Crash();
          return result;
        };
      },
    });
  }

  async jobs(batch: string): Promise<readonly MailboxJob[]> {
    const jobs: MailboxJob[] = [];
    for await (const job of this.services.store.jobs(batch)) jobs.push(job);
    return jobs.sort((a, b) => a.row - b.row);
  }

  async job(batch: string, id: string): Promise<MailboxJob> {
    const job = await this.services.store.getJob(batch, id);
    if (job === undefined) throw new Error(`There is no job ${id}`);
    return job;
  }

  async batch(name: string) {
    const batch = await this.services.store.getBatch(name);
    if (batch === undefined) throw new Error(`There is no batch ${name}`);
    return batch;
  }
}

/** The process died. */
export class Crash extends Error {}
