import { randomUUID } from 'node:crypto';
import {
  closeSync,
  fdatasync,
  fsync,
  linkSync,
  openSync,
  renameSync,
  unlinkSync,
  writeFile,
  writeFileSync,
} from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { hasCode } from './storage-error.ts';

const flushData = promisify(fdatasync);
const flushAll = promisify(fsync);
const writeLarge = promisify(writeFile);

/** Up to so many octets are handed to the system at once: sockets wait for the copy of them, less than 0.1 ms. */
const smallOctets = 256 * 1024;

/**
 * Writes files that are either there whole, flushed to the disk with their folder, or not there at all: octets go to a
 * file of their own first, which then gets its name. What a crash leaves lies in the folder for temporary files, which
 * is emptied at the next start.
 *
 * Only flushes, which wait for a disk, are handed to other threads. All else is done in microseconds, and handing it over
 * and being told of its end takes several times as long: six times for each page of mail.
 */
export class DurableFiles {
  readonly #temporary: string;
  /** Folders known to be there and flushed into their parents. */
  readonly #folders = new Map<string, Promise<void>>();
  /** Flushes of a folder that have not begun yet: all who come before it begins share it. */
  readonly #flushes = new Map<string, Promise<void>>();
  readonly #flushing = new Map<string, Promise<void>>();

  private constructor(root: string, temporary: string) {
    this.#folders.set(root, Promise.resolve());
    this.#temporary = temporary;
  }

  /** All files lie below `root`, which is made where it is not there; temporary ones in its folder `tmp`. */
  static async below(root: string): Promise<DurableFiles> {
    await mkdir(root, { recursive: true, mode: 0o700 });
    return new DurableFiles(root, join(root, 'tmp'));
  }

  /** Only by the one process that works in the folder, at its start: removes what a crash left. */
  async removeLeftovers(): Promise<void> {
    this.#folders.delete(this.#temporary);
    await rm(this.#temporary, { recursive: true, force: true });
  }

  /** Never overwrites: `exists` where there is a file of that name. */
  async create(path: string, octets: Uint8Array): Promise<'created' | 'exists'> {
    return await this.#write(path, octets, (temporary) => {
      const outcome = linkNew(temporary, path);
      unlinkSync(temporary);
      return outcome;
    });
  }

  async replace(path: string, octets: Uint8Array): Promise<void> {
    await this.#write(path, octets, (temporary) => {
      renameSync(temporary, path);
      return 'created';
    });
  }

  async #write<Outcome>(path: string, octets: Uint8Array, name: (temporary: string) => Outcome): Promise<Outcome> {
    const [temporary] = await Promise.all([this.temporaryPath(), this.makeFolder(dirname(path))]);
    const file = openSync(temporary, 'wx', 0o600);
    try {
      if (octets.length <= smallOctets) writeFileSync(file, octets);
      else await writeLarge(file, octets);
      await flushData(file);
    } finally {
      closeSync(file);
    }
    const outcome = await this.#named(path, () => name(temporary));
    // Also where the file existed: who made it may have been killed before it flushed the folder.
    await this.flushFolder(dirname(path));
    return outcome;
  }

  /** A name of its own, on the same file system as all files. */
  async temporaryPath(): Promise<string> {
    await this.makeFolder(this.#temporary);
    return join(this.#temporary, randomUUID());
  }

  /** Somebody may have removed a folder (an old batch's reports) that was there before: it is made again. */
  async #named<Outcome>(path: string, name: () => Outcome): Promise<Outcome> {
    try {
      return name();
    } catch (error) {
      if (!hasCode(error, 'ENOENT')) throw error;
      this.#folders.delete(dirname(path));
      await this.makeFolder(dirname(path));
      return name();
    }
  }

  /** Resolves when a flush that began after this call has ended. */
  async flushFolder(path: string): Promise<void> {
    const waiting = this.#flushes.get(path);
    if (waiting !== undefined) {
      await waiting;
      return;
    }
    const flush = async () => {
      // Whoever waits for that one learns of its failure; here only its end matters.
      await Promise.allSettled([this.#flushing.get(path)]);
      this.#flushes.delete(path);
      const running = flushNow(path);
      this.#flushing.set(path, running);
      try {
        await running;
      } finally {
        if (this.#flushing.get(path) === running) this.#flushing.delete(path);
      }
    };
    const next = flush();
    this.#flushes.set(path, next);
    await next;
  }

  /** Makes a folder, and those above it that are missing, durably. */
  async makeFolder(path: string): Promise<void> {
    const known = this.#folders.get(path);
    if (known !== undefined) {
      await known;
      return;
    }
    const made = this.#makeNewFolder(path);
    this.#folders.set(path, made);
    made.catch(() => this.#folders.delete(path));
    await made;
  }

  async #makeNewFolder(path: string): Promise<void> {
    const parent = dirname(path);
    try {
      await mkdir(path, { mode: 0o700 });
    } catch (error) {
      if (hasCode(error, 'ENOENT')) {
        this.#folders.delete(parent);
        await this.makeFolder(parent);
        await this.#makeNewFolder(path);
        return;
      }
      if (!hasCode(error, 'EEXIST')) throw error;
    }
    await this.flushFolder(parent);
  }
}

/** link(2) fails where the name is taken; rename(2) would replace the file. */
export function linkNew(temporary: string, path: string): 'created' | 'exists' {
  try {
    linkSync(temporary, path);
    return 'created';
  } catch (error) {
    if (!hasCode(error, 'EEXIST')) throw error;
    return 'exists';
  }
}

async function flushNow(path: string): Promise<void> {
  const folder = openSync(path, 'r');
  try {
    await flushAll(folder);
  } finally {
    closeSync(folder);
  }
}
