import { randomUUID } from 'node:crypto';
import type { JsonObject } from '../json-object.ts';
import type { ItemKind, NewItem, OnlineAttachment } from '../store/online-item.ts';
import { PropertyValues } from './property-values.ts';
import { contactProperties, eventProperties, taskProperties } from './transferred-classes.ts';
import type { TransferredAttachment, TransferredMessage, TransferredProperty } from './transferred-property.ts';

const publicStrings = '00020329-0000-0000-c000-000000000046';
const importances = ['low', 'normal', 'high'];

/**
 * A transferred item as one of the store. Nothing is sent to anybody, whatever attendees it has: the stream writes the
 * store alone.
 */
export function transferredItem(message: TransferredMessage, folder: string): NewItem {
  const values = new PropertyValues(message.properties);
  const kind = kindOf(values.text(0x1a) ?? 'IPM.Note');
  return {
    kind,
    folder,
    properties: propertiesOf(kind, message, values),
    single: values.single(),
    multiple: values.multiple(),
    attachments: message.attachments.map(attachmentOf),
  };
}

function kindOf(messageClass: string): ItemKind {
  if (/^IPM\.(Contact|DistList)\b/i.test(messageClass)) return 'contact';
  if (/^IPM\.Appointment\b/i.test(messageClass)) return 'event';
  return /^IPM\.Task\b/i.test(messageClass) ? 'task' : 'message';
}

function propertiesOf(kind: ItemKind, message: TransferredMessage, values: PropertyValues): JsonObject {
  const categories = values.named(publicStrings, 'Keywords');
  const common = {
    body: bodyOf(values),
    categories: Array.isArray(categories) ? categories : [],
    importance: importances[values.number(0x17) ?? 1] ?? 'normal',
  };
  const subject = values.text(0x37) ?? `${values.text(0x3d) ?? ''}${values.text(0x0e1d) ?? ''}`;
  switch (kind) {
    case 'contact':
      return {
        ...contactProperties(values, subject),
        personalNotes: common.body['content'],
        categories: common.categories,
      };
    case 'event':
      return { ...common, subject, ...eventProperties(values), attendees: people(message, [1, 2, 3]) };
    case 'task':
      return { ...common, ...taskProperties(values), title: subject };
    case 'message':
      return { ...common, subject, ...messageProperties(message, values) };
  }
}

function messageProperties(message: TransferredMessage, values: PropertyValues): JsonObject {
  const flagged = ['notFlagged', 'complete', 'flagged'][values.number(0x1090) ?? 0];
  return {
    from: person(values.text(0x42), values.text(0x5d02, 0x65)),
    sender: person(values.text(0x0c1a), values.text(0x5d01, 0x0c1f)),
    toRecipients: people(message, [1]),
    ccRecipients: people(message, [2]),
    bccRecipients: people(message, [3]),
    isRead: ((values.number(0x0e07) ?? 0) & 1) !== 0,
    internetMessageId: values.text(0x1035) ?? `<${randomUUID()}@practice.exchange.test>`,
    flag: { flagStatus: flagged ?? 'notFlagged' },
  };
}

function bodyOf(values: PropertyValues): JsonObject {
  const html = values.octets(0x1013)?.toString('utf8') ?? values.text(0x1013);
  return html === undefined
    ? { contentType: 'text', content: values.text(0x1000) ?? '' }
    : { contentType: 'html', content: html };
}

function people({ recipients }: TransferredMessage, kinds: readonly number[]): readonly JsonObject[] {
  return recipients
    .map((properties) => new PropertyValues(properties))
    .filter((values) => kinds.includes((values.number(0x0c15) ?? 1) & 0xf))
    .map((values) => person(values.text(0x3001), values.text(0x39fe, 0x3003)));
}

function person(name: string | undefined, address: string | undefined): JsonObject {
  return { emailAddress: { name: name ?? address ?? '', address: address ?? '' } };
}

function attachmentOf({ properties, embedded }: TransferredAttachment): OnlineAttachment {
  const values = new PropertyValues(properties);
  const name = values.text(0x3707, 0x3704, 0x3001) ?? 'untitled';
  const inner = embedded === undefined ? undefined : transferredItem(embedded, '');
  return {
    id: `AAMkAT${randomUUID().replaceAll('-', '')}=`,
    type: `#microsoft.graph.${inner === undefined ? 'fileAttachment' : 'itemAttachment'}`,
    properties: {
      name,
      contentType: values.text(0x370e) ?? null,
      isInline: isHidden(properties),
      ...(inner === undefined ? { contentId: values.text(0x3712) ?? null } : { item: inner.properties }),
    },
    content: values.octets(0x3701) ?? Buffer.alloc(0),
    modified: 0,
  };
}

function isHidden(properties: readonly TransferredProperty[]): boolean {
  return properties.some(({ id, value }) => id === 0x7ffe && value === true);
}
