import { z } from 'zod';
import type { Services } from './services.ts';

/** Lists of the pairs of removed batches, for the day on which what is kept of them is over. */
export function pairListFolder(batch: string): string {
  return `ledger/removed/${batch}/`;
}

/** Ids; none where there is no such list. */
export async function readPairList(objects: Pick<Services['objects'], 'get'>, key: string): Promise<readonly string[]> {
  const octets = await objects.get(key);
  return octets === undefined ? [] : z.array(z.string()).parse(JSON.parse(new TextDecoder().decode(octets)));
}

export async function writePairList(
  objects: Pick<Services['objects'], 'put'>,
  key: string,
  pairs: readonly string[],
): Promise<void> {
  await objects.put(key, new TextEncoder().encode(JSON.stringify(pairs)), 'application/json');
}
