import { randomUUID } from 'node:crypto';
import { badRequest } from '../graph-failure.ts';
import { objectsAt, textAt, type JsonObject } from '../json-object.ts';
import type { NewItem } from './online-item.ts';
import { extendedValues } from './extended-properties.ts';

/** Members of a body that the service computes, keeps elsewhere, or passes over without a word. */
const notKept = new Set([
  'id',
  'createdDateTime',
  'lastModifiedDateTime',
  'changeKey',
  'receivedDateTime',
  'sentDateTime',
  'hasAttachments',
  'isDraft',
  'bodyPreview',
  'parentFolderId',
  'conversationId',
  'conversationIndex',
  'webLink',
  'attachments',
  'singleValueExtendedProperties',
  'multiValueExtendedProperties',
]);

export function keptProperties(body: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(body).filter(([name]) => !notKept.has(name) && !name.startsWith('@odata.')));
}

/** A message of `POST …/messages`: only extended properties make it anything but a draft of this moment. */
export function newMessage(body: JsonObject, folder: string): NewItem {
  const { single, multiple } = extendedValues(body);
  demandHeaders(body);
  demandReplyTo(body);
  const flags = single.get('Integer 0xe07');
  const readByFlags = flags === undefined || (Number(flags) & 1) !== 0;
  const kept = keptProperties(body);
  return {
    kind: 'message',
    folder,
    single,
    multiple,
    properties: {
      ...kept,
      isRead: typeof body['isRead'] === 'boolean' ? body['isRead'] : readByFlags,
      internetMessageId: textAt(body, 'internetMessageId') ?? `<${randomUUID()}@practice.exchange.test>`,
    },
  };
}

/** Five at the most, and none but custom ones. */
function demandHeaders(body: JsonObject): void {
  const headers = objectsAt(body, 'internetMessageHeaders');
  if (headers.length > 5)
    throw badRequest(
      'The number of internet message headers exceeds the maximum of 5.',
      'ErrorInvalidInternetHeaderCount',
    );
  for (const header of headers)
    if (!/^x-/i.test(textAt(header, 'name') ?? ''))
      throw badRequest(
        "The internet message header name should start with 'x-' or 'X-'.",
        'InvalidInternetMessageHeader',
      );
}

/** Addresses to answer to must be such, or legacy names of Exchange. */
function demandReplyTo(body: JsonObject): void {
  for (const recipient of objectsAt(body, 'replyTo')) {
    const address = recipient['emailAddress'];
    const text = typeof address === 'object' && address !== null && 'address' in address ? String(address.address) : '';
    if (!/^(\S+@\S+|\/o=.+)$/i.test(text))
      throw badRequest('At least one recipient is not valid.', 'ErrorInvalidRecipients');
  }
}
