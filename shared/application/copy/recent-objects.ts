import { setImmediate } from 'node:timers/promises';
import type { ObjectStore } from '../../ports/object-store.ts';

/** Octets that are kept: the ledger of 10,000 items takes 3.5 MB. */
const mostOctets = 6 * 1024 * 1024;

/**
 * The store of one slice, which keeps the newest write-once objects that the slice itself made: at its end it walks the
 * ledger that it has just written, newest first, and each read would cost a round trip. An object of that kind never
 * changes, so what is kept is what is stored; what another worker made is always read from the store.
 */
export function keepingRecent(objects: ObjectStore): ObjectStore {
  const recent = new Map<string, Uint8Array>();
  let kept = 0;
  const keep = (key: string, octets: Uint8Array): void => {
    if (octets.length > mostOctets) return;
    recent.set(key, octets);
    kept += octets.length;
    for (const [oldest, { length }] of recent) {
      if (kept <= mostOctets) return;
      recent.delete(oldest);
      kept -= length;
    }
  };
  return {
    create: async (key, octets) => {
      const outcome = await objects.create(key, octets);
      if (outcome === 'created') keep(key, octets);
      return outcome;
    },
    put: (key, octets, contentType) => objects.put(key, octets, contentType),
    get: async (key, version) => {
      const known = version === undefined ? recent.get(key) : undefined;
      if (known === undefined) return objects.get(key, version);
      // Sockets get their turn, as they do while a store is asked.
      await setImmediate();
      return known;
    },
    stream: (key, version) => objects.stream(key, version),
    list: (prefix) => objects.list(prefix),
    remove: (key, version) => objects.remove(key, version),
    locate: (key) => objects.locate(key),
  };
}
