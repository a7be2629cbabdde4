import { randomUUID } from 'node:crypto';
import { theService } from '../domain/audit.ts';
import type { RemovedBatch } from '../domain/removed-batch.ts';
import { reportFolder } from '../domain/report/report-files.ts';
import { noteAudit } from './audit-verb.ts';
import { forgetPair } from './forget-pair.ts';
import { inParallel } from './in-parallel.ts';
import { pairListFolder, readPairList, writePairList } from './pair-list.ts';
import type { Services } from './services.ts';

type PurgeServices = Pick<Services, 'store' | 'objects' | 'clock' | 'log'>;

/** Pairs after which it is noted which are left, and looked whether there is time for more. */
const pairsAtOnce = 100;

/**
 * Deletes what was kept of removed batches whose time is over. Resolves with how many are gone; one of whose pairs
 * somebody else is just forgetting comes again, and so does one that takes longer than until then (epoch ms).
 */
export async function purgeRemoved(services: PurgeServices, until: number): Promise<number> {
  const { store, clock } = services;
  let purged = 0;
  for (const removed of await store.listRemovedBatches()) {
    if (Date.parse(removed.keepUntil) > clock.now()) continue;
    if (await purge(services, removed, until)) purged += 1;
    if (clock.now() > until) break;
  }
  return purged;
}

async function purge(services: PurgeServices, { name, removedAt }: RemovedBatch, until: number): Promise<boolean> {
  const { store, objects, log } = services;
  // A batch that was made under the name since has its reports in the folder itself, and goes on with the audit trail.
  for await (const key of objects.list(`${reportFolder(name)}removed-`)) await objects.remove(key);
  if ((await forgetPairs(services, name, until)) === 'later') return false;
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
 * Forgets the batch's pairs, but for those that another batch has, or had and is still kept. `later`: some are left, as
 * their list says from now on. There was no time for them, or at one of them is another tick, or one that died there not
 * long ago; that one stays claimed until somebody comes again.
 */
async function forgetPairs(services: PurgeServices, name: string, until: number): Promise<'forgotten' | 'later'> {
  const { objects, clock } = services;
  const lists: string[] = [];
  for await (const key of objects.list(pairListFolder(name))) lists.push(key);
  const needed = lists.length === 0 ? new Set<string>() : await pairsInUse(services, name);
  for (const key of lists) {
    let pairs = await readPairList(objects, key);
    while (pairs.length > 0) {
      const some = pairs.slice(0, pairsAtOnce).filter((pair) => !needed.has(pair));
      if ((await forgetAll(services, name, some)) === 'held') return 'later';
      pairs = pairs.slice(pairsAtOnce);
      if (pairs.length > 0) await writePairList(objects, key, pairs);
      if (pairs.length > 0 && clock.now() > until) return 'later';
    }
    await objects.remove(key);
  }
  return 'forgotten';
}

async function forgetAll(
  services: PurgeServices,
  name: string,
  pairs: readonly string[],
): Promise<'forgotten' | 'held'> {
  const holder = randomUUID();
  const seen = { held: false };
  await inParallel(pairs, async (pair) => {
    // Claimed under what cannot be the name of a batch: no batch begins with it meanwhile.
    const forgotten = await forgetPair(services, { pair, batch: `#purge-${name}`, holder });
    if (forgotten === 'held') seen.held = true;
  });
  return seen.held ? 'held' : 'forgotten';
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
