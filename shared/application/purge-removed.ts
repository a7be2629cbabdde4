import { randomUUID } from 'node:crypto';
import { theService } from '../domain/audit.ts';
import type { RemovedBatch } from '../domain/removed-batch.ts';
import { reportFolder } from '../domain/report/report-files.ts';
import { noteAudit } from './audit-verb.ts';
import { forgetPair } from './forget-pair.ts';
import { inParallel } from './in-parallel.ts';
import { pairListFolder, readPairList } from './pair-list.ts';
import type { Services } from './services.ts';

type PurgeServices = Pick<Services, 'store' | 'objects' | 'clock' | 'log'>;

/**
 * Deletes what was kept of removed batches whose time is over. Resolves with how many are gone; one of whose pairs
 * somebody else is just forgetting comes again.
 */
export async function purgeRemoved(services: PurgeServices): Promise<number> {
  const { store, clock } = services;
  let purged = 0;
  for (const removed of await store.listRemovedBatches()) {
    if (Date.parse(removed.keepUntil) > clock.now()) continue;
    if (await purge(services, removed)) purged += 1;
  }
  return purged;
}

async function purge(services: PurgeServices, { name, removedAt }: RemovedBatch): Promise<boolean> {
  const { store, objects, log } = services;
  // A batch that was made under the name since has its reports in the folder itself, and goes on with the audit trail.
  for await (const key of objects.list(`${reportFolder(name)}removed-`)) await objects.remove(key);
  if ((await forgetPairs(services, name)) === 'held') return false;
  if ((await store.getBatch(name)) === undefined) await store.removeAudit(name);
  else
    await noteAudit(services, {
      batch: name,
      who: theService,
      verb: 'purge',
      detail: `what was removed on ${removedAt}`,
    });
  await store.dropRemovedBatch(name);
  log.info('Deleted what was kept of a removed batch', { batch: name });
  return true;
}

/**
 * Forgets the batch's pairs, but for those that another batch has, or had and is still kept. `held`: at one of them is
 * another tick, or one that died there not long ago; the pairs stay claimed, and listed, until somebody comes again.
 */
async function forgetPairs(services: PurgeServices, name: string): Promise<'forgotten' | 'held'> {
  const { objects } = services;
  const lists: string[] = [];
  const pairs = new Set<string>();
  for await (const key of objects.list(pairListFolder(name))) {
    lists.push(key);
    for (const pair of await readPairList(objects, key)) pairs.add(pair);
  }
  const needed = pairs.size === 0 ? new Set<string>() : await pairsInUse(services, name);
  const holder = randomUUID();
  const seen = { held: false };
  await inParallel(pairs, async (pair) => {
    if (needed.has(pair)) return;
    // Claimed under what cannot be the name of a batch: no batch begins with it meanwhile.
    const forgotten = await forgetPair(services, { pair, batch: `#purge-${name}`, holder });
    if (forgotten === 'held') seen.held = true;
  });
  if (seen.held) return 'held';
  for (const key of lists) await objects.remove(key);
  return 'forgotten';
}

async function pairsInUse({ store, objects }: PurgeServices, purged: string): Promise<ReadonlySet<string>> {
  const pairs = new Set<string>();
  for (const { name } of await store.listBatches())
    for await (const { pairId } of store.jobs(name)) if (pairId !== null) pairs.add(pairId);
  for (const { name } of await store.listRemovedBatches()) {
    if (name === purged) continue;
    for await (const key of objects.list(pairListFolder(name)))
      for (const pair of await readPairList(objects, key)) pairs.add(pair);
  }
  return pairs;
}
