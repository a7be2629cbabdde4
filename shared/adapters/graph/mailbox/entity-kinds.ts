import { createHash } from 'node:crypto';
import { z } from 'zod';
import { ItemRefusedError } from '../../../domain/errors.ts';
import type { ItemClass } from '../../../domain/items/item-class.ts';
import type { ItemEntity } from '../../../domain/items/item-entity.ts';
import type { GraphClient } from '../graph-client.ts';
import { graphPath } from '../graph-path.ts';
import { attachFile, attachToTask } from './attachment-parts.ts';
import { writableContact, writableList } from './contact-writer.ts';
import { writableEvent } from './event-writer.ts';
import { expansionOf, propertyIds, propertyOf } from './extended-properties.ts';
import type { AttachedFile } from './graph-message.ts';
import { Properties } from './graph-shapes.ts';
import { decodeMark } from './item-mark.ts';
import type { WritableItem } from './item-writing.ts';
import { writableNote } from './note-writer.ts';
import { writableTask } from './task-writer.ts';

/** What of ours stands with an item. */
export interface OwnText {
  readonly mark: string;
  readonly head: string;
}

/** How the items of a class are asked for and written. */
export interface EntityKind {
  /** Of a listing. */
  readonly query: string;
  itemPath(id: string): string;
  ownText(item: unknown): OwnText | undefined;
  /** `dateMs`: epoch milliseconds of INTERNALDATE. */
  convert(entity: ItemEntity, dateMs: number): WritableItem;
  bodyOf(item: WritableItem, own: OwnText): Record<string, unknown>;
  /** `item`: its path. */
  attach(client: GraphClient, item: string, file: AttachedFile): Promise<void>;
  /** Says that the item is whole, and answers with the item. Done twice, it is done once. */
  seal(client: GraphClient, item: string, own: OwnText): Promise<unknown>;
}

interface KindServices {
  readonly user: string;
  /** Graph's id of the folder. */
  readonly folder: string;
  readonly now: () => number;
}

export type EntityClass = Exclude<ItemClass, 'mail'>;

export function entityKind(itemClass: EntityClass, services: KindServices): EntityKind {
  const { user, folder, now } = services;
  switch (itemClass) {
    case 'contacts':
      return {
        ...withProperties,
        itemPath: (id) => graphPath`/users/${user}/contacts/${id}`,
        convert: ({ item }) => {
          if (item.kind === 'contact') return writableContact(item);
          return item.kind === 'distribution-list' ? writableList(item) : refused(item.kind, itemClass);
        },
      };
    case 'calendar':
      return {
        ...withProperties,
        itemPath: (id) => graphPath`/users/${user}/events/${id}`,
        convert: ({ item, key, version }) => {
          if (item.kind !== 'event') return refused(item.kind, itemClass);
          return writableEvent(item, { user, transactionId: uuidOf(folder, key, version), now: now() });
        },
      };
    case 'tasks':
      return {
        ...withLink,
        itemPath: (id) => graphPath`/users/${user}/todo/lists/${folder}/tasks/${id}`,
        convert: ({ item }) => (item.kind === 'task' ? writableTask(item, now()) : refused(item.kind, itemClass)),
      };
    case 'notes':
      return {
        ...withProperties,
        itemPath: (id) => graphPath`/users/${user}/messages/${id}`,
        convert: ({ item }, dateMs) =>
          item.kind === 'note' ? writableNote(item, dateMs) : refused(item.kind, itemClass),
      };
  }
}

function refused(kind: string, itemClass: EntityClass): never {
  const message = `An item of the kind ${kind} does not belong into a folder of ${itemClass}.`;
  throw new ItemRefusedError({ code: 'ITEM_REFUSED', message });
}

const own = [propertyIds.mark, propertyIds.head];
const WithProperties = z.object({ singleValueExtendedProperties: Properties });

function ownProperties({ mark, head }: OwnText): readonly { readonly id: string; readonly value: string }[] {
  return [
    { id: propertyIds.mark, value: mark },
    { id: propertyIds.head, value: head },
  ];
}

/** Contacts, events and messages have extended properties. */
const withProperties = {
  query: `$select=id,createdDateTime,lastModifiedDateTime,changeKey&$expand=${encodeURIComponent(expansionOf(own))}`,
  ownText: (item: unknown): OwnText | undefined => {
    const found = WithProperties.parse(item);
    const [mark, head] = own.map((id) => propertyOf(found, id));
    return mark === undefined || head === undefined ? undefined : { mark, head };
  },
  bodyOf: (item: WritableItem, text: OwnText): Record<string, unknown> => ({
    ...item.body,
    singleValueExtendedProperties: [...item.properties, ...ownProperties(text)],
  }),
  attach: attachFile,
  seal: (client: GraphClient, item: string, text: OwnText): Promise<unknown> =>
    client.patch(item, { singleValueExtendedProperties: ownProperties(text) }, z.unknown()),
};

/** Tasks have none, but they may say where they come from. */
const applicationName = 'Stagecoach';
const Link = z.object({
  id: z.string(),
  applicationName: z.string().nullish(),
  externalId: z.string().nullish(),
});
const WithLinks = z.object({ linkedResources: z.array(Link).nullish() });
const withLink = {
  query: '$expand=linkedResources',
  ownText: (item: unknown): OwnText | undefined => {
    const texts = ownLinks(WithLinks.parse(item).linkedResources ?? []).map(({ text }) => text);
    return texts.find(isOfWhole) ?? texts[0];
  },
  bodyOf: (item: WritableItem, text: OwnText): Record<string, unknown> => ({
    ...item.body,
    linkedResources: [linkOf(text)],
  }),
  attach: attachToTask,
  // The link that says so takes the place of the one that does not: there is always one.
  seal: async (client: GraphClient, item: string, text: OwnText): Promise<unknown> => {
    const links = ownLinks(await client.all(`${item}/linkedResources`, Link));
    if (!links.some((link) => isOfWhole(link.text)))
      await client.post(`${item}/linkedResources`, linkOf(text), z.unknown());
    for (const link of links)
      if (!isOfWhole(link.text)) await client.delete(`${item}${graphPath`/linkedResources/${link.id}`}`);
    return client.get(item, z.unknown());
  },
};

function linkOf({ mark, head }: OwnText): Record<string, string> {
  return { applicationName, displayName: 'Migrated', externalId: `${mark}|${head}` };
}

function ownLinks(links: readonly z.infer<typeof Link>[]): readonly { readonly id: string; readonly text: OwnText }[] {
  return links.flatMap(({ id, applicationName: name, externalId }) => {
    const [mark, head] = (externalId ?? '').split('|');
    return name !== applicationName || mark === undefined || head === undefined ? [] : [{ id, text: { mark, head } }];
  });
}

function isOfWhole({ mark }: OwnText): boolean {
  return decodeMark(mark)?.parts === 0;
}

/** By this the service knows a repeated POST of an event (transactionId), also of one that was deleted since. */
function uuidOf(...names: readonly string[]): string {
  const hash = createHash('sha256').update(names.join('\0')).digest('hex');
  const parts = [hash.slice(0, 8), hash.slice(8, 12), `5${hash.slice(13, 16)}`, `8${hash.slice(17, 20)}`];
  return [...parts, hash.slice(20, 32)].join('-');
}
