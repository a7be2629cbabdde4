import PostalMime, { type Address } from 'postal-mime';
import { badRequest, GraphFailure } from '../graph-failure.ts';
import type { JsonObject } from '../json-object.ts';
import type { NewItem } from './online-item.ts';

/** A message of base64 MIME: always a draft of this moment, whatever its headers say. */
export async function messageFromMime(octets: Buffer, folder: string): Promise<NewItem> {
  const text = octets.toString('latin1').replaceAll(/\s/g, '');
  if (octets.length > 4 * 1024 * 1024) throw new GraphFailure({ status: 413, code: 'RequestEntityTooLarge' });
  if (text === '' || !/^[A-Za-z0-9+/]+={0,2}$/.test(text))
    throw badRequest('Invalid base64 string for MIME content.', 'ErrorMimeContentInvalidBase64String');
  const mail = await PostalMime.parse(Buffer.from(text, 'base64'), { attachmentEncoding: 'arraybuffer' });
  return {
    kind: 'message',
    folder,
    properties: {
      subject: mail.subject ?? '',
      body:
        mail.html === undefined
          ? { contentType: 'text', content: mail.text ?? '' }
          : { contentType: 'html', content: mail.html },
      ...(mail.from === undefined ? {} : { from: recipient(mail.from), sender: recipient(mail.from) }),
      toRecipients: (mail.to ?? []).map(recipient),
      ccRecipients: (mail.cc ?? []).map(recipient),
      bccRecipients: (mail.bcc ?? []).map(recipient),
      replyTo: (mail.replyTo ?? []).map(recipient),
      isRead: true,
      internetMessageId: mail.messageId ?? '',
    },
    attachments: mail.attachments.map(({ filename, mimeType, content }, at) => ({
      id: `MIME${String(at)}`,
      type: '#microsoft.graph.fileAttachment',
      properties: { name: filename ?? 'untitled', contentType: mimeType, isInline: false },
      content: typeof content === 'string' ? Buffer.from(content) : Buffer.from(new Uint8Array(content)),
      modified: 0,
    })),
  };
}

function recipient({ name, address }: Address): JsonObject {
  return { emailAddress: { name, address: address ?? '' } };
}
