import type { ItemSink } from '../../ports/mail-source.ts';

/** An item that is in memory. */
export async function deliver(uid: number, octets: readonly Buffer[], sink: ItemSink): Promise<void> {
  await sink.begin({ uid, size: octets.reduce((sum, { length }) => sum + length, 0) });
  for (const chunk of octets) await sink.chunk(chunk);
  await sink.end();
}
