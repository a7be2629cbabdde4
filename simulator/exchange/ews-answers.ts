import { childOf, find, type XmlElement } from '../../shared/adapters/ews/xml/xml-element.ts';
import type { PracticeFolder, PracticeItem, PracticeMailbox } from './practice-mailbox.ts';

/** What an operation works with: whose mailboxes may be opened, and how MIME is made. */
export interface EwsWorld {
  /** Of a request that names a mailbox; a string is the code of the refusal. */
  readonly mailbox: (address: string | undefined) => PracticeMailbox | string;
  /** Every mailbox that the account may open: ids are looked up in all of them. */
  readonly mailboxes: readonly PracticeMailbox[];
  readonly mimeOf: (item: PracticeItem) => Buffer;
  /** Most changes in an answer, whatever was asked for. */
  readonly mostChanges: number;
}

/** The body of the answer to one operation; undefined: the practice Exchange does not know it. */
export function answer(world: EwsWorld, operation: XmlElement): string | undefined {
  switch (operation.name) {
    case 'GetFolder':
      return wrapped(
        'GetFolder',
        foldersAsked(operation).map((id) => getFolder(world, operation, id)),
      );
    case 'SyncFolderHierarchy':
      return wrapped('SyncFolderHierarchy', [syncFolderHierarchy(world, operation)]);
    case 'SyncFolderItems':
      return wrapped('SyncFolderItems', [syncFolderItems(world, operation)]);
    case 'FindFolder':
      return wrapped(
        'FindFolder',
        parentsAsked(operation).map((id) => findFolder(world, operation, id)),
      );
    case 'FindItem':
      return wrapped(
        'FindItem',
        parentsAsked(operation).map((id) => findItem(world, operation, id)),
      );
    case 'GetItem':
      return wrapped(
        'GetItem',
        (childOf(operation, 'ItemIds')?.children ?? []).map(({ attributes }) =>
          getItem(world, operation, attributes['Id'] ?? ''),
        ),
      );
    default:
      return undefined;
  }
}

function wrapped(operation: string, messages: readonly string[]): string {
  return `<m:${operation}Response><m:ResponseMessages>${messages.join('')}</m:ResponseMessages></m:${operation}Response>`;
}

function success(operation: string, content: string): string {
  return `<m:${operation}ResponseMessage ResponseClass="Success"><m:ResponseCode>NoError</m:ResponseCode>${content}</m:${operation}ResponseMessage>`;
}

export function failure(operation: string, code: string, backOffMs?: number): string {
  const wait =
    backOffMs === undefined
      ? ''
      : `<m:MessageXml><t:Value Name="BackOffMilliseconds">${String(backOffMs)}</t:Value></m:MessageXml>`;
  return (
    `<m:${operation}ResponseMessage ResponseClass="Error"><m:MessageText>${texts[code] ?? code}</m:MessageText>` +
    `<m:ResponseCode>${code}</m:ResponseCode><m:DescriptiveLinkKey>0</m:DescriptiveLinkKey>${wait}</m:${operation}ResponseMessage>`
  );
}

const texts: Readonly<Record<string, string>> = {
  ErrorItemNotFound: 'The specified object was not found in the store.',
  ErrorNonExistentMailbox: 'The SMTP address has no mailbox associated with it.',
  ErrorAccessDenied: 'Access is denied. Check credentials and try again.',
  ErrorServerBusy: 'The server cannot service this request right now. Try again later.',
  ErrorInvalidSyncStateData: 'Synchronization state data is corrupt or otherwise invalid.',
};

interface Found {
  readonly mailbox: PracticeMailbox;
  readonly folder: PracticeFolder;
}

function foldersAsked(operation: XmlElement): readonly XmlElement[] {
  return childOf(operation, 'FolderIds')?.children ?? [];
}

function parentsAsked(operation: XmlElement): readonly XmlElement[] {
  return childOf(operation, 'ParentFolderIds')?.children ?? [];
}

