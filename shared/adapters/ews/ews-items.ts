import { TransientError } from '../../domain/errors.ts';
import type { ItemClass } from '../../domain/items/item-class.ts';
import { problemOf, type EwsConnection } from './ews-connection.ts';
import { at } from '../exchange-http/connection-errors.ts';
import { mailFacts } from '../exchange-http/mail-facts.ts';
import { isFolderGone, isLostSyncState, problemError, type EwsProblem } from './ews-errors.ts';
import { syncFolderItems, tags } from './ews-requests.ts';
import type { Change, ItemFacts, ItemMap } from '../item-map/item-map.ts';
import type { ItemMapStore, StoredMap } from '../item-map/item-map-store.ts';
import { propertyOf } from './xml/extended-property.ts';
import { childOf, textOf, type XmlElement } from './xml/xml-element.ts';
import { isFalseText, isTrueText, momentOfText } from './xml/xml-values.ts';

/** Item classes that belong into folders of other classes than mail. */
const classesOf: Readonly<Record<Exclude<ItemClass, 'mail'>, RegExp>> = {
  contacts: /^IPM\.(?:Contact|DistList|AbchPerson)\b/i,
  calendar: /^IPM\.Appointment\b/i,
  tasks: /^IPM\.Task\b/i,
  notes: /^IPM\.StickyNote\b/i,
};

interface Told {
  readonly syncState: string;
  readonly last: boolean;
  readonly changes: readonly Change[];
}

/**
 * Has the server tell what changed in a folder and keeps it, answer by answer: who is killed in between goes on where it
 * stood. 'missing' where the folder is gone.
 */
export async function syncItems(
  connection: EwsConnection,
  store: ItemMapStore,
  { folder, itemClass }: { readonly folder: string; readonly itemClass: ItemClass },
): Promise<ItemMap | 'missing'> {
  let stored = await store.load(folder);
  let isLost = false;
  for (;;) {
    const { map } = stored;
    const base = isLost ? '' : map.syncState;
    const told = await askChanges(connection, { folder, itemClass, syncState: base });
    if ('code' in told) {
      if (isFolderGone(told)) return 'missing';
      // The map stays: what it knows keeps its UIDs when the folder is listed from the beginning.
      if (!isLostSyncState(told) || base === '') throw problemError(told, connection.transport.host);
      isLost = true;
      continue;
    }
    const anew = base === '';
    if (!told.last && told.changes.length === 0 && told.syncState === base) throw getsNowhere(connection);
    if (told.last && told.changes.length === 0 && !anew && !map.isPartial) return map;
    if (await keep(store, stored, { ...told, anew })) isLost = false;
    else stored = await store.load(folder);
    if (told.last && !stored.map.isPartial) return stored.map;
  }
}

function keep(store: ItemMapStore, stored: StoredMap, told: Told & { readonly anew: boolean }): Promise<boolean> {
  return store.append(stored, store.newSegment(stored.map, { ...told, changes: [...told.changes] }));
}

function getsNowhere(connection: EwsConnection): TransientError {
  const message = at(connection.transport.host, 'SyncFolderItems does not come to an end.');
  return new TransientError({ code: 'SERVER_MISBEHAVES', message });
}

async function askChanges(
  connection: EwsConnection,
  asked: { readonly folder: string; readonly itemClass: ItemClass; readonly syncState: string },
): Promise<Told | EwsProblem> {
  let told: Told | EwsProblem | undefined;
  await connection.call({
    operation: 'SyncFolderItems',
    body: syncFolderItems(asked.folder, asked.syncState),
    onMessage: (message) => {
      told = problemOf(message) ?? toldBy(message, asked.itemClass);
    },
  });
  if (told === undefined) {
    const message = at(connection.transport.host, 'SyncFolderItems was answered without an answer.');
    throw new TransientError({ code: 'SERVER_MISBEHAVES', message });
  }
  return told;
}

function toldBy(message: XmlElement, itemClass: ItemClass): Told {
  return {
    syncState: textOf(message, 'SyncState') ?? '',
    last: !isFalseText(textOf(message, 'IncludesLastItemInRange')),
    changes: (childOf(message, 'Changes')?.children ?? []).flatMap((change) => changeOf(change, itemClass)),
  };
}

function changeOf(change: XmlElement, itemClass: ItemClass): Change[] {
  switch (change.name) {
    case 'Create':
    case 'Update':
      return change.children.flatMap((element) => {
        const item = itemClass === 'mail' ? factsOf(element) : itemFactsOf(element, itemClass);
        return item === undefined ? [] : [{ item }];
      });
    case 'Delete': {
      const gone = childOf(change, 'ItemId')?.attributes['Id'];
      return gone === undefined ? [] : [{ gone }];
    }
    case 'ReadFlagChange': {
      const id = childOf(change, 'ItemId')?.attributes['Id'];
      return id === undefined ? [] : [{ id, read: isTrueText(textOf(change, 'IsRead')) }];
    }
    default:
      return [];
  }
}

function factsOf(element: XmlElement): ItemFacts | undefined {
  const id = childOf(element, 'ItemId')?.attributes['Id'];
  if (id === undefined) return undefined;
  const received =
    momentOfText(textOf(element, 'DateTimeReceived')) ?? momentOfText(textOf(element, 'DateTimeCreated'));
  const isRead = textOf(element, 'IsRead');
  return mailFacts({
    id,
    itemClass: textOf(element, 'ItemClass'),
    size: textOf(element, 'Size'),
    receivedMs: received?.getTime(),
    // What EWS knows as a plain item (a report of delivery, say) has no IsRead, and was read or not all the same.
    isRead: isRead === undefined ? undefined : isTrueText(isRead),
    messageFlags: propertyOf(element, tags.messageFlags),
    flagStatus: propertyOf(element, tags.flagStatus),
    lastVerb: propertyOf(element, tags.lastVerb),
    searchKey: propertyOf(element, tags.searchKey),
  });
}

/** Of an item that is no mail: nobody received it, so that it is as old as it is, and it has no flags. */
function itemFactsOf(element: XmlElement, itemClass: Exclude<ItemClass, 'mail'>): ItemFacts | undefined {
  const facts = factsOf(element);
  if (facts === undefined) return undefined;
  const told = textOf(element, 'ItemClass') ?? '';
  const created = momentOfText(textOf(element, 'DateTimeCreated'));
  return {
    id: facts.id,
    size: facts.size,
    ...(facts.key === undefined ? {} : { key: facts.key }),
    flags: [],
    received: created === undefined ? facts.received : Math.floor(created.getTime() / 1000),
    version: childOf(element, 'ItemId')?.attributes['ChangeKey'] ?? '',
    ...(classesOf[itemClass].test(told) ? {} : { notMail: told === '' ? element.name : told }),
  };
}
