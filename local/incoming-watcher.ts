import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { hasCode } from '../shared/adapters/local/storage-error.ts';
import type { Logger } from '../shared/ports/logger.ts';

/** A file that somebody dropped into incoming/, whole. */
export interface DroppedFile {
  /** `incoming/<endpoint>/<name>` */
  readonly key: string;
  readonly path: string;
  /** Numeric user id of its owner. */
  readonly owner: number;
}

export interface IncomingWatcherOptions {
  readonly dataDir: string;
  readonly log: Logger;
  /** Called once a file, one at a time; called again when the file changes, or when it rejects. */
  readonly take: (file: DroppedFile) => Promise<void>;
  /** Milliseconds between two looks at the folder. */
  readonly lookEveryMs?: number;
  /** Milliseconds that size and time of a file must stay as they are. */
  readonly settledAfterMs?: number;
}

interface Seen {
  readonly state: string;
  readonly since: number;
  readonly taken: boolean;
}

const usual = { lookEveryMs: 500, settledAfterMs: 2_000 };

/**
 * Looks into `incoming/<endpoint>/` again and again: a notification may be missed (network file systems send none), a
 * look may not. A file counts when it has not changed for two seconds and is not named `.part`, since a copy that is
 * under way looks like a file too.
 */
export class IncomingWatcher {
  readonly #options: Required<IncomingWatcherOptions>;
  readonly #seen = new Map<string, Seen>();
  #timer: NodeJS.Timeout | undefined;
  #look: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(options: IncomingWatcherOptions) {
    this.#options = { ...usual, ...options };
  }

  start(): void {
    this.#look = this.#lookOnce().finally(() => {
      if (!this.#stopped) this.#timer = setTimeout(() => this.start(), this.#options.lookEveryMs);
    });
  }

  /** Resolves when no look is under way any more. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#look;
  }

  async #lookOnce(): Promise<void> {
    try {
      const found = await this.#batchFiles();
      const present = new Set(found.map(({ key }) => key));
      for (const key of this.#seen.keys()) if (!present.has(key)) this.#seen.delete(key);
      for (const file of found) await this.#consider(file);
    } catch (error) {
      this.#options.log.error('The folder for batch files cannot be read.', { error: String(error) });
    }
  }

  async #consider(file: DroppedFile): Promise<void> {
    const { settledAfterMs, take, log } = this.#options;
    const state = await stateOf(file.path);
    if (state === undefined) return;
    const before = this.#seen.get(file.key);
    if (before?.state !== state) {
      this.#seen.set(file.key, { state, since: Date.now(), taken: false });
      return;
    }
    if (before.taken || Date.now() - before.since < settledAfterMs) return;
    try {
      await take(file);
      this.#seen.set(file.key, { ...before, taken: true });
    } catch (error) {
      log.error('A batch file could not be taken.', { key: file.key, error: String(error) });
      // Not at every look: the next try comes as if the file had just been dropped.
      this.#seen.set(file.key, { ...before, since: Date.now() });
    }
  }

  async #batchFiles(): Promise<readonly DroppedFile[]> {
    const root = join(this.#options.dataDir, 'incoming');
    const files: DroppedFile[] = [];
    for (const endpoint of await entries(root)) {
      if (!endpoint.isDirectory()) continue;
      for (const entry of await entries(join(root, endpoint.name))) {
        if (!entry.isFile() || !/\.(csv|txt)$/i.test(entry.name)) continue;
        const path = join(root, endpoint.name, entry.name);
        const owner = (await statIfThere(path))?.uid;
        if (owner !== undefined) files.push({ key: `incoming/${endpoint.name}/${entry.name}`, path, owner });
      }
    }
    return files;
  }
}

async function stateOf(path: string): Promise<string | undefined> {
  const found = await statIfThere(path);
  return found === undefined ? undefined : `${String(found.ino)}-${String(found.size)}-${String(found.mtimeMs)}`;
}

async function statIfThere(path: string) {
  try {
    return await stat(path);
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}

async function entries(folder: string) {
  try {
    return await readdir(folder, { withFileTypes: true });
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return [];
    throw error;
  }
}
