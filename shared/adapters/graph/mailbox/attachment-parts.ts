import { z } from 'zod';
import type { GraphClient } from '../graph-client.ts';
import { isNotFound } from '../graph-errors.ts';
import { graphPath } from '../graph-path.ts';
import type { ItemAttachment } from '../../../domain/items/item-parts.ts';
import type { AttachedFile } from './graph-message.ts';
import { AttachmentFacts, UploadSession } from './graph-shapes.ts';
import { fileName, oneLine } from './sanitised-text.ts';

/** A request has at most 4 MB with all that is in it; what is around the octets is counted separately. */
const longestRequest = 4 * 1024 * 1024 - 16 * 1024;
/** Below this an upload session is refused, https://learn.microsoft.com/graph/outlook-large-attachments */
const smallestSession = 3 * 1024 * 1024;
/** JSON around the octets of one attachment. */
const around = 512;

export interface PlannedFiles {
  /** Those that go with the first call. */
  readonly first: readonly AttachedFile[];
  /** Those that take a call, or an upload session, each. */
  readonly later: readonly AttachedFile[];
}

/** As many as possible go with the item itself: what one call makes is never half done. */
export function planFiles(files: readonly AttachedFile[], octetsBefore: number): PlannedFiles {
  const first: AttachedFile[] = [];
  const later: AttachedFile[] = [];
  let octets = octetsBefore;
  for (const file of files) {
    const more = requestOctets(file);
    if (octets + more > longestRequest || file.content.length >= smallestSession) {
      later.push(file);
    } else {
      first.push(file);
      octets += more;
    }
  }
  return { first, later };
}

function requestOctets({ name, contentType, contentId = '', content }: AttachedFile): number {
  return Math.ceil(content.length / 3) * 4 + Buffer.byteLength(JSON.stringify([name, contentType, contentId])) + around;
}

export function attachmentJson(file: AttachedFile): Record<string, unknown> {
  const { content, ...properties } = file;
  const octets = Buffer.from(content.buffer, content.byteOffset, content.byteLength);
  return {
    '@odata.type': '#microsoft.graph.fileAttachment',
    ...properties,
    contentBytes: octets.toString('base64'),
  };
}

/** A part of an item that is no mail, under a name and with a type that Exchange Online takes. */
export function attachedFile({ name, contentType, contentId, isInline, content }: ItemAttachment): AttachedFile {
  return {
    name: fileName(name) === '' ? 'attachment' : fileName(name),
    contentType: contentType === '' ? 'application/octet-stream' : oneLine(contentType),
    isInline,
    ...(contentId === undefined ? {} : { contentId: oneLine(contentId) }),
    content: Buffer.from(content, 'base64'),
  };
}

/** `item`: path of the item. Rejects with TARGET_CONNECTION_LOST where the file may be there or not. */
export async function attachFile(client: GraphClient, item: string, file: AttachedFile): Promise<void> {
  if (file.content.length < smallestSession) {
    await client.post(`${item}/attachments`, attachmentJson(file), z.unknown());
    return;
  }
  const { content, ...properties } = file;
  const session = await client.post(
    `${item}/attachments/createUploadSession`,
    { AttachmentItem: { attachmentType: 'file', size: content.length, ...properties } },
    UploadSession,
    // A session that nobody uploads to ends by itself and leaves nothing.
    { isRepeatable: true },
  );
  await client.upload(session.uploadUrl, new Uint8Array(content));
}

/** Octets of one file that a task takes without a session. https://learn.microsoft.com/graph/todo-attachments */
export const largestOfTask = smallestSession;

export async function attachToTask(client: GraphClient, item: string, file: AttachedFile): Promise<void> {
  const { name, contentType, content } = file;
  const octets = Buffer.from(content.buffer, content.byteOffset, content.byteLength);
  const body = { '@odata.type': '#microsoft.graph.taskFileAttachment', name, contentType, size: octets.length };
  await client.post(`${item}/attachments`, { ...body, contentBytes: octets.toString('base64') }, z.unknown());
}

/** Whether an item has this number of attachments with at least so many octets (the service counts more than we send). */
export async function hasFiles(
  client: GraphClient,
  item: string,
  expected: { readonly files: number; readonly octets: number },
): Promise<boolean> {
  const found = await client.all(`${item}/attachments?$select=id,name,size&$top=250`, AttachmentFacts);
  const octets = found.reduce((sum, { size }) => sum + (size ?? 0), 0);
  return found.length === expected.files && octets >= expected.octets;
}

/**
 * Those of an item's files that it does not have. They are attached one after the other: of several of one name the first
 * ones are there. `certain`: files that came with the item itself.
 */
export async function missingFiles(
  client: GraphClient,
  item: string,
  { certain = [], files }: { readonly certain?: readonly AttachedFile[]; readonly files: readonly AttachedFile[] },
): Promise<readonly AttachedFile[]> {
  if (files.length === 0) return [];
  const found = await client.all(`${item}/attachments?$select=id,name,size&$top=250`, AttachmentFacts);
  const there = new Map<string, number>();
  for (const { name } of found) there.set(name ?? '', (there.get(name ?? '') ?? 0) + 1);
  const isThere = ({ name }: AttachedFile): boolean => {
    const left = there.get(name) ?? 0;
    there.set(name, left - 1);
    return left > 0;
  };
  certain.forEach(isThere);
  return files.filter((file) => !isThere(file));
}

export async function isThere(client: GraphClient, item: string): Promise<boolean> {
  try {
    await client.get(`${item}?$select=id`, z.unknown());
    return true;
  } catch (error) {
    if (isNotFound(error)) return false;
    throw error;
  }
}

export function itemPath(user: string, kind: 'messages' | 'events' | 'contacts', id: string): string {
  return graphPath`/users/${user}/${kind}/${id}`;
}
