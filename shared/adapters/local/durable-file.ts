import { randomUUID } from 'node:crypto';
import { link, mkdir, open, rename, rm, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { hasCode } from './storage-error.ts';

/**
 * Writes files that are either there whole, flushed to the disk with their folder, or not there at all: octets go to a
 * file of their own first, which then gets its name. What a crash leaves lies in the folder for temporary files, which
 * is emptied at the next start.
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
    return await this.#write(path, octets, async (temporary) => {
      const outcome = await linkNew(temporary, path);
      await unlink(temporary);
      return outcome;
    });
  }

  async replace(path: string, octets: Uint8Array): Promise<void> {
    await this.#write(path, octets, async (temporary) => {
      await rename(temporary, path);
      return 'created';
    });
  }

  async #write<Outcome>(
    path: string,
    octets: Uint8Array,
    name: (temporary: string) => Promise<Outcome>,
  ): Promise<Outcome> {
    const [temporary] = await Promise.all([this.temporaryPath(), this.makeFolder(dirname(path))]);
    const file = await open(temporary, 'wx', 0o600);
    try {
      await file.writeFile(octets);
      await file.datasync();
    } finally {
      await file.close();
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
  async #named<Outcome>(path: string, name: () => Promise<Outcome>): Promise<Outcome> {
    try {
      return await name();
    } catch (error) {
      if (!hasCode(error, 'ENOENT')) throw error;
      this.#folders.delete(dirname(path));
      await this.makeFolder(dirname(path));
      return await name();
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
export async function linkNew(temporary: string, path: string): Promise<'created' | 'exists'> {
  try {
    await link(temporary, path);
    return 'created';
  } catch (error) {
    if (!hasCode(error, 'EEXIST')) throw error;
    return 'exists';
  }
}

async function flushNow(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
