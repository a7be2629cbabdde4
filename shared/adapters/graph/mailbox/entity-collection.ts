import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { ItemRefusedError } from '../../../domain/errors.ts';
import { internalDateSeconds } from '../../../domain/internal-date.ts';
import type { GraphClient } from '../graph-client.ts';
import { graphProblemOf } from '../graph-errors.ts';
import { isThere, missingFiles } from './attachment-parts.ts';
import type { EntityKind } from './entity-kinds.ts';
import { entityOf } from './entity-of.ts';
import type { AttachedFile } from './graph-message.ts';
import { epochMs } from './graph-shapes.ts';
import {
  isUntouched,
  type HalfDoneItems,
  type ItemCollection,
  type ItemToWrite,
  type ListedItem,
  type WrittenItem,
} from './item-collection.ts';
import { decodeHead, encodeHead, headOf } from './item-head.ts';
import { orLost } from './lost-item.ts';
import { decodeMark, encodeMark, placeOf, type ItemMark } from './item-mark.ts';
import type { WritableItem } from './item-writing.ts';

const Times = z.object({
  id: z.string(),
  createdDateTime: z.string().nullish(),
  lastModifiedDateTime: z.string().nullish(),
  changeKey: z.string().nullish(),
});

/**
 * Contacts, events, tasks or notes of one folder. An item that takes several calls says so in its mark until the last
 * of them, which takes that back: what still says so was left half done.
 */
export class EntityCollection implements ItemCollection {
  readonly folder: string;
  readonly #client: GraphClient;
  readonly #session: string;
  readonly #kind: EntityKind;
  /** Path of the items of the folder. */
  readonly #items: string;

  constructor(
    folder: string,
    about: {
      readonly client: GraphClient;
      readonly session: string;
      readonly kind: EntityKind;
      readonly items: string;
    },
  ) {
    this.folder = folder;
    this.#client = about.client;
    this.#session = about.session;
    this.#kind = about.kind;
    this.#items = about.items;
  }

