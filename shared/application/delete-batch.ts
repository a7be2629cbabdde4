import { randomUUID } from 'node:crypto';
import { theService } from '../domain/audit.ts';
import type { Batch } from '../domain/batch.ts';
import type { MailboxJob } from '../domain/mailbox-job.ts';
import { reportFolder } from '../domain/report/report-files.ts';
import { effectiveOptions } from './effective-options.ts';
import { forgetPair } from './forget-pair.ts';
import { inParallel } from './in-parallel.ts';
import { mailboxClaimKey } from './mailbox-claim.ts';
import { pairListFolder, readPairList, writePairList } from './pair-list.ts';
import { releaseMailbox } from './release-mailbox.ts';
import type { Services } from './services.ts';

type DeleteServices = Pick<Services, 'store' | 'objects' | 'clock' | 'log'>;

/** After so many it is asked whether the batch is still the one that is to go. */
const lookEvery = 256;

/**
 * Deletes what a batch leaves: sealed passwords, claims, jobs and time-lines, mail records, work data, and with `forget`
 * what its pairs know. Reports move aside and are kept with the audit trail and the ledgers. The batch itself goes last,
 * so that who dies in between comes back to it. `held`: a worker is still at a mailbox; ask again.
 */
export async function deleteBatch(services: DeleteServices, batch: Batch): Promise<'deleted' | 'held'> {
  const { store, objects, clock, log } = services;
  const now = clock.now();
  const removal = batch.removal ?? { forget: false, by: theService, at: new Date(now).toISOString() };
  if (!removal.forget) await keepPairList(services, batch.name, removal.at);
  // Whoever makes a batch of this name next writes its reports to the folder itself.
  await moveAside(objects, batch.name, removal.at);

  const holder = randomUUID();
  const seen = { jobs: 0, held: false, gone: false };
  await inParallel(store.jobs(batch.name), async (job) => {
    if (seen.gone) return;
    seen.jobs += 1;
    if (seen.jobs % lookEvery === 0 && !(await isStillRemoved(store, batch))) seen.gone = true;
    const deleted = await deleteJob(services, { batch, job, forget: removal.forget, holder });
    if (deleted === 'held') seen.held = true;
  });
  if (seen.gone) return 'deleted';
  if (seen.held) return 'held';
  await releaseClaims(store, batch);
  await store.removeMails(batch.name);
  for await (const key of objects.list(`work/${batch.name}/`)) await objects.remove(key);

  const { keepReportsForMs } = await effectiveOptions(store, batch);
  await store.putRemovedBatch({
    schema: 1,
    name: batch.name,
    removedAt: removal.at,
    removedBy: removal.by,
    keepUntil: new Date(Date.parse(removal.at) + keepReportsForMs).toISOString(),
  });
  await store.removeBatch(batch.name);
  log.info('A batch was removed', { batch: batch.name, mailboxes: seen.jobs });
  return 'deleted';
}

interface JobDeletion {
  readonly batch: Batch;
  readonly job: MailboxJob;
  readonly forget: boolean;
  /** Unique to this deletion. */
  readonly holder: string;
}

/** Deletes a mailbox of a batch. `held`: what its pair knows is to be forgotten, and a worker is still at it. */
export async function deleteJob(
  services: DeleteServices,
  { batch, job, forget, holder }: JobDeletion,
): Promise<'deleted' | 'held'> {
  if (forget && job.pairId !== null) {
    const forgotten = await forgetPair(services, { pair: job.pairId, batch: batch.name, holder });
    if (forgotten === 'held') return 'held';
  }
  await releaseMailbox(services, batch, job);
  await services.store.removeJob(batch.name, job.id);
  return 'deleted';
}

/** What was claimed for a row that never became a job, its passwords with it. */
async function releaseClaims(store: Services['store'], batch: Batch): Promise<void> {
  const keys: string[] = [];
  for await (const key of store.claimsOf(batch.name)) keys.push(key);
  const mailbox = mailboxClaimKey(batch.endpoint, '');
  for (const key of keys) {
    const id = key.startsWith(mailbox) ? key.slice(mailbox.length) : undefined;
    if (id === undefined) await store.release(key, batch.name);
    else await releaseMailbox({ store }, batch, { batch: batch.name, id, pairId: null });
  }
}

/** Notes which pairs the batch had; after a crash the jobs are fewer, and the list is not. */
async function keepPairList({ store, objects }: DeleteServices, batch: string, removedAt: string): Promise<void> {
  const key = `${pairListFolder(batch)}${compact(removedAt)}.json`;
  const pairs = new Set(await readPairList(objects, key));
  const before = pairs.size;
  for await (const { pairId } of store.jobs(batch)) if (pairId !== null) pairs.add(pairId);
  if (pairs.size > before) await writePairList(objects, key, [...pairs].sort());
}

async function moveAside(objects: Services['objects'], batch: string, removedAt: string): Promise<void> {
  const folder = reportFolder(batch);
  const aside = `${folder}removed-${compact(removedAt)}/`;
  const keys: string[] = [];
  for await (const key of objects.list(folder)) if (!key.slice(folder.length).startsWith('removed-')) keys.push(key);
  for (const key of keys) {
    const octets = await objects.get(key);
    if (octets !== undefined) await objects.put(aside + key.slice(folder.length), octets);
    await objects.remove(key);
  }
}

/** False where another deletion was quicker, and somebody has made a batch of this name since. */
async function isStillRemoved(store: Services['store'], batch: Batch): Promise<boolean> {
  const present = await store.getBatch(batch.name);
  return present?.status === 'Removing' && present.createdAt === batch.createdAt;
}

/** `20261120T100000000Z` */
function compact(time: string): string {
  return time.replace(/[-:.]/g, '');
}
