import { childOf, find, type XmlElement } from '../../shared/adapters/ews/xml/xml-element.ts';
import { el, escaped, stamp, type PracticeAttachment, type PracticeContent } from './practice-content.ts';
import { inSchemaOrder } from './element-order.ts';
import { extended, folderProperty, itemProperty, mapiProperty } from './ews-properties.ts';
import { isWanted, sorted } from './ews-restriction.ts';
import { exportedData } from './exported-data.ts';
import type { PracticeFolder, PracticeItem, PracticeMailbox } from './practice-mailbox.ts';
import { getUserOofSettings } from './practice-out-of-office.ts';

/** What an operation works with: whose mailboxes may be opened, and how MIME is made. */
export interface EwsWorld {
  /** Of a request that names a mailbox; a string is the code of the refusal. */
  readonly mailbox: (address: string | undefined) => PracticeMailbox | string;
  /** Every mailbox that the account may open: ids are looked up in all of them. */
  readonly mailboxes: readonly PracticeMailbox[];
  readonly mimeOf: (item: PracticeItem) => Buffer;
  /** Most changes in an answer, whatever was asked for. */
  readonly mostChanges: number;
  /** False: it was asked in the schema of Exchange 2007. */
  readonly is2010: boolean;
  /** SMTP addresses by address of X.500, in lower case. */
  readonly legacyNames: ReadonlyMap<string, { readonly name: string; readonly address: string }>;
}

/** Properties that a request in the schema of Exchange 2007 may not name: it is refused as a whole. */
const since2010: readonly string[] = ['calendar:StartTimeZone', 'calendar:EndTimeZone'];

export function isBeyondSchema(world: Pick<EwsWorld, 'is2010'>, operation: XmlElement): boolean {
  if (world.is2010) return false;
  if (operation.name === 'ExportItems') return true;
  const shape = childOf(operation, 'ItemShape');
  const named = childOf(shape, 'AdditionalProperties')?.children ?? [];
  return named.some(({ attributes }) => since2010.includes(attributes['FieldURI'] ?? ''));
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
    case 'GetAttachment':
      return wrapped(
        'GetAttachment',
        (childOf(operation, 'AttachmentIds')?.children ?? []).map(({ attributes }) =>
          getAttachment(world, attributes['Id'] ?? ''),
        ),
      );
    case 'ExpandDL':
      return wrapped('ExpandDL', [expandList(world, find(operation, 'ItemId')?.attributes['Id'] ?? '')]);
    case 'ResolveNames':
      return wrapped('ResolveNames', [resolveNames(world, childOf(operation, 'UnresolvedEntry')?.text ?? '')]);
    case 'ExportItems':
      return wrapped(
        'ExportItems',
        (childOf(operation, 'ItemIds')?.children ?? []).map(({ attributes }) =>
          exportItem(world, attributes['Id'] ?? ''),
        ),
      );
    case 'ConvertId':
      return wrapped(
        'ConvertId',
        (childOf(operation, 'SourceIds')?.children ?? []).map(({ attributes }) =>
          convertId(world, operation, attributes['Id'] ?? ''),
        ),
      );
    case 'GetUserOofSettingsRequest':
      return getUserOofSettings(world, operation);
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
    `<m:ResponseCode>${code}</m:ResponseCode><m:DescriptiveLinkKey>0</m:DescriptiveLinkKey>${wait}${nothing[operation] ?? ''}</m:${operation}ResponseMessage>`
  );
}

/** What the schema wants to stand there also where there is nothing. */
const nothing: Readonly<Record<string, string>> = {
  GetFolder: '<m:Folders/>',
  GetItem: '<m:Items/>',
  GetAttachment: '<m:Attachments/>',
};

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
  const inside = deep ? below(found) : found.mailbox.folders.filter(({ parent }) => parent === found.folder.id);
  const folders = inside.filter((folder) => isWanted(operation, (path) => folderProperty(found.mailbox, folder, path)));
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
  const wanted = found.mailbox
    .items(found.folder.id)
    .filter((item) => isWanted(operation, (path) => itemProperty(item, path)));
  const items = sorted(wanted, operation, (item) => (path) => itemProperty(item, path));
  const page = items.slice(offset, offset + most);
  const next = offset + page.length;
  return success(
    'FindItem',
    `<m:RootFolder TotalItemsInView="${String(items.length)}" IncludesLastItemInRange="${String(next >= items.length)}" IndexedPagingOffset="${String(next)}"><t:Items>${page
      .map((item) => itemXml(world, item, operation))
      .join('')}</t:Items></m:RootFolder>`,
  );
}

function itemAt(world: EwsWorld, id: string): PracticeItem | undefined {
  return world.mailboxes.map((mailbox) => mailbox.item(id)).find((found) => found !== undefined);
}

