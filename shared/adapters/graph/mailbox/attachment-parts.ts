import { z } from 'zod';
import type { GraphClient } from '../graph-client.ts';
import { graphPath } from '../graph-path.ts';
import type { AttachedFile } from './graph-message.ts';
import { AttachmentFacts, UploadSession } from './graph-shapes.ts';

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

export function itemPath(user: string, kind: 'messages' | 'events' | 'contacts', id: string): string {
  return graphPath`/users/${user}/${kind}/${id}`;
}
