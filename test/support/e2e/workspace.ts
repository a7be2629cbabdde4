import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { BatchView } from '../../../shared/contract/batch-view.ts';
import type { MailboxView } from '../../../shared/contract/mailbox-view.ts';
import { Command } from './command.ts';
import type { CommandEnd } from './command.ts';

const restStatuses: readonly string[] = ['Synced', 'SyncedWithErrors', 'Failed', 'Paused', 'Stopped'];

/** A folder with an admin's files in it and a data folder; the sealing key lies beside the data folder, not in it. */
export class Workspace {
  readonly folder = mkdtempSync(join(tmpdir(), 'stagecoach-e2e-'));
  readonly data = join(this.folder, 'data');
  readonly #commands: Command[] = [];
  readonly #environment: NodeJS.ProcessEnv;

  constructor(environment: Readonly<Record<string, string>> = {}) {
    const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('STAGECOACH_'));
    const key = this.write('key', randomBytes(32).toString('base64'));
    this.#environment = {
      ...Object.fromEntries(inherited),
      STAGECOACH_KEY: `file:${key}`,
      STAGECOACH_SETTLE_LOOK_MS: '200',
      STAGECOACH_LONGEST_WAIT_SECONDS: '2',
      ...environment,
    };
  }

  /** Writes an admin's file and returns its path. */
  write(name: string, content: string): string {
    const path = join(this.folder, name);
    writeFileSync(path, content, { mode: 0o600 });
    return path;
  }

  writeEndpoint(endpoint: { readonly name: string }): string {
    return this.write(`${endpoint.name}.json`, JSON.stringify(endpoint));
  }

  /** A command that works on this data folder. */
  start(...args: readonly string[]): Command {
    const command = new Command([...args, '--data', this.data], { env: this.#environment, cwd: this.folder });
    this.#commands.push(command);
    return command;
  }

  async call(...args: readonly string[]): Promise<CommandEnd> {
    return this.start(...args).end;
  }

  async showBatch(name: string): Promise<BatchView> {
    return shownBatch(await this.call('batch', 'show', name, '--json'));
  }

  async listMailboxes(name: string): Promise<readonly MailboxView[]> {
    return document(await this.call('batch', 'users', name, '--json')) as readonly MailboxView[];
  }

  /** Starts the embedded service on a free port and waits until it answers. */
  async serve(): Promise<Command> {
    const service = this.start('serve', '--port', '0');
    await service.says('incoming/<endpoint>/');
    return service;
  }

  /** Asks until the batch is there and rests. */
  async untilBatchRests(name: string, withinMs = 120_000): Promise<BatchView> {
    const deadline = Date.now() + withinMs;
    for (;;) {
      const { code, stdout, stderr } = await this.call('batch', 'show', name, '--json');
      if (code === 0) {
        const batch = JSON.parse(stdout) as BatchView;
        if (restStatuses.includes(batch.status)) return batch;
      }
      if (Date.now() > deadline) throw new Error(`The batch ${name} does not come to rest: ${stdout}${stderr}`);
      await sleep(300);
    }
  }

  async remove(): Promise<void> {
    for (const command of this.#commands) command.kill();
    await Promise.all(this.#commands.map(async (command) => command.end));
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** What `run --json` and `batch show --json` printed. */
export function shownBatch(end: CommandEnd): BatchView {
  return document(end) as BatchView;
}

/** The one JSON document that a command printed. */
function document({ stdout, stderr }: CommandEnd): unknown {
  try {
    return JSON.parse(stdout);
  } catch (error) {
    throw new Error(`stdout is not one JSON document: ${stdout}\n${stderr}`, { cause: error });
  }
}