function getAttachment(world: EwsWorld, id: string): string {
  const [, owner = '', number = ''] = /^(.*)\.a(\d+)$/.exec(id) ?? [];
  const attachment = contentAt(world, owner)?.content.attachments?.[Number(number)];
  if (attachment === undefined) return failure('GetAttachment', 'ErrorInvalidIdNotAnItemAttachmentId');
  if (attachment.problem !== undefined) return failure('GetAttachment', attachment.problem);
  return success('GetAttachment', `<m:Attachments>${attachmentXml(attachment, id, { whole: true })}</m:Attachments>`);
}

function attachmentXml(attachment: PracticeAttachment, id: string, { whole }: { readonly whole: boolean }): string {
  const { name, contentType, contentId, content } = attachment;
  const head = `<t:AttachmentId Id="${id}"/>${el('Name', name)}${el('ContentType', contentType)}${el('ContentId', contentId)}`;
  const octets = content.toString('base64');
  if (attachment.isItem !== true)
    return `<t:FileAttachment>${head}${whole ? `<t:Content>${octets}</t:Content>` : ''}</t:FileAttachment>`;
  const message = `<t:Message><t:MimeContent CharacterSet="UTF-8">${octets}</t:MimeContent></t:Message>`;
  return `<t:ItemAttachment>${head}${whole ? message : ''}</t:ItemAttachment>`;
}

function expandList(world: EwsWorld, id: string): string {
  const members = itemAt(world, id)?.content?.members;
  if (members === undefined) return failure('ExpandDL', 'ErrorItemNotFound');
  // Exchange 2007 knows no word for an address that is nobody's in the organisation.
  const told = world.is2010 ? members : members.map((xml) => xml.replace('>OneOff<', '>Mailbox<'));
  return success(
    'ExpandDL',
    `<m:DLExpansion TotalItemsInView="${String(members.length)}" IncludesLastItemInRange="true">${told.join('')}</m:DLExpansion>`,
  );
}

function resolveNames(world: EwsWorld, entry: string): string {
  const person = world.legacyNames.get(entry.toLowerCase());
  if (person === undefined) return failure('ResolveNames', 'ErrorNameResolutionNoResults');
  return success(
    'ResolveNames',
    `<m:ResolutionSet TotalItemsInView="1" IncludesLastItemInRange="true"><t:Resolution><t:Mailbox>${el('Name', person.name)}${el('EmailAddress', person.address)}<t:RoutingType>SMTP</t:RoutingType></t:Mailbox></t:Resolution></m:ResolutionSet>`,
  );
}

/** Whose it is, which is what clients ask it for; other forms of ids are not told. */
function convertId(world: EwsWorld, operation: XmlElement, id: string): string {
  const owner = world.mailboxes.find((mailbox) => mailbox.folder(id) !== undefined || mailbox.item(id) !== undefined);
  const format = operation.attributes['DestinationFormat'] ?? 'EwsId';
  if (owner === undefined) return failure('ConvertId', 'ErrorItemNotFound');
  return success(
    'ConvertId',
    `<m:AlternateId xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="t:AlternateIdType" Format="${format}" Id="${id}" Mailbox="${escaped(owner.address)}"/>`,
  );
}

function exportItem(world: EwsWorld, id: string): string {
  const item = itemAt(world, id);
  if (item === undefined) return failure('ExportItems', 'ErrorItemNotFound');
  if (item.problem !== undefined) return failure('ExportItems', item.problem);
  const data = exportedData(item).toString('base64');
  return success('ExportItems', `<m:ItemId Id="${id}" ChangeKey="${changeKey(item)}"/><m:Data>${data}</m:Data>`);
}

/** An item, or an occurrence of one, by its id. */
function contentAt(
  world: EwsWorld,
  id: string,
): { readonly item: PracticeItem; readonly content: PracticeContent; readonly isOccurrence: boolean } | undefined {
  const [, master = id, number] = /^(.*)\.o(\d+)$/.exec(id) ?? [];
  const item = itemAt(world, master);
  const isOccurrence = number !== undefined;
  const content = isOccurrence ? item?.content?.occurrences?.[Number(number)] : item?.content;
  return item === undefined || content === undefined ? undefined : { item, content, isOccurrence };
}

