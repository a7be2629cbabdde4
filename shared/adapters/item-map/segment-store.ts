import { createHash } from 'node:crypto';
import { gunzipSync, gzipSync } from 'node:zlib';
import type { z } from 'zod';
import type { Logger } from '../../ports/logger.ts';
import type { ObjectStore } from '../../ports/object-store.ts';

/** Segments of a map that are read at a time. */
const readAhead = 16;

/** What is the sum of its segments, in their order. */
export interface SegmentedMap<Segment> {
  readonly folder: string;
  /** Segments that were applied. */
  readonly segments: number;
  apply(segment: Segment): void;
}

/** A map with the place where its next segment goes. */
export interface StoredMap<M> {
  readonly map: M;
  readonly generation: number;
}

/**
 * Keeps maps of items: `<mailbox>/<folder>/<generation>/<segment>`, every object written once. The number of the next
 * segment is the lock: of two who want to write it one does, and the other reads it and goes on from there. So a step may
 * run twice, and nobody needs to hold a lease. A map that cannot be read is left where it is, and another generation
 * begins, whose UIDVALIDITY is another one.
 */
export class SegmentStore<Segment extends { readonly folder: string }, M extends SegmentedMap<Segment>> {
  readonly #objects: Pick<ObjectStore, 'create' | 'get'>;
  readonly #prefix: string;
  readonly #schema: z.ZodType<Segment>;
  readonly #newMap: (folder: string) => M;
  readonly #log: Logger | undefined;

  constructor(services: {
    readonly objects: Pick<ObjectStore, 'create' | 'get'>;
    readonly prefix: string;
    readonly schema: z.ZodType<Segment>;
    readonly newMap: (folder: string) => M;
    readonly log?: Logger | undefined;
  }) {
    this.#objects = services.objects;
    this.#prefix = services.prefix;
    this.#schema = services.schema;
    this.#newMap = services.newMap;
    this.#log = services.log;
  }

  async load(folder: string): Promise<StoredMap<M>> {
    for (let generation = 0; ; generation += 1) {
      const stored = { map: this.#newMap(folder), generation };
      if (await this.catchUp(stored)) return stored;
      this.#log?.warn('A list of items cannot be read: the folder is listed anew', { generation });
    }
  }

  /** False: somebody else wrote this segment; `catchUp` reads it. */
  async append({ map, generation }: StoredMap<M>, segment: Segment): Promise<boolean> {
    const octets = gzipSync(JSON.stringify(segment));
    const key = this.#key(map.folder, generation, map.segments);
    const created = await this.#objects.create(key, octets);
    // Our own write, whose reply was lost and which was sent again.
    if (created === 'exists' && !isEqual(await this.#objects.get(key), octets)) return false;
    map.apply(segment);
    return true;
  }

  /** Applies what was written behind what the map knows. False: it is there and cannot be read. */
  async catchUp({ map, generation }: StoredMap<M>): Promise<boolean> {
    for (;;) {
      const first = map.segments;
      const keys = Array.from({ length: first === 0 ? 1 : readAhead }, (_, at) =>
        this.#key(map.folder, generation, first + at),
      );
      const objects = await Promise.all(keys.map((key) => this.#objects.get(key)));
      const end = objects.indexOf(undefined);
      const there = end === -1 ? objects : objects.slice(0, end);
      // One that is missing in the middle: what comes behind it was decided by what it said.
      const behind = end === -1 ? [] : objects.slice(end + 1);
      if (end === keys.length - 1) {
        behind.push(await this.#objects.get(this.#key(map.folder, generation, first + end + 1)));
      }
      if (behind.some((object) => object !== undefined)) return false;
      for (const octets of there) {
        const segment = octets === undefined ? undefined : this.#decoded(octets);
        if (segment?.folder !== map.folder) return false;
        map.apply(segment);
      }
      if (end !== -1) return true;
    }
  }

  #decoded(octets: Uint8Array): Segment | undefined {
    let written: unknown;
    try {
      written = JSON.parse(gunzipSync(octets).toString('utf8'));
    } catch {
      // Cut off or altered: as good as lost.
      return undefined;
    }
    return this.#schema.safeParse(written).data;
  }

  #key(folder: string, generation: number, segment: number): string {
    return `${this.#prefix}${hash(folder)}/${String(generation)}/${String(segment).padStart(7, '0')}.json.gz`;
  }
}

function isEqual(stored: Uint8Array | undefined, octets: Buffer): boolean {
  return stored !== undefined && octets.equals(stored);
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 32);
}