  /** Always all: such folders hold hundreds where folders of mail hold ten thousands. */
  async list(): Promise<readonly ListedItem[]> {
    const listed = await this.#client.all(`${this.#items}?${this.#kind.query}&$top=100`, z.unknown());
    return [...new Map(listed.map((item) => this.#listed(item)).map((item) => [item.id, item])).values()];
  }

  async find(ids: readonly string[]): Promise<readonly ListedItem[]> {
    const wanted = new Set(ids);
    return (await this.list()).filter(({ id }) => wanted.has(id));
  }

  async read(
    ids: readonly string[],
    _whole: boolean,
    deliver: (id: string, octets: Buffer) => void | Promise<void>,
  ): Promise<void> {
    const wanted = new Set(ids);
    const listed = await this.#client.all(`${this.#items}?${this.#kind.query}&$top=100`, z.unknown());
    for (const item of listed) {
      const { id } = Times.parse(item);
      if (!wanted.delete(id)) continue;
      const head = this.#kind.ownText(item)?.head;
      const kept = head === undefined ? undefined : decodeHead(head);
      // What others made has nothing by which it could be known.
      await deliver(id, Buffer.concat([kept ?? Buffer.from('X-Of-Others: yes\r\n'), Buffer.from('\r\n')]));
    }
  }

  keyOf({ octets }: ItemToWrite): string {
    return entityOf(octets).key;
  }

  exists(id: string): Promise<boolean> {
    return isThere(this.#client, this.#kind.itemPath(id));
  }

  async write({ octets, envelope }: ItemToWrite, halfDone: HalfDoneItems): Promise<WrittenItem> {
    const entity = entityOf(octets);
    const item = this.#kind.convert(entity, internalDateSeconds(envelope.internalDate) * 1000);
    const mark: ItemMark = {
      key: entity.key,
      version: entity.version,
      session: this.#session,
      place: placeOf(this.folder),
      parts: item.files.length + item.later.length,
      octets: 0,
      date: internalDateSeconds(envelope.internalDate),
      size: octets.length,
      losses: item.losses,
    };
    const begun = { item, mark, head: encodeHead(headOf(octets)) };
    const half = mark.parts === 0 ? undefined : await halfDone.take(entity.key, entity.version);
    if (half !== undefined) return this.#complete(begun, half);
    const { there, made } = await this.#make(begun);
    if (there !== undefined) return this.#complete(begun, there);
    if (mark.parts === 0) return writtenItem(made, entity.key, item.losses);
    try {
      const losses = await this.#add(begun, { id: made.id, files: item.files, isResumed: false });
      return await this.#seal(begun, made.id, losses);
    } catch (error) {
      if (error instanceof ItemRefusedError) await this.remove(made.id);
      throw orLost(error, this.#client.host);
    }
  }

  /**
   * Events have a transactionId, by which the service makes none twice: where it knows it already, an earlier call of ours
   * was carried out late. It also knows those that were deleted since; then it is made under another one.
   */
  async #make(
    begun: BegunItem,
  ): Promise<
    | { readonly there: ListedItem; readonly made?: undefined }
    | { readonly there?: undefined; readonly made: z.infer<typeof Times> }
  > {
    const { item, mark, head } = begun;
    const body = this.#kind.bodyOf(item, { mark: encodeMark(mark), head });
    try {
      return { made: Times.parse(await this.#client.post(this.#items, body, z.unknown())) };
    } catch (error) {
      if (graphProblemOf(error)?.says('ErrorDuplicateTransactionId') !== true) throw error;
    }
    const there = (await this.list()).find((other) => isSame(other.mark, mark));
    if (there !== undefined) return { there };
    const anew = { ...body, transactionId: randomUUID() };
    return { made: Times.parse(await this.#client.post(this.#items, anew, z.unknown())) };
  }

  /** What an item lacks that is there already, in part or (by a call that was carried out late) as a whole. */
  async #complete(begun: BegunItem, there: ListedItem): Promise<WrittenItem> {
    const { id, mark } = there;
    if (mark?.parts === 0) return { ...there, key: mark.key, losses: mark.losses };
    try {
      const files = await missingFiles(this.#client, this.#kind.itemPath(id), { files: begun.item.files });
      const losses = await this.#add(begun, { id, files, isResumed: true });
      const whole = await this.#seal(begun, id, losses);
      return isUntouched(there) ? whole : { ...whole, changeKey: '' };
    } catch (error) {
      throw orLost(error, this.#client.host);
    }
  }

  async #add(
    { item }: BegunItem,
    about: { readonly id: string; readonly files: readonly AttachedFile[]; readonly isResumed: boolean },
  ): Promise<readonly string[]> {
    const { id, files, isResumed } = about;
    const path = this.#kind.itemPath(id);
    const losses = new Set(item.losses);
    // Its user may have changed it: what he has is kept, and what is missing is said.
    const refused = (error: unknown, loss: string): void => {
      if (!isResumed || !(error instanceof ItemRefusedError)) throw error;
      losses.add(loss);
    };
    for (const file of files) {
      await this.#kind
        .attach(this.#client, path, file)
        .catch((error: unknown) => refused(error, 'attachments-refused'));
    }
    for (const call of item.later) {
      const more = call(this.#client, path, { isResumed });
      for (const loss of await more) losses.add(loss);
    }
    return [...losses];
  }

  /** The last call of an item that took several: from now on it is whole. */
  async #seal({ mark, head }: BegunItem, id: string, losses: readonly string[]): Promise<WrittenItem> {
    const text = { mark: encodeMark({ ...mark, parts: 0, losses }), head };
    const made = Times.parse(await this.#kind.seal(this.#client, this.#kind.itemPath(id), text));
    return writtenItem(made, mark.key, losses);
  }

  async remove(id: string): Promise<void> {
    await this.#client.delete(this.#kind.itemPath(id));
  }

  /** Graph knows no flags of such items. */
  changeFlags(): Promise<void> {
    return Promise.resolve();
  }

  #listed(item: unknown): ListedItem {
    const { id, createdDateTime, lastModifiedDateTime, changeKey } = Times.parse(item);
    const mark = decodeMark(this.#kind.ownText(item)?.mark);
    const created = epochMs(createdDateTime);
    return {
      id,
      created,
      modified: epochMs(lastModifiedDateTime),
      date: mark?.date ?? Math.floor(created / 1000),
      // As it was written: there is no other state of being read.
      flags: ['\\Seen'],
      mark,
      changeKey: changeKey ?? lastModifiedDateTime ?? '',
    };
  }
}

interface BegunItem {
  readonly item: WritableItem;
  readonly mark: ItemMark;
  readonly head: string;
}

function isSame(a: ItemMark | undefined, b: ItemMark): boolean {
  return a?.key === b.key && a.version === b.version;
}

function writtenItem(made: z.infer<typeof Times>, key: string, losses: readonly string[]): WrittenItem {
  const { id, createdDateTime, lastModifiedDateTime, changeKey } = made;
  return { id, created: epochMs(createdDateTime), changeKey: changeKey ?? lastModifiedDateTime ?? '', key, losses };
}

/** Whether an application may not do this here, or the service does not offer it. */
export function isUnavailable(error: unknown): boolean {
  const status = graphProblemOf(error)?.status ?? 0;
  return [400, 403, 404, 405, 501].includes(status);
}
