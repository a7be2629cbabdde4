import type { ItemSink, UnreadableItem } from '../../ports/mail-source.ts';
import { deliver } from '../exchange-http/deliver.ts';
import type { ItemMap, NamedItem } from '../item-map/item-map.ts';
import type { DavHead } from './dav-connection.ts';
import { davError } from './dav-errors.ts';
import { goneSince, answerAt, type AskedFolder } from './dav-items.ts';
import type { DavMailbox } from './dav-mailbox.ts';
import { itemPath } from './dav-paths.ts';

export interface MimeRequest {
  readonly folder: AskedFolder;
  readonly map: ItemMap;
  readonly items: readonly NamedItem[];
  readonly headersOnly: boolean;
}

/** An item that did not come, with what was said in its place. */
interface Refused {
  readonly item: NamedItem;
  readonly status: number;
}

/** Answers that speak of the server and not of an item. */
const ofServer: readonly number[] = [429, 502, 503, 504];

/** What is left of a body is read to its end where that is cheaper than another connection. */
const cheapOctets = 1_000_000;

/** Streams items to the sink, in the order given: their octets are in memory only where the server does not tell their number. */
export async function readDavMime(
  mailbox: DavMailbox,
  request: MimeRequest,
  sink: ItemSink,
): Promise<readonly UnreadableItem[]> {
  const unreadable: UnreadableItem[] = [];
  const refused: Refused[] = [];
  for (const item of request.items) {
    let outcome = await readItem(mailbox, { ...request, item }, sink);
    // A moment of weakness is none of the item's.
    if (outcome.kind === 'refused' && outcome.status >= 500)
      outcome = await readItem(mailbox, { ...request, item }, sink);
    if (outcome.kind === 'refused') refused.push({ item, status: outcome.status });
    else if (outcome.kind === 'no-message') unreadable.push(noMessage(item, outcome.type));
  }
  return refused.length === 0 ? unreadable : [...unreadable, ...(await judged(mailbox, request, refused))];
}

type Outcome =
  | { readonly kind: 'delivered' }
  | { readonly kind: 'no-message'; readonly type: string }
  | { readonly kind: 'refused'; readonly status: number };

async function readItem(
  { connection, root }: DavMailbox,
  { item, folder, headersOnly }: Omit<MimeRequest, 'items'> & { readonly item: NamedItem },
  sink: ItemSink,
): Promise<Outcome> {
  const path = itemPath(item.facts.url ?? '', { root, folder: folder.path });
  return connection.ask({ method: 'GET', path }, async (head, octets): Promise<Outcome> => {
    if (ofServer.includes(head.status)) throw davError(head, 'folder', connection.host);
    if (head.status !== 200) return { kind: 'refused', status: head.status };
    // A page of Outlook Web Access, or a document that lies in the folder.
    if (!head.type.startsWith('message/rfc822') || head.length === 0) return { kind: 'no-message', type: head.type };
    if (headersOnly) await deliver(item.uid, [await headerOf(head, octets)], sink);
    else if (head.length === undefined) await deliver(item.uid, await all(octets), sink);
    else await stream({ uid: item.uid, size: head.length }, octets, sink);
    return { kind: 'delivered' };
  });
}

async function stream(
  item: { readonly uid: number; readonly size: number },
  octets: AsyncIterable<Buffer>,
  sink: ItemSink,
): Promise<void> {
  await sink.begin(item);
  for await (const chunk of octets) await sink.chunk(chunk);
  await sink.end();
}

async function all(octets: AsyncIterable<Buffer>): Promise<readonly Buffer[]> {
  const chunks: Buffer[] = [];
  for await (const chunk of octets) chunks.push(chunk);
  return chunks;
}

/** Up to the empty line; the whole where there is none. */
async function headerOf({ length = Infinity }: DavHead, octets: AsyncIterable<Buffer>): Promise<Buffer> {
  let header = Buffer.alloc(0);
  let isWhole = false;
  for await (const chunk of octets) {
    if (isWhole) continue;
    header = Buffer.concat([header, chunk]);
    const end = header.indexOf('\r\n\r\n');
    if (end === -1) continue;
    header = header.subarray(0, end + 4);
    isWhole = true;
    if (length > cheapOctets) break;
  }
  return header;
}

function noMessage({ uid }: NamedItem, type: string): UnreadableItem {
  const what = /^[\w.+-]+\/[\w.+-]+/.exec(type)?.[0] ?? 'nothing';
  return { uid, code: 'ITEM_NOT_CONVERTIBLE', text: `The server sends ${what} in place of a message.` };
}

/**
 * Whose fault it was. A folder that is not there any more, or may not be read any more, is none of its items'. An item
 * that is not found is gone only if the folder's manifest says so: URLScan answers 404 to names that it does not like.
 */
async function judged(
  { connection }: DavMailbox,
  { folder, map }: MimeRequest,
  refused: readonly Refused[],
): Promise<readonly UnreadableItem[]> {
  const standing = await answerAt(connection, folder.path);
  if (standing.status !== 207) throw davError(standing, 'folder', connection.host);
  const isMissing = ({ status }: Refused): boolean => status === 404 || status === 410;
  const gone = refused.some(isMissing) ? await goneSince(connection, folder, map) : undefined;
  return refused
    .filter((one) => !isMissing(one) || (gone !== undefined && !gone.has(one.item.facts.id)))
    .map(({ item: { uid }, status }) => ({
      uid,
      code: 'ITEM_UNREADABLE',
      text: `HTTP ${String(status)}: the server does not deliver this item.`,
    }));
}
