import { TransientError } from '../../domain/errors.ts';
import type { ItemSink, UnreadableItem } from '../../ports/mail-source.ts';
import { problemOf, type EwsConnection } from './ews-connection.ts';
import { at } from '../exchange-http/connection-errors.ts';
import { itemFailure, problemError, type EwsProblem } from './ews-errors.ts';
import { getMime } from './ews-requests.ts';
import type { NamedItem } from '../item-map/item-map.ts';
import { find, type XmlElement } from './xml/xml-element.ts';
import { shortText } from '../short-text.ts';

/**
 * Items of one GetItem, and their octets as the server claims them: the server makes MIME of all of them before it answers
 * the first, and counts the time against the account's budget. A larger item goes alone.
 */
const mostItems = 20;
const mostOctets = 8 * 1024 * 1024;

/**
 * Streams items to the sink, in the order given, those that had to be asked for twice last. An item is in memory once, as
 * octets: its size is known only at its end, and an APPEND announces it at its beginning.
 */
export async function readMime(
  connection: EwsConnection,
  request: { readonly items: readonly NamedItem[]; readonly headersOnly: boolean },
  sink: ItemSink,
): Promise<readonly UnreadableItem[]> {
  const { headersOnly } = request;
  const unreadable: UnreadableItem[] = [];
  const again: NamedItem[] = [];
  for (const batch of inBatches(request.items)) {
    const failed = await readBatch(connection, { items: batch, headersOnly }, sink);
    if (batch.length > 1) again.push(...failed.filter(isWorthAnother).map(({ item }) => item));
    const final = batch.length > 1 ? failed.filter((failure) => !isWorthAnother(failure)) : failed;
    unreadable.push(...final.map(({ problem }) => problem));
  }
  for (const item of again) {
    const failed = await readBatch(connection, { items: [item], headersOnly }, sink);
    unreadable.push(...failed.map(({ problem }) => problem));
  }
  return unreadable;
}

export interface FailedItem {
  readonly item: NamedItem;
  readonly problem: UnreadableItem;
}

/** What failed for no reason of its own may have failed for its neighbours in the batch. */
export function isWorthAnother({ problem }: FailedItem): boolean {
  return problem.code === 'ITEM_UNREADABLE';
}

export function inBatches(items: readonly NamedItem[]): NamedItem[][] {
  const batches: NamedItem[][] = [];
  let batch: NamedItem[] = [];
  let octets = 0;
  for (const item of items) {
    const isFull = batch.length === mostItems || (batch.length > 0 && octets + item.facts.size > mostOctets);
    if (isFull) {
      batches.push(batch);
      batch = [];
      octets = 0;
    }
    batch.push(item);
    octets += item.facts.size;
  }
  return batch.length === 0 ? batches : [...batches, batch];
}

async function readBatch(
  connection: EwsConnection,
  { items, headersOnly }: { readonly items: readonly NamedItem[]; readonly headersOnly: boolean },
  sink: ItemSink,
): Promise<readonly FailedItem[]> {
  const failed: FailedItem[] = [];
  let next = 0;
  await connection.call({
    operation: 'GetItem',
    body: getMime(items.map(({ facts }) => facts.id)),
    // Answers come in the order of the ids; one that failed does not say whose it is.
    onMessage: async (message) => {
      const item = items[next];
      next += 1;
      if (item === undefined) return;
      const problem = failureOf(connection, item, message);
      if (problem === 'gone') return;
      if (problem === undefined) await deliver(item.uid, octetsOf(message, headersOnly), sink);
      else failed.push({ item, problem });
    },
  });
  if (next === items.length) return failed;
  const message = at(
    connection.transport.host,
    'GetItem was answered for another number of items than were asked for.',
  );
  throw new TransientError({ code: 'SERVER_MISBEHAVES', message });
}

/** Undefined: the item is in the message. */
function failureOf(
  connection: EwsConnection,
  item: NamedItem,
  message: XmlElement,
): UnreadableItem | 'gone' | undefined {
  const problem = problemOf(message);
  if (problem === undefined) {
    if (find(message, 'MimeContent') !== undefined) return undefined;
    return { uid: item.uid, code: 'ITEM_NOT_CONVERTIBLE', text: 'The server sends no MIME for it.' };
  }
  return itemProblem(connection, item, problem);
}

/** What an error of one item means for it; rejects where the error is not the item's. */
export function itemProblem(
  connection: EwsConnection,
  item: Pick<NamedItem, 'uid'>,
  problem: EwsProblem,
): UnreadableItem | 'gone' {
  const failure = itemFailure(problem);
  if (failure.kind === 'gone') return 'gone';
  if (failure.kind === 'other' || problem.backOffMs !== undefined)
    throw problemError(problem, connection.transport.host);
  return { uid: item.uid, code: failure.code, text: shortText(`${problem.code}: ${problem.text}`) };
}

function octetsOf(message: XmlElement, headersOnly: boolean): readonly Buffer[] {
  const octets = find(message, 'MimeContent')?.octets ?? [];
  if (!headersOnly) return octets;
  const whole = Buffer.concat(octets);
  const end = whole.indexOf('\r\n\r\n');
  return [end === -1 ? whole : whole.subarray(0, end + 4)];
}

export async function deliver(uid: number, octets: readonly Buffer[], sink: ItemSink): Promise<void> {
  await sink.begin({ uid, size: octets.reduce((sum, { length }) => sum + length, 0) });
  for (const chunk of octets) await sink.chunk(chunk);
  await sink.end();
}
