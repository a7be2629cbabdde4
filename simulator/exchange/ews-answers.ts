import { childOf, find, type XmlElement } from '../../shared/adapters/ews/xml/xml-element.ts';
import { folderProperty, itemProperty, pathsAsked } from './ews-properties.ts';
import { isWanted, sorted } from './ews-restriction.ts';
import { attachmentXml, changeKey, folderXml, itemXml, type FoundFolder } from './ews-shapes.ts';
import type { EwsWorld } from './ews-world.ts';
import { exportedData } from './exported-data.ts';
import { el, escaped, type PracticeContent } from './practice-content.ts';
import type { PracticeFolder, PracticeItem } from './practice-mailbox.ts';
import { getUserOofSettings } from './practice-out-of-office.ts';
import { failure, responseMessages, success } from './response-messages.ts';

/** Properties that a request in the schema of Exchange 2007 may not name: it is refused as a whole. */
const since2010: readonly string[] = ['calendar:StartTimeZone', 'calendar:EndTimeZone'];

export function isBeyondSchema(world: Pick<EwsWorld, 'is2010'>, operation: XmlElement): boolean {
  if (world.is2010) return false;
  if (operation.name === 'ExportItems') return true;
  return pathsAsked(operation).some(({ attributes }) => since2010.includes(attributes['FieldURI'] ?? ''));
}

/** The body of the answer to one operation; undefined: the practice Exchange does not know it. */
export function answer(world: EwsWorld, operation: XmlElement): string | undefined {
  if (operation.name === 'GetUserOofSettingsRequest') return getUserOofSettings(world, operation);
  const messages = messagesOf(world, operation);
  return messages === undefined ? undefined : responseMessages(operation.name, messages);
}

function messagesOf(world: EwsWorld, operation: XmlElement): readonly string[] | undefined {
  switch (operation.name) {
    case 'GetFolder':
      return askedIn(operation, 'FolderIds').map((id) => getFolder(world, operation, id));
    case 'SyncFolderHierarchy':
      return [syncFolderHierarchy(world, operation)];
    case 'SyncFolderItems':
      return [syncFolderItems(world, operation)];
    case 'FindFolder':
      return askedIn(operation, 'ParentFolderIds').map((id) => findFolder(world, operation, id));
    case 'FindItem':
      return askedIn(operation, 'ParentFolderIds').map((id) => findItem(world, operation, id));
    case 'GetItem':
      return idsIn(operation, 'ItemIds').map((id) => getItem(world, operation, id));
    case 'GetAttachment':
      return idsIn(operation, 'AttachmentIds').map((id) => getAttachment(world, id));
    case 'ExpandDL':
      return [expandList(world, find(operation, 'ItemId')?.attributes['Id'] ?? '')];
    case 'ResolveNames':
      return [resolveNames(world, childOf(operation, 'UnresolvedEntry')?.text ?? '')];
    case 'ExportItems':
      return idsIn(operation, 'ItemIds').map((id) => exportItem(world, id));
    case 'ConvertId':
      return idsIn(operation, 'SourceIds').map((id) => convertId(world, operation, id));
    default:
      return undefined;
  }
}

function askedIn(operation: XmlElement, name: string): readonly XmlElement[] {
  return childOf(operation, name)?.children ?? [];
}

function idsIn(operation: XmlElement, name: string): readonly string[] {
  return askedIn(operation, name).map(({ attributes }) => attributes['Id'] ?? '');
}

/** A FolderId or DistinguishedFolderId; a string is the code of the error. */
function folderAt(world: EwsWorld, id: XmlElement | undefined): FoundFolder | string {
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

function below({ mailbox, folder }: FoundFolder): readonly PracticeFolder[] {
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
