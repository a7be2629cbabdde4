import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FileObjectStore } from '../../../shared/adapters/local/file-object-store.ts';
import { SqliteFile } from '../../../shared/adapters/local/sqlite-state-table.ts';
import { systemClock } from '../../../shared/adapters/local/system-clock.ts';
import { mailSource, mailTarget } from '../../../shared/adapters/mail-servers.ts';
import { TableBatchStore } from '../../../shared/adapters/store/table-batch-store.ts';
import { copySlice, type CopyServices, type SliceLimits } from '../../../shared/application/copy/copy-slice.ts';
import type { PassKind } from '../../../shared/domain/batch.ts';
import { Endpoint } from '../../../shared/domain/endpoint.ts';
import type { MailboxJob } from '../../../shared/domain/mailbox-job.ts';
import { MailboxVerification } from '../../../shared/domain/report/mailbox-report.ts';
import type { Logger } from '../../../shared/ports/logger.ts';
import { aBatch, aJob } from '../builders/store-items.ts';

const silent: Logger = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

/** An IMAP server on loopback, or what an endpoint's file says of another kind. */
type Server = { readonly imapPort: number } | { readonly kind: string; readonly [setting: string]: unknown };

export interface HarnessOptions {
  readonly source: Server;
  readonly target: Server;
  readonly mailbox: string;
  readonly password: string;
  readonly change?: Partial<CopyServices>;
  readonly options?: Readonly<Record<string, unknown>>;
  readonly connections?: number;
  /** How much of a mailbox is copied as a unit: as the product has it, unless a test wants less. */
  readonly pages?: SliceLimits['pages'];
}

/** One mailbox of one batch between two servers, copied slice by slice, without the workflow around it. */
export class CopyHarness {
  readonly folder: string;
  readonly services: CopyServices;
  readonly store: TableBatchStore;
  readonly #file: SqliteFile;
  readonly #pages: SliceLimits['pages'];

  private constructor(file: SqliteFile, objects: FileObjectStore, folder: string, options: HarnessOptions) {
    this.#file = file;
    this.#pages = options.pages;
    this.folder = folder;
    this.store = new TableBatchStore({ state: file.table('state'), passwords: file.table('passwords') });
    const clock = systemClock;
    const secrets = (): Promise<string> => Promise.resolve('master');
    this.services = {
      store: this.store,
      objects,
      clock,
      log: silent,
      sealer: { seal: (plain) => Promise.resolve(plain), open: (sealed) => Promise.resolve(sealed) },
      settings: {
        operator: null,
        firstWaitSeconds: 0,
        longestWaitSeconds: 1,
        sliceBudgetMs: 600_000,
        settleLookMs: 200,
        leaseMs: 90_000,
        renewMs: 30_000,
        bucket: folder,
        consoleUrl: null,
      },
      mailSource: (endpoint) => mailSource(endpoint, { clock, secrets, objects }),
      mailTarget: (endpoint) => mailTarget(endpoint, { clock, secrets, objects }),
      ...options.change,
    };
  }

  static async open(options: HarnessOptions): Promise<CopyHarness> {
    const folder = mkdtempSync(join(tmpdir(), 'copy-'));
    const file = SqliteFile.open(join(folder, 'state.db'));
    const harness = new CopyHarness(file, await FileObjectStore.open(folder), folder, options);
    await harness.store.putEndpoint(
      Endpoint.parse({
        name: 'e',
        type: 'imap',
        source: settingsOf(options.source),
        target: settingsOf(options.target),
        maxConnectionsPerMailbox: options.connections ?? 1,
        defaults: { settleAfter: 1, ...options.options },
      }),
    );
    await harness.addBatch('b', options.mailbox, options.password);
    return harness;
  }

  async addBatch(name: string, mailbox: string, password: string): Promise<void> {
    const now = new Date().toISOString();
    const batch = aBatch({
      name,
      endpoint: 'e',
      status: 'Syncing',
      createdAt: now,
      startedAt: now,
      startedBy: 'test',
      lastActivityAt: now,
      options: {},
      passNumber: 1,
      uploads: [],
      runs: 1,
      run: { number: 1, execution: 'x', startedAt: now, phase: 'synchronise', round: 1, idleRounds: 0 },
    });
    const job = aJob({
      batch: name,
      id: mailbox.toLowerCase(),
      mailbox,
      reason: null,
      since: now,
      userName: mailbox,
      renamedFolders: [],
      queuedAt: now,
      updatedAt: now,
    });
    await this.store.createBatch(batch);
    await this.store.createJob(job);
    await this.store.putSealedPassword(`${name}/${job.id}/source`, password);
  }

  async endpoint(): Promise<Endpoint> {
    const endpoint = await this.store.getEndpoint('e');
    if (endpoint === undefined) throw new Error('no endpoint');
    return endpoint;
  }

  /** Settings of the endpoint from now on, as its file would have them. */
  async changeEndpoint(change: Readonly<Record<string, unknown>>): Promise<void> {
    await this.store.putEndpoint(Endpoint.parse({ ...(await this.endpoint()), ...change }));
  }

  async beginPass(kind: PassKind, batchName = 'b'): Promise<void> {
    const batch = await this.store.getBatch(batchName);
    if (batch === undefined) throw new Error('no batch');
    await this.store.saveBatch({ ...batch, pass: kind, passNumber: batch.passNumber + 1 });
  }

  slice(mailbox: string, batch = 'b', signal = new AbortController().signal): ReturnType<typeof copySlice> {
    const input = { mailbox, row: 1, batch, pass: 'initial' as const, run: 1, slice: 1, waits: 0 };
    return copySlice(this.services, input, { remainingMs: () => 3_600_000, signal, pages: this.#pages });
  }

  /** Slices until the mailbox rests. */
  async run(mailbox: string, batch = 'b'): Promise<MailboxJob> {
    for (let at = 0; at < 60; at += 1) {
      const output = await this.slice(mailbox, batch);
      if (output.outcome === 'waiting') await this.services.clock.sleep(output.waitSeconds * 1000);
      if (output.outcome === 'more' || output.outcome === 'waiting') continue;
      const job = await this.store.getJob(batch, mailbox.toLowerCase());
      if (job === undefined) throw new Error('no job');
      return job;
    }
    throw new Error('The mailbox does not come to rest');
  }

  /** What the job's report of items says, a line an item. */
  async itemsReport({ itemsReport }: MailboxJob): Promise<readonly Readonly<Record<string, string>>[]> {
    const octets = await this.services.objects.get(itemsReport ?? '');
    const lines = Buffer.from(octets ?? [])
      .toString()
      .trim()
      .split('\n');
    return lines.map((line) => JSON.parse(line) as Record<string, string>);
  }

  /** What the verification of the job's last pass found. */
  async verification({ verification }: Pick<MailboxJob, 'verification'>): Promise<MailboxVerification> {
    const octets = await this.services.objects.get(verification?.key ?? '');
    return MailboxVerification.parse(JSON.parse(Buffer.from(octets ?? []).toString()));
  }

  close(): void {
    this.#file.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function settingsOf(server: Server): object {
  if ('kind' in server) return server;
  return { kind: 'imap', host: '127.0.0.1', port: server.imapPort, security: 'none', login: { mode: 'user' } };
}
