import { z } from 'zod';
import type { ObjectStore } from '../../ports/object-store.ts';
import { readNamed, storeNamed } from './ledger.ts';

const Settled = z.array(z.object({ target: z.string(), from: z.int() }));

/**
 * The target folders in which a window was settled, each with the UID from which a late twin may turn up. A write-once
 * object that the PASS item names, since there may be more folders than fit into it.
 */
export class SettledFolders {
  readonly #objects: ObjectStore;
  readonly #from: Map<string, number>;

  private constructor(objects: ObjectStore, from: Map<string, number>) {
    this.#objects = objects;
    this.#from = from;
  }

  static async load(objects: ObjectStore, key: string | null): Promise<SettledFolders> {
    const entries = key === null ? [] : await readNamed(objects, key, Settled);
    return new SettledFolders(objects, new Map(entries.map((entry) => [entry.target, entry.from])));
  }

  from(target: string): number | null {
    return this.#from.get(target) ?? null;
  }

  add(target: string, from: number): void {
    this.#from.set(target, Math.min(from, this.#from.get(target) ?? from));
  }

  async store(prefix: string, token: number): Promise<string | null> {
    if (this.#from.size === 0) return null;
    const entries = [...this.#from].map(([target, from]) => ({ target, from }));
    return storeNamed(this.#objects, `${prefix}/settled-${String(token)}`, entries);
  }
}
