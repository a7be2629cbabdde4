import { TransientError } from '../../domain/errors.ts';
import type { ItemClass } from '../../domain/items/item-class.ts';
import type { FolderRole } from '../../domain/mail.ts';
import { at } from '../exchange-http/connection-errors.ts';
import { folderList, type ExchangeFolder, type FolderList } from '../exchange-http/exchange-folders.ts';
import { problemOf, rightOrThrow, type EwsConnection } from './ews-connection.ts';
import { isFolderGone, problemError } from './ews-errors.ts';
import { getFolders, syncFolderHierarchy, tags, type WellKnownFolder } from './ews-requests.ts';
import { childOf, find, textOf, type XmlElement } from './xml/xml-element.ts';
import { propertyOf } from './xml/extended-property.ts';
import { isFalseText, isTrueText } from './xml/xml-values.ts';

interface EwsFolder extends ExchangeFolder {
  readonly parent: string;
}

/** By id and not by name: names are in the language of the first Outlook that opened the mailbox. */
const wellKnown: readonly (readonly [WellKnownFolder, FolderRole | undefined])[] = [
  ['msgfolderroot', undefined],
  ['inbox', 'inbox'],
  ['sentitems', 'sent'],
  ['drafts', 'drafts'],
  ['deleteditems', 'trash'],
  ['junkemail', 'junk'],
];

/** A mailbox's own folders of other classes; asked for only where those are wanted. */
const wellKnownByClass: readonly (readonly [ItemClass, WellKnownFolder, FolderRole])[] = [
  ['calendar', 'calendar', 'calendar'],
  ['contacts', 'contacts', 'contacts'],
  ['tasks', 'tasks', 'tasks'],
  ['notes', 'notes', 'notes'],
];

/** Every folder below the mailbox's root. */
export async function listFolders(
  connection: EwsConnection,
  mailbox: string,
  classes: readonly ItemClass[],
): Promise<FolderList> {
  const others = wellKnownByClass.filter(([itemClass]) => classes.includes(itemClass));
  const asked = [...wellKnown, ...others.map(([, id, role]) => [id, role] as const)];
  const roles = await wellKnownIds(connection, mailbox, asked);
  const found = await hierarchy(connection, mailbox);
  const byId = new Map(found.map((folder) => [folder.id, folder]));
  return folderList(found, {
    parentOf: ({ parent }) => byId.get(parent),
    roleOf: ({ id }) => roles.get(id),
    classes,
  });
}

/** FolderId to role. A mailbox may lack some: Exchange makes them when they are first used. */
async function wellKnownIds(
  connection: EwsConnection,
  mailbox: string,
  asked: readonly (readonly [WellKnownFolder, FolderRole | undefined])[],
): Promise<ReadonlyMap<string, FolderRole>> {
  const roles = new Map<string, FolderRole>();
  let at = 0;
  await connection.call({
    operation: 'GetFolder',
    body: getFolders(
      asked.map(([id]) => id),
      mailbox,
    ),
    onMessage: (message) => {
      const [name, role] = asked[at] ?? [];
      at += 1;
      const problem = problemOf(message);
      // Without the root or the inbox there is no mailbox; that another one could not be asked for is not its absence.
      const mayLack = name !== 'msgfolderroot' && name !== 'inbox';
      if (problem !== undefined && !(mayLack && isFolderGone(problem)))
        throw problemError(problem, connection.transport.host);
      const id = find(message, 'FolderId')?.attributes['Id'];
      if (id !== undefined && role !== undefined) roles.set(id, role);
    },
  });
  return roles;
}

async function hierarchy(connection: EwsConnection, mailbox: string): Promise<readonly EwsFolder[]> {
  const folders = new Map<string, EwsFolder>();
  let syncState = '';
  for (;;) {
    const told = await askHierarchy(connection, mailbox, syncState);
    for (const change of told?.changes ?? []) {
      for (const element of change.children) {
        const folder = folderOf(element);
        if (folder === undefined) continue;
        if (change.name === 'Delete') folders.delete(folder.id);
        else folders.set(folder.id, folder);
      }
    }
    if (told?.last === true) return [...folders.values()];
    // A server that does not get on would keep us busy for ever, and the folders that it did not name would be missing.
    if (told === undefined || told.syncState === syncState) throw getsNowhere(connection);
    syncState = told.syncState;
  }
}

interface ToldFolders {
  readonly syncState: string;
  readonly last: boolean;
  readonly changes: readonly XmlElement[];
}

/** Undefined: the answer has no message. */
async function askHierarchy(
  connection: EwsConnection,
  mailbox: string,
  syncState: string,
): Promise<ToldFolders | undefined> {
  let told: ToldFolders | undefined;
  await connection.call({
    operation: 'SyncFolderHierarchy',
    body: syncFolderHierarchy(mailbox, syncState),
    onMessage: (message) => {
      rightOrThrow(message, connection.transport.host);
      told = {
        syncState: textOf(message, 'SyncState') ?? '',
        last: !isFalseText(textOf(message, 'IncludesLastFolderInRange')),
        changes: childOf(message, 'Changes')?.children ?? [],
      };
    },
  });
  return told;
}

function getsNowhere(connection: EwsConnection): TransientError {
  const message = at(connection.transport.host, 'SyncFolderHierarchy does not come to an end.');
  return new TransientError({ code: 'SERVER_MISBEHAVES', message });
}

function folderOf(element: XmlElement): EwsFolder | undefined {
  const own = element.name === 'FolderId' ? element : childOf(element, 'FolderId');
  const id = own?.attributes['Id'];
  if (id === undefined) return undefined;
  const name = textOf(element, 'DisplayName') ?? '';
  return {
    id,
    parent: childOf(element, 'ParentFolderId')?.attributes['Id'] ?? '',
    name: name === '' ? '_' : name,
    folderClass: textOf(element, 'FolderClass') ?? '',
    items: Number(textOf(element, 'TotalCount') ?? 0),
    hidden: isTrueText(propertyOf(element, tags.attributeHidden)),
    search: element.name === 'SearchFolder',
  };
}
