import { entityOf } from '../entity-of.ts';
import { isExportedItem, readExportedItem, type ExportedItem } from '../../../../domain/items/exported-item.ts';
import type { HalfDoneItems, ItemCollection, ItemToWrite, ListedItem, WrittenItem } from '../item-collection.ts';
import { decodeHead } from '../item-head.ts';
import type { ItemImport } from './item-import.ts';
import type { FoundItem } from './mailbox-items.ts';

/**
 * A folder of contacts, tasks or notes into which items are imported, and written by Graph where that does not do. It is
 * listed in both ways: what Graph's API of the class cannot show (lists of addresses), or shows without our mark (tasks),
 * the other one has.
 */
export class ImportedCollection implements ItemCollection {
  readonly folder: string;
  readonly #base: ItemCollection;
  readonly #imports: ItemImport;
  /** Id of the folder for imports; undefined: it is not known which one it is, so that nothing is imported into it. */
  readonly #place: () => Promise<string | undefined>;
  #known: Promise<string | undefined> | undefined;

  constructor(
    base: ItemCollection,
    about: {
      readonly imports: ItemImport;
      readonly place: () => Promise<string | undefined>;
    },
  ) {
    this.folder = base.folder;
    this.#base = base;
    this.#imports = about.imports;
    this.#place = about.place;
  }

  async list(since: number | undefined): Promise<readonly ListedItem[]> {
    const [listed, imported] = await Promise.all([this.#base.list(since), this.#ours()]);
    return [...new Map<string, ListedItem>([...listed, ...imported].map((item) => [item.id, item])).values()];
  }

  async find(ids: readonly string[]): Promise<readonly ListedItem[]> {
    const wanted = new Set(ids);
    return (await this.list(undefined)).filter(({ id }) => wanted.has(id));
  }

  async read(
    ids: readonly string[],
    whole: boolean,
    deliver: (id: string, octets: Buffer) => void | Promise<void>,
  ): Promise<void> {
    const heads = new Map<string, Buffer>();
    for (const { id, head } of await this.#ours()) {
      const octets = head === undefined ? undefined : decodeHead(head);
      if (octets !== undefined) heads.set(id, octets);
    }
    for (const id of ids) {
      const head = heads.get(id);
      if (head !== undefined) await deliver(id, Buffer.concat([head, Buffer.from('\r\n')]));
    }
    const others = ids.filter((id) => !heads.has(id));
    if (others.length > 0) await this.#base.read(others, whole, deliver);
  }

  keyOf({ octets, envelope }: ItemToWrite): string {
    return this.#base.keyOf({ octets: unwrapped(octets).mime, envelope });
  }

  async exists(id: string): Promise<boolean> {
    return (await this.#base.exists(id)) || (await this.#ours()).some((item) => item.id === id);
  }

  /**
   * One call makes an imported item, known and whole: a lost answer, or a worker that is killed, leaves it there or not, as
   * the next listing shows. What Graph left half done is gone on with by Graph.
   */
  async write({ octets, envelope }: ItemToWrite, halfDone: HalfDoneItems): Promise<WrittenItem> {
    const { mime, stream } = unwrapped(octets);
    const item = { octets: mime, envelope };
    const folder = await this.#folder();
    if (stream.length === 0 || folder === undefined) return this.#base.write(item, halfDone);
    const entity = entityOf(mime);
    const half = await halfDone.take(entity.key, entity.version);
    if (half !== undefined) return this.#base.write(item, { take: () => Promise.resolve(half) });
    const imported = await this.#imports.write(item, entity, { folder, stream, base: this.#base });
    return imported ?? this.#base.write(item, halfDone);
  }

  async remove(id: string): Promise<void> {
    const folder = await this.#folder();
    if (folder !== undefined && (await this.#imports.items.remove(folder, id)) === 'deleted') return;
    await this.#base.remove(id);
  }

  changeFlags(
    id: string,
    change: { readonly add: readonly string[]; readonly remove: readonly string[] },
  ): Promise<void> {
    return this.#base.changeFlags(id, change);
  }

  async #ours(): Promise<readonly FoundItem[]> {
    const folder = await this.#folder();
    return folder === undefined ? [] : this.#imports.items.ours(folder);
  }

  #folder(): Promise<string | undefined> {
    this.#known ??= this.#place();
    return this.#known;
  }
}

/** Without a stream where it comes as it would without an import. */
function unwrapped(octets: Buffer): ExportedItem {
  return isExportedItem(octets) ? readExportedItem(octets) : { mime: octets, stream: Buffer.alloc(0) };
}