/** A FolderId or DistinguishedFolderId; a string is the code of the error. */
function folderAt(world: EwsWorld, id: XmlElement | undefined): Found | string {
  const wanted = id?.attributes['Id'] ?? '';
  if (id?.name === 'DistinguishedFolderId') {
    const mailbox = world.mailbox(find(id, 'EmailAddress')?.text);
    if (typeof mailbox === 'string') return mailbox;
    const folder = mailbox.wellKnown(wanted);
    return folder === undefined ? 'ErrorFolderNotFound' : { mailbox, folder };
  }
  for (const mailbox of world.mailboxes) {
    const folder = mailbox.folder(wanted);
    if (folder !== undefined) return { mailbox, folder };
  }
  return 'ErrorItemNotFound';
}

function getFolder(world: EwsWorld, operation: XmlElement, id: XmlElement): string {
  const found = folderAt(world, id);
  if (typeof found === 'string') return failure('GetFolder', found);
  return success('GetFolder', `<m:Folders>${folderXml(found, operation)}</m:Folders>`);
}

function syncFolderHierarchy(world: EwsWorld, operation: XmlElement): string {
  const found = folderAt(world, childOf(operation, 'SyncFolderId')?.children[0]);
  if (typeof found === 'string') return failure('SyncFolderHierarchy', found);
  const creates = below(found).map(
    (folder) => `<t:Create>${folderXml({ mailbox: found.mailbox, folder }, operation)}</t:Create>`,
  );
  return success(
    'SyncFolderHierarchy',
    `<m:SyncState>SDE=</m:SyncState><m:IncludesLastFolderInRange>true</m:IncludesLastFolderInRange><m:Changes>${creates.join('')}</m:Changes>`,
  );
}

function below({ mailbox, folder }: Found): readonly PracticeFolder[] {
  const children = mailbox.folders.filter(({ parent }) => parent === folder.id);
  return children.flatMap((child) => [child, ...below({ mailbox, folder: child })]);
}

function findFolder(world: EwsWorld, operation: XmlElement, id: XmlElement): string {
  const found = folderAt(world, id);
  if (typeof found === 'string') return failure('FindFolder', found);
  const deep = operation.attributes['Traversal'] === 'Deep';
  const folders = deep ? below(found) : found.mailbox.folders.filter(({ parent }) => parent === found.folder.id);
  const list = folders.map((folder) => folderXml({ mailbox: found.mailbox, folder }, operation)).join('');
  return success(
    'FindFolder',
    `<m:RootFolder TotalItemsInView="${String(folders.length)}" IncludesLastItemInRange="true" IndexedPagingOffset="${String(folders.length)}"><t:Folders>${list}</t:Folders></m:RootFolder>`,
  );
}

function findItem(world: EwsWorld, operation: XmlElement, id: XmlElement): string {
  const found = folderAt(world, id);
  if (typeof found === 'string') return failure('FindItem', found);
  const view = childOf(operation, 'IndexedPageItemView');
  const offset = Number(view?.attributes['Offset'] ?? 0);
  const most = Number(view?.attributes['MaxEntriesReturned'] ?? 1000);
  const items = found.mailbox.items(found.folder.id);
  const page = items.slice(offset, offset + most);
  const next = offset + page.length;
  return success(
    'FindItem',
    `<m:RootFolder TotalItemsInView="${String(items.length)}" IncludesLastItemInRange="${String(next >= items.length)}" IndexedPagingOffset="${String(next)}"><t:Items>${page
      .map((item) => itemXml(world, item, operation))
      .join('')}</t:Items></m:RootFolder>`,
  );
}

function getItem(world: EwsWorld, operation: XmlElement, id: string): string {
  const item = world.mailboxes.map((mailbox) => mailbox.item(id)).find((found) => found !== undefined);
  if (item === undefined) return failure('GetItem', 'ErrorItemNotFound');
  if (item.problem !== undefined) return failure('GetItem', item.problem);
  return success('GetItem', `<m:Items>${itemXml(world, item, operation)}</m:Items>`);
}

