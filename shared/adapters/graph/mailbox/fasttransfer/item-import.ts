import { internalDateSeconds } from '../../../../domain/internal-date.ts';
import type { ItemClass } from '../../../../domain/items/item-class.ts';
import type { ItemEntity } from '../../../../domain/items/item-entity.ts';
import type { ObjectStore } from '../../../../ports/object-store.ts';
import type { GraphClient } from '../../graph-client.ts';
import { graphProblemOf, isNotFound } from '../../graph-errors.ts';
import { propertyIds } from '../extended-properties.ts';
import type { ItemCollection, ItemToWrite, WrittenItem } from '../item-collection.ts';
import { encodeHead, headOf } from '../item-head.ts';
import { encodeMark, placeOf } from '../item-mark.ts';
import { expectedLook, looksAlike, type ExpectedLook } from './imported-look.ts';
import type { ImportSession } from './import-session.ts';
import { MailboxItems, type FoundItem } from './mailbox-items.ts';
import { markedStream } from './marked-stream.ts';
import { Trial } from './trial.ts';

/** Never the calendar: see readme.md. */
export const importedClasses = ['contacts', 'tasks', 'notes'] as const satisfies readonly ItemClass[];

export interface ItemImportServices {
  readonly client: GraphClient;
  readonly objects: Pick<ObjectStore, 'create' | 'get'>;
  /** Of the mailbox as it is open now, see `ItemMark`. */
  readonly session: string;
  readonly mapsPrefix: string;
}

/**
 * Imports contacts, lists, tasks and notes as Exchange exported them, into the folders where they belong: Graph moves
 * nothing but messages. What makes an item ours stands in its stream, so that one call makes it, known and whole.
 */
export class ItemImport {
  readonly items: MailboxItems;
  readonly #services: ItemImportServices;
  /** Undefined: nothing is imported any more, and what was is listed. */
  readonly #session: ImportSession | undefined;
  /** A folder of ours that nobody sees. */
  readonly #waitingRoom: string;
  /** By folder and kind. */
  readonly #trials = new Map<string, Trial>();
  #noted: Promise<unknown> | undefined;

  constructor(
    services: ItemImportServices,
    place: { readonly mailbox: string; readonly session?: ImportSession; readonly waitingRoom?: string },
  ) {
    this.#services = services;
    this.#session = place.session;
    this.#waitingRoom = place.waitingRoom ?? '';
    this.items = new MailboxItems(services.client, place.mailbox);
  }

  /**
   * Whether the application may list and delete items of every class: else an imported list of addresses could not be
   * found again, or not be replaced.
   */
  async isAllowed(): Promise<boolean> {
    try {
      const folder = await this.items.folderOf('contacts', undefined);
      if (folder === undefined) return false;
      await this.items.ours(folder);
      await this.items.remove(folder, nothing);
      return true;
    } catch (error) {
      const status = graphProblemOf(error)?.status;
      // An id that none has is refused in one way or another once the right is there.
      if (status === 400) return true;
      if (status === 403 || status === 405 || status === 501 || isNotFound(error)) return false;
      throw error;
    }
  }

  /** Whether an earlier slice, or run, has imported items into the mailbox: then they are listed in the same way for good. */
  static async wasUsed({ objects, mapsPrefix }: Pick<ItemImportServices, 'objects' | 'mapsPrefix'>): Promise<boolean> {
    return (await objects.get(noteKey(mapsPrefix))) !== undefined;
  }

  /** Undefined: it is to be written another way, and nothing of it is left. `base`: the same folder, by its class's API. */
  async write(
    item: ItemToWrite,
    entity: ItemEntity,
    to: { readonly folder: string; readonly stream: Buffer; readonly base: ItemCollection },
  ): Promise<WrittenItem | undefined> {
    const expected = expectedLook(entity.item);
    if (expected === undefined || to.stream.length === 0) return undefined;
    const mark = encodeMark({
      key: entity.key,
      version: entity.version,
      session: this.#services.session,
      place: placeOf(to.base.folder),
      parts: 0,
      octets: 0,
      date: internalDateSeconds(item.envelope.internalDate),
      size: item.octets.length,
      losses: [],
    });
    const stream = markedStream(to.stream, [
      { id: propertyIds.mark, value: mark },
      { id: propertyIds.head, value: encodeHead(headOf(item.octets)) },
    ]);
    if (stream === undefined) return undefined;
    const { kind } = entity.item;
    const trial = this.#trial(`${kind} ${to.folder}`);
    return trial.run(async () => {
      if (trial.outcome === 'unknown' && !(await this.#comesOutRight(stream, { mark, expected }))) {
        trial.note('wrong');
        return undefined;
      }
      await this.#note();
      const made = await this.#import(to.folder, stream, { mark, expected });
      if (made === undefined) return undefined;
      // A list of addresses is shown nowhere else.
      const isShown = kind === 'distribution-list' || (await isIn(to.base, made, trial));
      trial.note(isShown ? 'right' : 'wrong');
      if (isShown) return { ...made, key: entity.key, losses: [] };
      await this.items.remove(to.folder, made.id);
      return undefined;
    });
  }

  /** Looked at where nobody sees it: what is in a folder is either known to come out right, or not imported. */
  async #comesOutRight(stream: Buffer, look: Look): Promise<boolean> {
    const probe = await this.#import(this.#waitingRoom, stream, look);
    if (probe === undefined) return false;
    await this.items.remove(this.#waitingRoom, probe.id);
    return true;
  }

  /** Undefined: refused, or it came out wrong and is deleted again. */
  async #import(folder: string, stream: Buffer, { mark, expected }: Look): Promise<FoundItem | undefined> {
    const sent = await this.#session?.send(folder, stream);
    if (sent === undefined || typeof sent === 'string') return undefined;
    const found = await this.items.byMark(folder, mark, [...expected.values.keys()]);
    if (found !== undefined && looksAlike(expected, found)) return found;
    await this.items.remove(folder, found?.id ?? sent.id);
    return undefined;
  }

  /** Before the first item: who opens the mailbox later must know that it holds such. */
  async #note(): Promise<void> {
    const { objects, mapsPrefix } = this.#services;
    this.#noted ??= objects.create(noteKey(mapsPrefix), Buffer.from('{}'));
    await this.#noted;
  }

  #trial(name: string): Trial {
    const known = this.#trials.get(name);
    if (known !== undefined) return known;
    const trial = new Trial();
    this.#trials.set(name, trial);
    return trial;
  }
}

interface Look {
  readonly mark: string;
  readonly expected: ExpectedLook;
}

/** An id that no item has. */
const nothing = 'none';

function noteKey(mapsPrefix: string): string {
  return `${mapsPrefix}imported-items.json`;
}

/** Whether it is shown by the API of its class too, under the same id: looked at once. */
async function isIn(base: ItemCollection, { id }: FoundItem, { outcome }: Trial): Promise<boolean> {
  return outcome === 'right' || (await base.find([id])).length === 1;
}
