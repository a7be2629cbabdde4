import { childOf, type XmlElement } from '../../shared/adapters/ews/xml/xml-element.ts';
import { inSchemaOrder } from './element-order.ts';
import { extended, folderProperty, mapiProperty, pathsAsked } from './ews-properties.ts';
import type { EwsWorld } from './ews-world.ts';
import { el, stamp, type PracticeAttachment, type PracticeContent } from './practice-content.ts';
import type { PracticeFolder, PracticeItem, PracticeMailbox } from './practice-mailbox.ts';

export interface FoundFolder {
  readonly mailbox: PracticeMailbox;
  readonly folder: PracticeFolder;
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
  const named = new Set(pathsAsked(operation).map(({ attributes }) => fieldNamed(attributes['FieldURI'] ?? '')));
  return (uri) => all || named.has(uri);
}

/** Writes an element of a property that is wanted, and nothing of another. */
function elementsOf(operation: XmlElement): (uri: string, tag: string, value: string) => string {
  const wanted = wants(operation);
  return (uri, tag, value) => (wanted(uri) ? el(tag, value) : '');
}

export function folderXml({ mailbox, folder }: FoundFolder, operation: XmlElement): string {
  const wanted = wants(operation);
  const name = folder.search ? 'SearchFolder' : (folderElements[folder.folderClass] ?? 'Folder');
  const children = mailbox.folders.filter(({ parent }) => parent === folder.id).length;
  const element = elementsOf(operation);
  return (
    `<t:${name}><t:FolderId Id="${folder.id}" ChangeKey="AQAAAA=="/>` +
    (wanted('folder:ParentFolderId') ? `<t:ParentFolderId Id="${folder.parent}" ChangeKey="AQAAAA=="/>` : '') +
    element('folder:FolderClass', 'FolderClass', folder.folderClass) +
    element('folder:DisplayName', 'DisplayName', folder.name) +
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

export function itemXml(world: EwsWorld, item: PracticeItem, operation: XmlElement): string {
  const itemClass = item.itemClass ?? 'IPM.Note';
  const name = itemElements.find(([pattern]) => pattern.test(itemClass))?.[1] ?? 'Item';
  const withMime = includesMime(operation) || wants(operation)('item:MimeContent');
  const element = elementsOf(operation);
  if (item.content !== undefined) return contentXml(world, { item, content: item.content, name }, operation);
  const mime = withMime && operation.name === 'GetItem' ? mimeXml(world.mimeOf(item)) : '';
  return (
    `<t:${name}>` +
    mime +
    `<t:ItemId Id="${item.id}" ChangeKey="${changeKey(item)}"/>` +
    element('item:ItemClass', 'ItemClass', itemClass) +
    element('item:Subject', 'Subject', item.subject ?? '') +
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
  const element = elementsOf(operation);
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
  return mime === undefined || !includesMime(operation) ? '' : mimeXml(Buffer.from(mime));
}

function includesMime(operation: XmlElement): boolean {
  return childOf(childOf(operation, 'ItemShape'), 'IncludeMimeContent')?.text === 'true';
}

function mimeXml(mime: Buffer): string {
  return `<t:MimeContent CharacterSet="UTF-8">${mime.toString('base64')}</t:MimeContent>`;
}

function namesField(operation: XmlElement, uri: string): boolean {
  return pathsAsked(operation).some(({ attributes }) => attributes['FieldURI'] === uri);
}

export function changeKey(item: PracticeItem): string {
  return Buffer.from(String(item.changed)).toString('base64');
}

export function attachmentXml(
  attachment: PracticeAttachment,
  id: string,
  { whole }: { readonly whole: boolean },
): string {
  const { name, contentType, contentId, content } = attachment;
  const head = `<t:AttachmentId Id="${id}"/>${el('Name', name)}${el('ContentType', contentType)}${el('ContentId', contentId)}`;
  if (attachment.isItem === true)
    return `<t:ItemAttachment>${head}${whole ? `<t:Message>${mimeXml(content)}</t:Message>` : ''}</t:ItemAttachment>`;
  const octets = `<t:Content>${content.toString('base64')}</t:Content>`;
  return `<t:FileAttachment>${head}${whole ? octets : ''}</t:FileAttachment>`;
}
