import { childOf, type XmlElement } from '../../shared/adapters/ews/xml/xml-element.ts';
import { folderValue, itemValue, messageIdOf } from './mapi-values.ts';
import { el, escaped, stamp, unescaped } from './practice-content.ts';
import type { PracticeFolder, PracticeItem, PracticeMailbox } from './practice-mailbox.ts';

/** Several values are those of a property of many (`StringArray`). */
export type PropertyValue = string | readonly string[] | undefined;

/** The MAPI properties that were asked for and are there. */
export function extended(operation: XmlElement, valueOf: (path: XmlElement) => PropertyValue): string {
  return pathsAsked(operation)
    .filter(({ name }) => name === 'ExtendedFieldURI')
    .map((path) => {
      const value = valueOf(path);
      if (value === undefined) return '';
      const { attributes } = path;
      const tag = attributes['PropertyTag'];
      // Exchange answers in lower case and without leading zeros.
      const named = tag === undefined ? attributes : { ...attributes, PropertyTag: `0x${Number(tag).toString(16)}` };
      const asked = Object.entries(named).map(([key, text]) => ` ${key}="${escaped(text)}"`);
      const told =
        typeof value === 'string'
          ? el('Value', value)
          : `<t:Values>${value.map((one) => el('Value', one)).join('')}</t:Values>`;
      return `<t:ExtendedProperty><t:ExtendedFieldURI${asked.join('')}/>${told}</t:ExtendedProperty>`;
    })
    .join('');
}

/** Every property that a request names. */
export function pathsAsked(operation: XmlElement): readonly XmlElement[] {
  const shape = childOf(operation, 'ItemShape') ?? childOf(operation, 'FolderShape');
  return childOf(shape, 'AdditionalProperties')?.children ?? [];
}

/** A property of an item by its tag, or by its number or name in a set. */
export function mapiProperty(item: PracticeItem, { attributes }: XmlElement): PropertyValue {
  const name = attributes['PropertyId'] ?? attributes['PropertyName'];
  if (name === undefined) return itemValue(item, Number(attributes['PropertyTag'] ?? ''));
  return item.content?.properties?.[name] ?? item.content?.lists?.[name];
}

/** Any property of an item as one text, by which it is found and put into order. */
export function itemProperty(item: PracticeItem, path: XmlElement): string | undefined {
  const uri = path.attributes['FieldURI'];
  const value = uri === undefined ? mapiProperty(item, path) : fieldProperty(item, uri);
  return value === undefined || typeof value === 'string' ? value : value.join(' ');
}

function fieldProperty(item: PracticeItem, uri: string): string | undefined {
  switch (uri) {
    case 'item:ItemClass':
      return item.itemClass ?? 'IPM.Note';
    case 'item:DateTimeReceived':
    case 'item:DateTimeCreated':
      return stamp(item.received);
    case 'item:Size':
      return String(item.size);
    default:
      return item.content === undefined ? mailField(item, uri) : contentField(item, uri);
  }
}

function mailField(item: PracticeItem, uri: string): string | undefined {
  switch (uri) {
    case 'item:Subject':
      return item.subject;
    case 'message:IsRead':
      return String(item.read === true);
    case 'message:InternetMessageId':
      return messageIdOf(item);
    default:
      return undefined;
  }
}

/** The words of a field without what is around them. */
function contentField(item: PracticeItem, uri: string): string | undefined {
  const xml = item.content?.fields.find((field) => field.uri === uri)?.xml;
  return xml === undefined ? undefined : unescaped(xml.replace(/<[^>]*>/g, ''));
}

export function folderProperty(
  mailbox: PracticeMailbox,
  folder: PracticeFolder,
  { attributes }: XmlElement,
): string | undefined {
  switch (attributes['FieldURI']) {
    case 'folder:DisplayName':
      return folder.name;
    case 'folder:FolderClass':
      return folder.folderClass;
    default:
      return folderValue(mailbox, folder, Number(attributes['PropertyTag'] ?? ''));
  }
}
