import type { ObjectStore } from '../../../shared/ports/object-store.ts';

/** Objects that are forgotten; one version a key, whose name is what `versionOf` made of it. */
export class MemoryObjectStore implements ObjectStore {
  readonly #objects = new Map<string, { readonly octets: Uint8Array; readonly version: string }>();

  /** Puts an object with a version of its own, as an upload does. */
  upload(key: string, text: string, version: string): void {
    this.#objects.set(key, { octets: new TextEncoder().encode(text), version });
  }

  text(key: string): string | undefined {
    const found = this.#objects.get(key);
    return found === undefined ? undefined : new TextDecoder().decode(found.octets);
  }

  keys(): readonly string[] {
    return [...this.#objects.keys()].sort();
  }

  create(key: string, octets: Uint8Array): Promise<'created' | 'exists'> {
    if (this.#objects.has(key)) return Promise.resolve('exists');
    this.#objects.set(key, { octets, version: '' });
    return Promise.resolve('created');
  }

  put(key: string, octets: Uint8Array): Promise<string> {
    this.#objects.set(key, { octets, version: '' });
    return Promise.resolve('');
  }

  get(key: string, version?: string): Promise<Uint8Array | undefined> {
    const found = this.#objects.get(key);
    return Promise.resolve(version === undefined || found?.version === version ? found?.octets : undefined);
  }

  async stream(key: string, version?: string): Promise<AsyncIterable<Uint8Array> | undefined> {
    const octets = await this.get(key, version);
    return octets === undefined ? undefined : pieces(octets);
  }

  async *list(prefix: string): AsyncIterable<string> {
    for (const key of this.keys()) if (key.startsWith(prefix)) yield key;
    await Promise.resolve();
  }

  remove(key: string, version?: string): Promise<void> {
    if (version === undefined || this.#objects.get(key)?.version === version) this.#objects.delete(key);
    return Promise.resolve();
  }

  locate(key: string): string {
    return `memory:${key}`;
  }
}

async function* pieces(octets: Uint8Array): AsyncIterable<Uint8Array> {
  for (let from = 0; from < octets.length; from += 1000) yield octets.subarray(from, from + 1000);
  await Promise.resolve();
}