function getItem(world: EwsWorld, operation: XmlElement, id: string): string {
  const found = contentAt(world, id);
  if (found?.isOccurrence === true) {
    if (found.item.problem !== undefined) return failure('GetItem', found.item.problem);
    return success(
      'GetItem',
      `<m:Items>${itemXml(world, { ...found.item, id, content: found.content }, operation)}</m:Items>`,
    );
  }
  const item = itemAt(world, id);
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

/** Entries of a dictionary are asked for one by one, and come together. */
const dictionaries: readonly (readonly [RegExp, string])[] = [
  [/^contacts:EmailAddress$/, 'contacts:EmailAddresses'],
  [/^contacts:PhoneNumber$/, 'contacts:PhoneNumbers'],
  [/^contacts:PhysicalAddress:/, 'contacts:PhysicalAddresses'],
];

function fieldNamed(uri: string): string {
  return dictionaries.find(([pattern]) => pattern.test(uri))?.[1] ?? uri;
}

function wants(operation: XmlElement): (uri: string) => boolean {
  const shape = childOf(operation, 'ItemShape') ?? childOf(operation, 'FolderShape');
  const all = childOf(shape, 'BaseShape')?.text !== 'IdOnly';
  const named = new Set(
    childOf(shape, 'AdditionalProperties')?.children.map(({ attributes }) => fieldNamed(attributes['FieldURI'] ?? '')),
  );
  return (uri) => all || named.has(uri);
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
    element('folder:DisplayName', 'DisplayName', escaped(folder.name)) +
    element('folder:TotalCount', 'TotalCount', String(mailbox.items(folder.id).length)) +
    element('folder:ChildFolderCount', 'ChildFolderCount', String(children)) +
    extended(operation, (path) => folderProperty(mailbox, folder, path)) +
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
  if (item.content !== undefined) return contentXml(world, { item, content: item.content, name }, operation);
  const mime = withMime && operation.name === 'GetItem' ? world.mimeOf(item).toString('base64') : undefined;
  return (
    `<t:${name}>` +
    (mime === undefined ? '' : `<t:MimeContent CharacterSet="UTF-8">${mime}</t:MimeContent>`) +
    `<t:ItemId Id="${item.id}" ChangeKey="${changeKey(item)}"/>` +
    element('item:ItemClass', 'ItemClass', itemClass) +
    element('item:Subject', 'Subject', escaped(item.subject ?? '')) +
    element('item:DateTimeReceived', 'DateTimeReceived', stamp(item.received)) +
    element('item:Size', 'Size', String(item.size)) +
    element('item:DateTimeCreated', 'DateTimeCreated', stamp(item.received)) +
    extended(operation, (path) => mapiProperty(item, path)) +
    (name === 'Message' ? element('message:IsRead', 'IsRead', String(item.read === true)) : '') +
    `</t:${name}>`
  );
}

function contentXml(
  world: EwsWorld,
  { item, content, name }: { readonly item: PracticeItem; readonly content: PracticeContent; readonly name: string },
  operation: XmlElement,
): string {
  const wanted = wants(operation);
  const isAlone = operation.name === 'GetItem';
  const told = content.fields.filter(
    ({ uri, since2010: isNew, until2010: isOld, alone }) =>
      wanted(uri) &&
      (alone !== true || isAlone) &&
      (isNew !== true || world.is2010) &&
      // Newer versions tell it only to those who ask.
      (isOld !== true || !world.is2010 || namesField(operation, uri)),
  );
  const attachments = content.attachments ?? [];
  const listed = attachments.map((one, at) => attachmentXml(one, `${item.id}.a${String(at)}`, { whole: false }));
  const element = (uri: string, tag: string, value: string): string => (wanted(uri) ? el(tag, value) : '');
  const fields = told.map(({ xml }) => xml.replace(/\{occurrence:(\d+)\}/g, (_, at: string) => `${item.id}.o${at}`));
  const elements = [
    isAlone ? contentMime(content, operation) : '',
    `<t:ItemId Id="${item.id}" ChangeKey="${changeKey(item)}"/>`,
    element('item:ItemClass', 'ItemClass', item.itemClass ?? ''),
    isAlone && wanted('item:Attachments') && listed.length > 0
      ? `<t:Attachments>${listed.join('')}</t:Attachments>`
      : '',
    element('item:DateTimeReceived', 'DateTimeReceived', stamp(item.received)),
    element('item:Size', 'Size', String(item.size)),
    element('item:DateTimeCreated', 'DateTimeCreated', stamp(item.received)),
    element('item:HasAttachments', 'HasAttachments', String(listed.length > 0)),
    extended(operation, (path) => mapiProperty(item, path)),
    ...fields,
  ];
  return `<t:${name}>${inSchemaOrder(name, elements)}</t:${name}>`;
}

function contentMime({ mime }: PracticeContent, operation: XmlElement): string {
  if (mime === undefined || childOf(childOf(operation, 'ItemShape'), 'IncludeMimeContent')?.text !== 'true') return '';
  return `<t:MimeContent CharacterSet="UTF-8">${Buffer.from(mime).toString('base64')}</t:MimeContent>`;
}

function namesField(operation: XmlElement, uri: string): boolean {
  const shape = childOf(operation, 'ItemShape');
  const named = childOf(shape, 'AdditionalProperties')?.children ?? [];
  return named.some(({ attributes }) => attributes['FieldURI'] === uri);
}

function changeKey(item: PracticeItem): string {
  return Buffer.from(String(item.changed)).toString('base64');
}
