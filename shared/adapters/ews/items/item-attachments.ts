import type { ItemAttachment } from '../../../domain/items/item-parts.ts';
import { problemOf, type EwsConnection } from '../ews-connection.ts';
import { throwUnlessOwnFault } from '../ews-errors.ts';
import { childOf, find, textOf, type XmlElement } from '../xml/xml-element.ts';
import { getAttachments } from './item-requests.ts';
import { isTrue, type ReadAttachments } from './item-values.ts';

/** Attachments of items up to this size come in one answer; of larger ones each comes alone. */
const mostOctets = 8 * 1024 * 1024;

interface Announced {
  readonly id: string;
  readonly kind: ItemAttachment['kind'];
  readonly name: string;
  readonly contentType: string | undefined;
  readonly contentId: string | undefined;
  readonly isInline: boolean;
}

/** The attachments that an item names. One that the server does not deliver is named as missing. */
export async function readAttachments(
  connection: EwsConnection,
  item: XmlElement,
  size: number,
): Promise<ReadAttachments> {
  const announced = announcedBy(item);
  const attachments: ItemAttachment[] = [];
  const missing: string[] = [];
  for (const some of size <= mostOctets ? [announced] : announced.map((one) => [one])) {
    if (some.length === 0) continue;
    const contents = await eachOf(
      connection,
      some.map(({ id }) => id),
    );
    for (const [position, one] of some.entries()) {
      const content = contents[position];
      if (content === undefined) missing.push(one.name);
      else attachments.push(attachmentOf(one, content));
    }
  }
  return { attachments, missing };
}

function announcedBy(item: XmlElement): readonly Announced[] {
  const html = childOf(item, 'Body')?.text ?? '';
  return (childOf(item, 'Attachments')?.children ?? []).flatMap((element): Announced[] => {
    const id = childOf(element, 'AttachmentId')?.attributes['Id'];
    if (id === undefined) return [];
    const contentId = textOf(element, 'ContentId');
    // Exchange 2007 does not say which attachments a body shows: the body does.
    const isShown = contentId !== undefined && contentId !== '' && html.includes(`cid:${contentId}`);
    return [
      {
        id,
        kind: element.name === 'ItemAttachment' ? 'item' : 'file',
        name: textOf(element, 'Name') ?? '',
        contentType: textOf(element, 'ContentType'),
        contentId: contentId === '' ? undefined : contentId,
        isInline: isTrue(element, 'IsInline') || isShown,
      },
    ];
  });
}

/** What failed beside others is asked for alone: one that ails may have ended the work for those behind it. */
async function eachOf(connection: EwsConnection, ids: readonly string[]): Promise<readonly (Buffer | undefined)[]> {
  const together = await contentsOf(connection, ids);
  if (ids.length === 1) return together;
  const contents: (Buffer | undefined)[] = [];
  for (const [position, id] of ids.entries()) {
    contents.push(together[position] ?? (await contentsOf(connection, [id]))[0]);
  }
  return contents;
}

/** Undefined for what was not delivered. */
async function contentsOf(connection: EwsConnection, ids: readonly string[]): Promise<readonly (Buffer | undefined)[]> {
  const contents: (Buffer | undefined)[] = [];
  await connection.call({
    operation: 'GetAttachment',
    body: getAttachments(ids),
    onMessage: (message) => {
      const problem = problemOf(message);
      if (problem === undefined) {
        contents.push(contentOf(message));
      } else {
        throwUnlessOwnFault(problem, connection.transport.host);
        contents.push(undefined);
      }
    },
  });
  return contents;
}

/** An attached contact or task has no MIME with Exchange 2007, and is missing then. */
function contentOf(message: XmlElement): Buffer | undefined {
  const file = find(message, 'FileAttachment');
  const octets = (file === undefined ? find(message, 'MimeContent') : childOf(file, 'Content'))?.octets;
  if (octets === undefined) return file === undefined ? undefined : Buffer.alloc(0);
  return Buffer.concat([...octets]);
}

function attachmentOf(announced: Announced, content: Buffer): ItemAttachment {
  const { kind, name, contentId, isInline } = announced;
  const contentType = kind === 'item' ? 'message/rfc822' : (announced.contentType ?? 'application/octet-stream');
  return {
    kind,
    name,
    contentType,
    ...(contentId === undefined ? {} : { contentId }),
    isInline,
    content: content.toString('base64'),
  };
}
