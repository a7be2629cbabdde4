import type { ItemMap } from './item-map.ts';
import type { ItemMapStore } from './item-map-store.ts';

/** Items of the maps that are kept in memory, beside the one that is in use: some 500 octets each. */
const itemsInMemory = 200_000;

/** Maps of the folders that were looked at, as of their last look. */
export class KeptMaps {
  readonly #store: ItemMapStore;
  /** The one that was used last at the end. */
  readonly #kept = new Map<string, ItemMap>();

  constructor(store: ItemMapStore) {
    this.#store = store;
  }

  /** As of the last look at the folder, in this slice or an earlier one; undefined: it has another UIDVALIDITY. */
  async get(folder: string, uidValidity: number): Promise<ItemMap | undefined> {
    const map = this.#kept.get(folder) ?? (await this.#store.load(folder)).map;
    if (map.segments === 0 || map.uidValidity !== uidValidity) return undefined;
    this.keep(map);
    return map;
  }

  keep(map: ItemMap): void {
    this.#kept.delete(map.folder);
    this.#kept.set(map.folder, map);
    let items = [...this.#kept.values()].reduce((sum, { size }) => sum + size, 0);
    for (const [folder, { size }] of this.#kept) {
      if (items <= itemsInMemory || folder === map.folder) break;
      this.#kept.delete(folder);
      items -= size;
    }
  }
}
