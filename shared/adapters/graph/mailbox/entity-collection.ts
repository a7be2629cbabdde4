import { z } from 'zod';
import { ItemRefusedError } from '../../../domain/errors.ts';
import { internalDateSeconds } from '../../../domain/item-digest.ts';
import { readItemEntity, type NeutralEntity } from '../../../domain/items/item-entity.ts';
import type { GraphClient } from '../graph-client.ts';
import { graphProblemOf, isNotFound } from '../graph-errors.ts';
import type { EntityKind } from './entity-kinds.ts';
import { epochMs } from './graph-shapes.ts';
import type { ItemCollection, ItemToWrite, ListedItem, WrittenItem } from './item-collection.ts';
import { decodeHead, encodeHead, headOf } from './item-head.ts';
import { decodeMark, encodeMark, type ItemMark } from './item-mark.ts';

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

  async write({ octets, envelope }: ItemToWrite): Promise<WrittenItem> {
    const entity = entityOf(octets);
    const item = this.#kind.convert(entity, internalDateSeconds(envelope.internalDate) * 1000);
    const mark: ItemMark = {
      key: entity.key,
      version: entity.version,
      session: this.#session,
      parts: item.later.length,
      octets: 0,
      date: internalDateSeconds(envelope.internalDate),
      size: octets.length,
      losses: item.losses,
    };
    const head = encodeHead(headOf(octets));
    const made = Times.parse(
      await this.#client.post(this.#items, this.#kind.bodyOf(item, { mark: encodeMark(mark), head }), z.unknown(), {
        isRepeatable: this.#kind.isRepeatable,
      }),
    );
    if (item.later.length === 0) return writtenItem(made, entity.key, item.losses);
    const path = this.#kind.itemPath(made.id);
    try {
      const more: string[] = [];
      for (const call of item.later) more.push(...(await call(this.#client, path)));
      const losses = [...new Set([...item.losses, ...more])];
      const whole = this.#kind.patchOf({ mark: encodeMark({ ...mark, parts: 0, losses }), head });
      return writtenItem(Times.parse(await this.#client.patch(path, whole, z.unknown())), entity.key, losses);
    } catch (error) {
      if (error instanceof ItemRefusedError) await this.remove(made.id);
      throw error;
    }
  }

  /** The last call takes the number of parts back to 0. */
  isWhole({ mark }: ListedItem): Promise<boolean> {
    return Promise.resolve(mark === undefined || mark.parts === 0);
  }

  async remove(id: string): Promise<void> {
    await this.#client.delete(this.#kind.itemPath(id));
  }

  /** Graph knows no flags of such items. */
  changeFlags(): Promise<void> {
    return Promise.resolve();
  }

  /** Graph moves messages alone. */
  async take(id: string): Promise<WrittenItem | undefined> {
    try {
      const there = Times.parse(await this.#client.get(this.#kind.itemPath(id), z.unknown()));
      return writtenItem(there, '', []);
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
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

function entityOf(octets: Buffer): NeutralEntity {
  const entity = read(octets);
  if (entity?.form === 'neutral') return entity;
  throw new ItemRefusedError({
    code: 'ITEM_REFUSED',
    message: 'Graph takes no item of this form into a folder of this kind.',
  });
}

function read(octets: Buffer): ReturnType<typeof readItemEntity> {
  try {
    return readItemEntity(octets);
  } catch (error) {
    throw new ItemRefusedError({ code: 'ITEM_REFUSED', message: 'The item cannot be read.', cause: error });
  }
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
