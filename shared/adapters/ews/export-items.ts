import { writeExportedItem } from '../../domain/items/exported-item.ts';
import type { ItemSink, UnreadableItem } from '../../ports/mail-source.ts';
import { problemOf, type EwsConnection } from './ews-connection.ts';
import { throwUnlessOwnFault } from './ews-errors.ts';
import { callPerItem, inBatches } from './item-batches.ts';
import { exportItems } from './ews-requests.ts';
import type { NamedItem } from '../item-map/item-map.ts';
import { find } from './xml/xml-element.ts';

/**
 * ExportItems came with Exchange 2010 SP1.
 * @see https://learn.microsoft.com/exchange/client-developer/web-service-reference/exportitems-operation
 */
export function canExport({ version }: Pick<EwsConnection, 'version'>): boolean {
  const { major = 0, minor = 0 } = version ?? {};
  return major > 14 || (major === 14 && minor >= 1);
}

/**
 * Items of any class with their streams: those of a batch are in memory, then the items go by as `read` delivers them.
 * What is exported is what Exchange holds now, and what is read a moment later; whoever changed it in between is told of
 * by the next look at the folder.
 */
export async function readExported(
  connection: EwsConnection,
  request: {
    readonly items: readonly NamedItem[];
    readonly read: (items: readonly NamedItem[], sink: ItemSink) => Promise<readonly UnreadableItem[]>;
  },
  sink: ItemSink,
): Promise<readonly UnreadableItem[]> {
  const unreadable: UnreadableItem[] = [];
  for (const batch of inBatches(request.items)) {
    const streams = await exportStreams(connection, batch);
    unreadable.push(...(await request.read(batch, withStreams(streams, sink))));
  }
  return unreadable;
}

/** What is not exported has none: it may be read all the same, and says what ails it otherwise. */
async function exportStreams(
  connection: EwsConnection,
  items: readonly NamedItem[],
): Promise<ReadonlyMap<number, Buffer>> {
  const streams = new Map<number, Buffer>();
  await callPerItem(connection, {
    operation: 'ExportItems',
    body: exportItems(items.map(({ facts }) => facts.id)),
    items,
    onMessage(message, { uid }) {
      const problem = problemOf(message);
      if (problem === undefined) streams.set(uid, Buffer.concat(find(message, 'Data')?.octets ?? []));
      else throwUnlessOwnFault(problem, connection.transport.host);
    },
  });
  return streams;
}

function withStreams(streams: ReadonlyMap<number, Buffer>, sink: ItemSink): ItemSink {
  let uid = 0;
  let chunks: Buffer[] = [];
  return {
    begin: (item) => {
      ({ uid } = item);
      chunks = [];
    },
    chunk: (octets) => {
      chunks.push(Buffer.from(octets));
    },
    end: async () => {
      const stream = streams.get(uid) ?? Buffer.alloc(0);
      const octets = writeExportedItem({ mime: Buffer.concat(chunks), stream });
      chunks = [];
      await sink.begin({ uid, size: octets.length });
      await sink.chunk(octets);
      await sink.end();
    },
  };
}
