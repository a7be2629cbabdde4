import type { ItemSink, UnreadableItem } from '../../ports/mail-source.ts';
import { deliver } from '../exchange-http/deliver.ts';
import type { NamedItem } from '../item-map/item-map.ts';
import { problemOf, type EwsConnection } from './ews-connection.ts';
import { itemProblem } from './ews-errors.ts';
import { getMime } from './ews-requests.ts';
import { callPerItem, readInBatches, type FailedItem } from './item-batches.ts';
import { find, type XmlElement } from './xml/xml-element.ts';

/**
 * Streams items to the sink, in the order given, those that had to be asked for twice last. An item is in memory once, as
 * octets: its size is known only at its end, and an APPEND announces it at its beginning.
 */
export function readMime(
  connection: EwsConnection,
  { items, headersOnly }: { readonly items: readonly NamedItem[]; readonly headersOnly: boolean },
  sink: ItemSink,
): Promise<readonly UnreadableItem[]> {
  return readInBatches(items, async (batch) => {
    const failed: FailedItem[] = [];
    await callPerItem(connection, {
      operation: 'GetItem',
      body: getMime(batch.map(({ facts }) => facts.id)),
      items: batch,
      async onMessage(message, item) {
        const problem = failureOf(connection, item, message);
        if (problem === 'gone') return;
        if (problem === undefined) await deliver(item.uid, octetsOf(message, headersOnly), sink);
        else failed.push({ item, problem });
      },
    });
    return failed;
  });
}

/** Undefined: the item is in the message. */
function failureOf(
  { transport }: EwsConnection,
  { uid }: NamedItem,
  message: XmlElement,
): UnreadableItem | 'gone' | undefined {
  const problem = problemOf(message);
  if (problem !== undefined) return itemProblem(uid, problem, transport.host);
  if (find(message, 'MimeContent') !== undefined) return undefined;
  return { uid, code: 'ITEM_NOT_CONVERTIBLE', text: 'The server sends no MIME for it.' };
}

function octetsOf(message: XmlElement, headersOnly: boolean): readonly Buffer[] {
  const octets = find(message, 'MimeContent')?.octets ?? [];
  if (!headersOnly) return octets;
  const whole = Buffer.concat(octets);
  const end = whole.indexOf('\r\n\r\n');
  return [end === -1 ? whole : whole.subarray(0, end + 4)];
}
