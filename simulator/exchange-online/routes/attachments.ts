import { randomUUID } from 'node:crypto';
import { badRequest, GraphFailure, itemNotFound } from '../graph-failure.ts';
import { created, noContent, ok, type GraphAnswer, type GraphCall, type Route } from '../graph-call.ts';
import { numberAt, objectAt, objectsAt, textAt, type JsonObject } from '../json-object.ts';
import { limitKey } from '../limit-key.ts';
import { mailboxOf, userOf } from '../mailbox-of-call.ts';
import { selected } from '../odata/collection.ts';
import { permissions } from '../permissions.ts';
import type { OnlineAttachment, OnlineItem } from '../store/online-item.ts';
import type { OnlineMailbox } from '../store/online-mailbox.ts';
import { attachmentJson } from './attachment-json.ts';
import { jsonCollection } from './collection-answer.ts';

const smallestSession = 3 * 1024 * 1024;
const largestSession = 150 * 1024 * 1024;
const largestDirect = 3 * 1024 * 1024;
const mostAttachments = 250;

export const attachmentRoutes: readonly Route[] = (
  [
    ['messages', permissions.readMail, permissions.writeMail],
    ['events', permissions.readCalendars, permissions.writeCalendars],
  ] as const
).flatMap(([of, readers, writers]): readonly Route[] => [
  { method: 'GET', pattern: `/users/:user/${of}/:item/attachments`, permissions: readers, answer: list },
  {
    method: 'POST',
    pattern: `/users/:user/${of}/:item/attachments`,
    permissions: writers,
    body: 'attachment',
    answer: add,
  },
  {
    method: 'POST',
    pattern: `/users/:user/${of}/:item/attachments/createUploadSession`,
    permissions: writers,
    body: 'createUploadSession',
    answer: openSession,
  },
  {
    method: 'GET',
    pattern: `/users/:user/${of}/:item/attachments/:attachment`,
    permissions: readers,
    answer: (call) => ok(selected(attachmentJson(attachmentOf(call).attachment), call.query.get('$select'))),
  },
  {
    method: 'GET',
    pattern: `/users/:user/${of}/:item/attachments/:attachment/$value`,
    permissions: readers,
    answer: (call) => ({ status: 200, body: attachmentOf(call).attachment.content }),
  },
  {
    method: 'DELETE',
    pattern: `/users/:user/${of}/:item/attachments/:attachment`,
    permissions: writers,
    answer: remove,
  },
]);

/** Attachments that stand in the body of an item that is created. */
export function addAttachments(call: GraphCall): OnlineAttachment[] {
  const attachments = objectsAt(call.body, 'attachments');
  if (attachments.length > mostAttachments) throw badRequest('Too many attachments.', 'ErrorTooManyAttachments');
  return attachments.map((attachment) => newAttachment(attachment, call.services.clock.now()));
}

function itemOf(call: GraphCall): { readonly mailbox: OnlineMailbox; readonly item: OnlineItem } {
  const mailbox = mailboxOf(call);
  return { mailbox, item: mailbox.item(call.parameters['item'] ?? '') };
}

function attachmentOf(call: GraphCall): {
  readonly mailbox: OnlineMailbox;
  readonly item: OnlineItem;
  readonly attachment: OnlineAttachment;
} {
  const { mailbox, item } = itemOf(call);
  const attachment = item.attachments.find(({ id }) => id === call.parameters['attachment']);
  if (attachment === undefined) throw itemNotFound();
  return { mailbox, item, attachment };
}

function list(call: GraphCall): GraphAnswer {
  return jsonCollection(call, itemOf(call).item.attachments.map(attachmentJson), { defaultTop: 1_000 });
}

function add(call: GraphCall): GraphAnswer {
  const { mailbox, item } = itemOf(call);
  if (item.attachments.length >= mostAttachments) throw badRequest('Too many attachments.', 'ErrorTooManyAttachments');
  const attachment = newAttachment(call.body, call.services.clock.now());
  if (attachment.content.length >= largestDirect)
    throw new GraphFailure({ status: 413, code: 'ErrorAttachmentSizeLimitExceeded' });
  mailbox.demand(attachment.content.length);
  mailbox.demandMessage(item, attachment.content.length);
  item.attachments.push(attachment);
  mailbox.touch(item);
  return created(attachmentJson(attachment));
}

function remove(call: GraphCall): GraphAnswer {
  const { mailbox, item, attachment } = attachmentOf(call);
  item.attachments.splice(item.attachments.indexOf(attachment), 1);
  mailbox.touch(item);
  return noContent;
}

function newAttachment(body: JsonObject, now: number): OnlineAttachment {
  const type = textAt(body, '@odata.type');
  if (type === undefined)
    throw badRequest("The annotation '@odata.type' of the attachment is missing.", 'ErrorInvalidRequest');
  const { contentBytes, ...rest } = body;
  const properties = Object.fromEntries(Object.entries(rest).filter(([name]) => !name.startsWith('@odata.')));
  const isFile = type === '#microsoft.graph.fileAttachment';
  if (isFile && typeof contentBytes !== 'string')
    throw badRequest('The attachment has no contentBytes.', 'ErrorInvalidRequest');
  if (textAt(body, 'name') === undefined) throw badRequest('The attachment has no name.', 'ErrorInvalidRequest');
  const content = isFile ? Buffer.from(String(contentBytes), 'base64') : Buffer.alloc(0);
  return { id: `AAMkAT${randomUUID().replaceAll('-', '')}=`, type, properties, content, modified: now };
}

function openSession(call: GraphCall): GraphAnswer {
  const { mailbox, item } = itemOf(call);
  const attachment = objectAt(call.body, 'AttachmentItem' in call.body ? 'AttachmentItem' : 'attachmentItem');
  const name = textAt(attachment, 'name');
  const size = numberAt(attachment, 'size');
  if (textAt(attachment, 'attachmentType') !== 'file' || name === undefined || size === undefined)
    throw badRequest('AttachmentItem needs attachmentType file, name and size.', 'ErrorInvalidRequest');
  mailbox.demandMessage(item, size);
  if (size < smallestSession)
    throw badRequest(
      'The attachment is smaller than an upload session takes.',
      'ErrorAttachmentSizeShouldNotBeLessThanMinimumSize',
    );
  if (size > largestSession)
    throw badRequest(
      'The attachment is larger than an upload session takes.',
      'ErrorAttachmentSizeShouldNotBeExceeded',
    );
  const session = call.services.uploads.open({
    limitKey: limitKey(call.application, userOf(call)),
    mailbox,
    item,
    size,
    attachment: {
      properties: {
        name,
        contentType: textAt(attachment, 'contentType') ?? 'application/octet-stream',
        isInline: attachment['isInline'] === true,
        contentId: textAt(attachment, 'contentId') ?? null,
      },
    },
  });
  const uploadUrl = `${call.services.url}/api/gv1.0/Users('${userOf(call).id}')/Messages('${item.id}')/AttachmentSessions('${randomUUID()}')?authtoken=${session.token}`;
  const { body = {} } = call.services.uploads.status(session);
  return created({ uploadUrl, ...body });
}
