import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { hastenStop } from '../shared/application/hasten-stop.ts';
import { sendDigest, sendOpenMails } from '../shared/application/send-batch-mail.ts';
import type { Services } from '../shared/application/services.ts';
import { tendBatch, tick } from '../shared/application/tick.ts';
import { lockFolder } from '../shared/adapters/local/folder-lock.ts';
import type { FolderLock } from '../shared/adapters/local/folder-lock.ts';
import type { AnswerOf, Operations } from '../shared/contract/routes.ts';
import type { Logger } from '../shared/ports/logger.ts';
import { openLocalAdapters } from './local-adapters.ts';
import type { LocalAdapters } from './local-adapters.ts';
import { readSettings } from './settings.ts';
import { startHttpApi } from './http-api.ts';
import type { HttpApi } from './http-api.ts';
import { IncomingWatcher } from './incoming-watcher.ts';
import { batchOperations } from '../shared/operations/batch-operations.ts';
import { endpointOperations } from '../shared/operations/endpoint-operations.ts';
import { readOrMakeToken } from './api-token.ts';
import { takeUpload } from './take-upload.ts';
import { loadManifest, workflowTasks } from './tasks.ts';
import { settleV8ForCopying } from './v8-settings.ts';
import { readSynthesizedDefinition } from './workflow/embedded-definition.ts';
import { WorkflowRunner } from './workflow/workflow-runner.ts';

export interface EmbeddedOptions {
  readonly dataDir: string;
  /** What holds the data folder, for people: `serve`, `run`. */
  readonly command: string;
  readonly log: Logger;
  readonly environment?: NodeJS.ProcessEnv;
}

type ServiceKind = AnswerOf<'showService'>['kind'];

/** As the EventBridge schedule on AWS. */
const tickEveryMs = 5 * 60_000;
/** Between two looks at a batch that is stopping. */
const stopLookMs = 300;

/** The embedded service: all of Stagecoach in this process, on one data folder that no other process works on. */
export class EmbeddedService {
  readonly operations: Operations;
  readonly #options: EmbeddedOptions;
  readonly #lock: FolderLock;
  readonly #adapters: LocalAdapters;
  readonly #services: Services;
  readonly #runner: WorkflowRunner;
  #kind: ServiceKind = 'command';
  #api: HttpApi | undefined;
  #watcher: IncomingWatcher | undefined;
  #timer: NodeJS.Timeout | undefined;
  #ticking: Promise<void> = Promise.resolve();
  readonly #endings = new Set<Promise<void>>();
  #closed: Promise<void> | undefined;