function syncFolderItems(world: EwsWorld, operation: XmlElement): string {
  const found = folderAt(world, childOf(operation, 'SyncFolderId')?.children[0]);
  if (typeof found === 'string')
    return failure('SyncFolderItems', found === 'ErrorItemNotFound' ? 'ErrorSyncFolderNotFound' : found);
  const since = readSyncState(childOf(operation, 'SyncState')?.text ?? '', found.folder.id);
  const most = Math.min(world.mostChanges, Number(childOf(operation, 'MaxChangesReturned')?.text ?? 512));
  const told = since === null ? null : found.mailbox.changes(found.folder.id, since, most);
  if (told === null) return failure('SyncFolderItems', 'ErrorInvalidSyncStateData');
  const changes = told.changes.map(({ id, kind, item }) => {
    const itemId = `<t:ItemId Id="${id}" ChangeKey="${String(item?.changed ?? 0)}"/>`;
    if (kind === 'Delete' || item === undefined) return `<t:Delete>${itemId}</t:Delete>`;
    if (kind === 'ReadFlagChange')
      return `<t:ReadFlagChange>${itemId}<t:IsRead>${String(item.read === true)}</t:IsRead></t:ReadFlagChange>`;
    return `<t:${kind}>${itemXml(world, item, operation)}</t:${kind}>`;
  });
  return success(
    'SyncFolderItems',
    `<m:SyncState>${writeSyncState(told.until, found.folder.id)}</m:SyncState>` +
      `<m:IncludesLastItemInRange>${String(told.last)}</m:IncludesLastItemInRange><m:Changes>${changes.join('')}</m:Changes>`,
  );
}

/** Opaque to clients: base64, and of one folder only. */
function writeSyncState(until: number, folder: string): string {
  return Buffer.from(`${String(until)} ${folder}`).toString('base64');
}

function readSyncState(text: string, folder: string): number | null {
  if (text === '') return 0;
  const [, until, of] = /^(\d+) (.+)$/.exec(Buffer.from(text, 'base64').toString()) ?? [];
  return of === folder ? Number(until) : null;
}

function wants(operation: XmlElement): (uri: string) => boolean {
  const shape = childOf(operation, 'ItemShape') ?? childOf(operation, 'FolderShape');
  const all = childOf(shape, 'BaseShape')?.text !== 'IdOnly';
  const named = new Set(
    childOf(shape, 'AdditionalProperties')?.children.map(({ attributes }) => attributes['FieldURI']),
  );
  return (uri) => all || named.has(uri);
}

/** Tags of MAPI properties that were asked for, as they were written. */
function tagsAsked(operation: XmlElement): readonly XmlElement[] {
  const shape = childOf(operation, 'ItemShape') ?? childOf(operation, 'FolderShape');
  return childOf(shape, 'AdditionalProperties')?.children.filter(({ name }) => name === 'ExtendedFieldURI') ?? [];
}

function extended(operation: XmlElement, valueOf: (tag: number) => string | undefined): string {
  return tagsAsked(operation)
    .map(({ attributes }) => {
      const tag = parseInt(attributes['PropertyTag'] ?? '', 16);
      const value = valueOf(tag);
      if (value === undefined) return '';
      // Exchange answers in lower case and without leading zeros.
      return `<t:ExtendedProperty><t:ExtendedFieldURI PropertyTag="0x${tag.toString(16)}" PropertyType="${attributes['PropertyType'] ?? ''}"/><t:Value>${value}</t:Value></t:ExtendedProperty>`;
    })
    .join('');
}

