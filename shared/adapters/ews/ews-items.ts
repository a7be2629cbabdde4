import { TransientError } from '../../domain/errors.ts';
import { problemOf, type EwsConnection } from './ews-connection.ts';
import { at, isFolderGone, isLostSyncState, problemError, type EwsProblem } from './ews-errors.ts';
import { syncFolderItems, tags } from './ews-requests.ts';
import type { Change, ItemFacts, ItemMap } from './item-map.ts';
import type { ItemMapStore, StoredMap } from './item-map-store.ts';
import { propertyOf } from './xml/extended-property.ts';
import { childOf, textOf, type XmlElement } from './xml/xml-element.ts';

/** Item classes of what is no mail, though it may lie in a mail folder (deleted contacts, say). */
const otherClasses = /^IPM\.(?:Appointment|Contact|DistList|AbchPerson|Task|StickyNote|Activity|Configuration)\b/i;

/** MSGFLAG_UNSENT of PR_MESSAGE_FLAGS, [MS-OXCMSG] section 2.2.1.6. */
const unsent = 0x8;
/** PR_FLAG_STATUS, [MS-OXOFLAG] section 2.2.1.1: 2 is flagged, 1 is done. */
const flagged = '2';
/** PR_LAST_VERB_EXECUTED, [MS-OXOMSG] (PidTagLastVerbExecuted): replied, replied to all, forwarded. */
const replied: readonly string[] = ['102', '103'];
const forwarded = '104';

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
  folder: string,
): Promise<ItemMap | 'missing'> {
  let stored = await store.load(folder);
  let isLost = false;
  for (;;) {
    const { map } = stored;
    const base = isLost ? '' : map.syncState;
    const told = await askChanges(connection, folder, base);
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

async function askChanges(connection: EwsConnection, folder: string, syncState: string): Promise<Told | EwsProblem> {
  let told: Told | EwsProblem | undefined;
  await connection.call({
    operation: 'SyncFolderItems',
    body: syncFolderItems(folder, syncState),
    onMessage: (message) => {
      told = problemOf(message) ?? toldBy(message);
    },
  });
  if (told === undefined) {
    const message = at(connection.transport.host, 'SyncFolderItems was answered without an answer.');
    throw new TransientError({ code: 'SERVER_MISBEHAVES', message });
  }
  return told;
}

function toldBy(message: XmlElement): Told {
  return {
    syncState: textOf(message, 'SyncState') ?? '',
    last: textOf(message, 'IncludesLastItemInRange') !== 'false',
    changes: (childOf(message, 'Changes')?.children ?? []).flatMap(changeOf),
  };
}

function changeOf(change: XmlElement): Change[] {
  switch (change.name) {
    case 'Create':
    case 'Update':
      return change.children.flatMap((element) => {
        const item = factsOf(element);
        return item === undefined ? [] : [{ item }];
      });
    case 'Delete': {
      const gone = childOf(change, 'ItemId')?.attributes['Id'];
      return gone === undefined ? [] : [{ gone }];
    }
    case 'ReadFlagChange': {
      const id = childOf(change, 'ItemId')?.attributes['Id'];
      return id === undefined ? [] : [{ id, read: textOf(change, 'IsRead') === 'true' }];
    }
    default:
      return [];
  }
}

function factsOf(element: XmlElement): ItemFacts | undefined {
  const id = childOf(element, 'ItemId')?.attributes['Id'];
  if (id === undefined) return undefined;
  const itemClass = textOf(element, 'ItemClass') ?? '';
  const date = Date.parse(textOf(element, 'DateTimeReceived') ?? textOf(element, 'DateTimeCreated') ?? '');
  const key = propertyOf(element, tags.searchKey);
  return {
    id,
    size: Math.max(0, Math.trunc(Number(textOf(element, 'Size') ?? 0)) || 0),
    received: Number.isNaN(date) ? 0 : Math.floor(date / 1000),
    flags: flagsOf(element),
    ...(otherClasses.test(itemClass) ? { notMail: itemClass } : {}),
    ...(key === undefined || key === '' ? {} : { key }),
  };
}

function flagsOf(element: XmlElement): string[] {
  const verb = propertyOf(element, tags.lastVerb) ?? '';
  return [
    ...(textOf(element, 'IsRead') === 'true' ? ['\\Seen'] : []),
    ...((Number(propertyOf(element, tags.messageFlags) ?? 0) & unsent) === 0 ? [] : ['\\Draft']),
    ...(propertyOf(element, tags.flagStatus) === flagged ? ['\\Flagged'] : []),
    ...(replied.includes(verb) ? ['\\Answered'] : []),
    ...(verb === forwarded ? ['$Forwarded'] : []),
  ];
}