  constructor(parts: {
    readonly options: EmbeddedOptions;
    readonly lock: FolderLock;
    readonly adapters: LocalAdapters;
    readonly services: Services;
    readonly runner: WorkflowRunner;
  }) {
    this.#options = parts.options;
    this.#lock = parts.lock;
    this.#adapters = parts.adapters;
    this.#services = parts.services;
    this.#runner = parts.runner;
    const { dataDir } = parts.options;
    this.operations = {
      showService: () => Promise.resolve({ kind: this.#kind, pid: process.pid, dataDir }),
      ...endpointOperations(this.#services),
      ...batchOperations({
        services: this.#services,
        settled: (batch) => this.settled(batch),
        stopping: (batch) => {
          const ending = this.#endWhenStopped(batch).finally(() => this.#endings.delete(ending));
          this.#endings.add(ending);
        },
        mailFolder: this.#adapters.mailFolder,
      }),
    };
  }

  /** Answers on 127.0.0.1 from now on; resolves with the address, which the data folder's lock names to others. */
  async listen({ port, kind }: { readonly port: number; readonly kind: ServiceKind }): Promise<string> {
    this.#kind = kind;
    const token = readOrMakeToken(join(this.#options.dataDir, 'token'));
    this.#api = await startHttpApi({ operations: this.operations, port, token, log: this.#options.log });
    await this.#lock.announce(this.#api.url);
    return this.#api.url;
  }

  /**
   * Does what a service does by itself: goes on with every batch that was running, starts what is due, and takes the
   * files that are dropped into incoming/.
   */
  async startWorking(): Promise<void> {
    const { dataDir, log } = this.#options;
    await this.#tick();
    this.#timer = setInterval(() => {
      this.#ticking = this.#ticking.then(() => this.#tick());
    }, tickEveryMs);
    this.#watcher = new IncomingWatcher({ dataDir, log, take: (file) => takeUpload(this.#services, file) });
    this.#watcher.start();
  }

  /** What the tick does for a batch, for a command that works on this batch alone and has no tick. */
  async tend(name: string): Promise<void> {
    // Executions that end because the service leaves are not lost: the next to open the data folder goes on.
    if (this.#closed !== undefined) return;
    const batch = await this.#services.store.getBatch(name);
    if (batch !== undefined) await tendBatch(this.#services, batch);
  }

  /** Resolves when no execution of the batch is running. */
  async settled(batch: string): Promise<void> {
    await this.#runner.settled(batch);
  }

  /**
   * Ends the execution of a batch that is stopping as soon as no worker is left: mailboxes that wait would wake up only
   * minutes later.
   */
  async #endWhenStopped(name: string): Promise<void> {
    const { store } = this.#services;
    const { log } = this.#options;
    try {
      while (this.#closed === undefined) {
        const batch = await store.getBatch(name);
        if (batch?.status !== 'Stopping' || (await hastenStop(this.#services, batch))) return;
        // With nothing else left to do, the process would end before who closes the service has said what came of it.
        await delay(stopLookMs);
      }
    } catch (error) {
      // The tick does the same, only later.
      log.warn('A batch that is stopping could not be looked at.', { batch: name, error: String(error) });
    }
  }

  /** Finishes the pages that are open, frees leases and slots, and leaves the data folder. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    clearInterval(this.#timer);
    // First of all: what is asked from now on would start work that nobody ends.
    await this.#api?.close();
    await this.#watcher?.stop();
    await this.#ticking;
    await this.#runner.stopAll();
    await Promise.all(this.#endings);
    this.#adapters.close();
    this.#lock.release();
  }

  async #tick(): Promise<void> {
    try {
      await tick(this.#services, {
        sendOpenMails: (batch) => sendOpenMails(this.#services, batch),
        sendDigest: (batch) => sendDigest(this.#services, batch),
      });
    } catch (error) {
      // The store does not answer: the next tick tries again, and every verb says so meanwhile.
      this.#options.log.error('A tick failed.', { error: String(error) });
    }
  }
}

/**
 * Opens a data folder, making it where there is none. Under its lock every earlier holder is dead, so all leases and
 * slots end. ConflictError DATA_FOLDER_IN_USE, which names the holder, where another process has it.
 */
export async function openEmbedded(options: EmbeddedOptions): Promise<EmbeddedService> {
  const { dataDir, command, log } = options;
  const lock = await lockFolder(dataDir, { command, since: new Date().toISOString() });
  try {
    const environment = options.environment ?? process.env;
    const settings = readSettings(environment);
    const adapters = await openLocalAdapters({ dataDir, settings, environment });
    const definition = await readSynthesizedDefinition();
    // In this order: at the end of every run the code of the mailer would be refused, and that of all modules kept anew.
    const beforeCopying = async (): Promise<void> => {
      await adapters.loadMailer();
      settleV8ForCopying();
    };
    const runner = new WorkflowRunner({
      definition,
      handlers: workflowTasks(() => services, beforeCopying),
      loadManifest: (plan) => loadManifest(services, plan),
      log,
    });
    const services: Services = {
      ...adapters.services,
      workflow: runner,
      log,
      settings: { ...settings.deployment, bucket: dataDir },
    };
    await services.store.endAllLeases();
    return new EmbeddedService({ options, lock, adapters, services, runner });
  } catch (error) {
    lock.release();
    throw error;
  }
}
