import { randomBytes } from 'node:crypto';
import type { Logger } from '../../ports/logger.ts';
import type { ObjectStore } from '../../ports/object-store.ts';
import { SegmentStore, type StoredMap as StoredSegments } from './segment-store.ts';
import { ItemMap, MapSegment } from './item-map.ts';

/** A map with the place where its next segment goes. */
export type StoredMap = StoredSegments<ItemMap>;

/** Keeps the item maps of a source mailbox. */
export class ItemMapStore extends SegmentStore<MapSegment, ItemMap> {
  constructor(services: {
    readonly objects: Pick<ObjectStore, 'create' | 'get'>;
    readonly prefix: string;
    readonly log?: Logger | undefined;
  }) {
    super({ ...services, schema: MapSegment, newMap: (folder) => new ItemMap(folder) });
  }

  override async load(folder: string): Promise<StoredMap> {
    const stored = await super.load(folder);
    stored.map.noteRead();
    return stored;
  }

  /** What the server told, as the map's next segment. */
  newSegment(map: ItemMap, told: Omit<MapSegment, 'schema' | 'folder' | 'nonce'>): MapSegment {
    return { schema: 1, folder: map.folder, nonce: randomBytes(8).toString('hex'), ...told };
  }
}
