import { TransientError } from '../../domain/errors.ts';
import type { UnreadableItem } from '../../ports/mail-source.ts';
import { at } from '../exchange-http/connection-errors.ts';
import type { NamedItem } from '../item-map/item-map.ts';
import type { EwsConnection } from './ews-connection.ts';
import type { XmlElement } from './xml/xml-element.ts';

/** Items of one GetItem: the server counts the time that it takes against the account's budget. */
export const mostItems = 20;
/** Octets as the server claims them: it makes MIME of all items before it answers the first. A larger item goes alone. */
const mostOctets = 8 * 1024 * 1024;

export interface FailedItem {
  readonly item: NamedItem;
  readonly problem: UnreadableItem;
}

/**
 * Reads batch by batch. What failed for no reason of its own may have failed for its neighbours in the batch, and is
 * read once more, alone and last.
 */
export async function readInBatches(
  items: readonly NamedItem[],
  readBatch: (batch: readonly NamedItem[]) => Promise<readonly FailedItem[]>,
): Promise<readonly UnreadableItem[]> {
  const lost: FailedItem[] = [];
  const again: NamedItem[] = [];
  for (const batch of inBatches(items)) {
    for (const failure of await readBatch(batch)) {
      if (batch.length > 1 && failure.problem.code === 'ITEM_UNREADABLE') again.push(failure.item);
      else lost.push(failure);
    }
  }
  for (const item of again) lost.push(...(await readBatch([item])));
  return lost.map(({ problem }) => problem);
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

/** Answers come in the order in which items were asked for, one an item; one that failed does not say whose it is. */
export async function callPerItem<Item>(
  connection: EwsConnection,
  call: {
    readonly operation: 'GetItem' | 'ExportItems';
    readonly body: string;
    readonly items: readonly Item[];
    readonly onMessage: (message: XmlElement, item: Item) => void | Promise<void>;
  },
): Promise<void> {
  const { operation, body, items, onMessage } = call;
  let next = 0;
  await connection.call({
    operation,
    body,
    onMessage: (message) => {
      const item = items[next];
      next += 1;
      return item === undefined ? undefined : onMessage(message, item);
    },
  });
  if (next === items.length) return;
  const text = `${operation} was answered for another number of items than were asked for.`;
  throw new TransientError({ code: 'SERVER_MISBEHAVES', message: at(connection.transport.host, text) });
}