function folderXml({ mailbox, folder }: Found, operation: XmlElement): string {
  const wanted = wants(operation);
  const name = folder.search ? 'SearchFolder' : (folderElements[folder.folderClass] ?? 'Folder');
  const children = mailbox.folders.filter(({ parent }) => parent === folder.id).length;
  const element = (uri: string, tag: string, value: string): string =>
    wanted(uri) ? `<t:${tag}>${value}</t:${tag}>` : '';
  return (
    `<t:${name}><t:FolderId Id="${folder.id}" ChangeKey="AQAAAA=="/>` +
    (wanted('folder:ParentFolderId') ? `<t:ParentFolderId Id="${folder.parent}" ChangeKey="AQAAAA=="/>` : '') +
    element('folder:FolderClass', 'FolderClass', folder.folderClass) +
    element('folder:DisplayName', 'DisplayName', characters(folder.name)) +
    element('folder:TotalCount', 'TotalCount', String(mailbox.items(folder.id).length)) +
    element('folder:ChildFolderCount', 'ChildFolderCount', String(children)) +
    extended(operation, (tag) => (tag === 0x10f4 ? String(folder.hidden) : undefined)) +
    `</t:${name}>`
  );
}

const folderElements: Readonly<Record<string, string>> = {
  'IPF.Appointment': 'CalendarFolder',
  'IPF.Contact': 'ContactsFolder',
  'IPF.Task': 'TasksFolder',
};

const itemElements: readonly (readonly [RegExp, string])[] = [
  [/^IPM\.Schedule\.Meeting\.Request/i, 'MeetingRequest'],
  [/^IPM\.Appointment/i, 'CalendarItem'],
  [/^IPM\.Contact/i, 'Contact'],
  [/^IPM\.DistList/i, 'DistributionList'],
  [/^IPM\.Task/i, 'Task'],
  [/^IPM\.Post/i, 'PostItem'],
  [/^IPM\.(?:Note|StickyNote)|^REPORT\./i, 'Message'],
];

function itemXml(world: EwsWorld, item: PracticeItem, operation: XmlElement): string {
  const wanted = wants(operation);
  const itemClass = item.itemClass ?? 'IPM.Note';
  const name = itemElements.find(([pattern]) => pattern.test(itemClass))?.[1] ?? 'Item';
  const shape = childOf(operation, 'ItemShape');
  const withMime = childOf(shape, 'IncludeMimeContent')?.text === 'true' || wanted('item:MimeContent');
  const element = (uri: string, tag: string, value: string): string =>
    wanted(uri) ? `<t:${tag}>${value}</t:${tag}>` : '';
  const mime = withMime && operation.name === 'GetItem' ? world.mimeOf(item).toString('base64') : undefined;
  return (
    `<t:${name}>` +
    (mime === undefined ? '' : `<t:MimeContent CharacterSet="UTF-8">${mime}</t:MimeContent>`) +
    `<t:ItemId Id="${item.id}" ChangeKey="${changeKey(item)}"/>` +
    element('item:ItemClass', 'ItemClass', itemClass) +
    element('item:Subject', 'Subject', characters(item.subject ?? '')) +
    element('item:DateTimeReceived', 'DateTimeReceived', stamp(item.received)) +
    element('item:Size', 'Size', String(item.size)) +
    element('item:DateTimeCreated', 'DateTimeCreated', stamp(item.received)) +
    extended(operation, (tag) => propertyValue(item, tag)) +
    (name === 'Message' ? element('message:IsRead', 'IsRead', String(item.read === true)) : '') +
    `</t:${name}>`
  );
}

function propertyValue(item: PracticeItem, tag: number): string | undefined {
  switch (tag) {
    case 0x0e07:
      return String((item.read === true ? 1 : 0) + (item.draft === true ? 8 : 0));
    case 0x1090:
      return item.flagged === true ? '2' : undefined;
    case 0x1081:
      return item.verb === undefined ? undefined : String(item.verb);
    case 0x300b:
      return item.searchKey;
    default:
      return undefined;
  }
}

function changeKey(item: PracticeItem): string {
  return Buffer.from(String(item.changed)).toString('base64');
}

function stamp(date: Date): string {
  return date.toISOString().replace(/\.\d{3}Z$/, 'Z');
}

/** As Exchange does: characters that XML 1.0 forbids are written as references all the same. */
function characters(text: string): string {
  // eslint-disable-next-line no-control-regex -- they are what this is about
  return text.replace(/[<>&"\x00-\x1f]/g, (char) => `&#x${char.charCodeAt(0).toString(16).toUpperCase()};`);
}
