import type { MailboxJob } from '../domain/mailbox-job.ts';
import { noSuchBatch, refused, type Refused, type VerbRequest } from './audit-verb.ts';
import { atATime } from './in-parallel.ts';
import { mapInOrder } from './map-in-order.ts';
import type { Services } from './services.ts';

/** With more, all jobs of the batch are read, some 800 with a request: 50,000 requests of one each are over a minute. */
const mostByName = 1_000;

/** The jobs that a verb names, by address or id; a name that the batch has not is refused before anything is done. */
export async function chosenJobs(
  store: Services['store'],
  request: Required<Pick<VerbRequest, 'batch' | 'mailboxes'>>,
): Promise<{ readonly outcome: 'found'; readonly jobs: readonly MailboxJob[] } | Refused> {
  if ((await store.getBatch(request.batch)) === undefined) return noSuchBatch(request.batch);
  const jobs = new Map<string, MailboxJob>();
  const mailboxes = request.mailboxes ?? [];
  const idOf = (mailbox: string): string => mailbox.trim().toLowerCase();
  const known = mailboxes.length > mostByName ? await jobsAmong(store, request.batch, mailboxes.map(idOf)) : undefined;
  const found = mapInOrder(mailboxes, atATime, async (mailbox) => ({
    mailbox,
    job: known === undefined ? await store.getJob(request.batch, idOf(mailbox)) : known.get(idOf(mailbox)),
  }));
  for await (const { mailbox, job } of found) {
    if (job === undefined) return refused(`The batch ${request.batch} has no mailbox ${mailbox}.`, 'MAILBOX_NOT_FOUND');
    jobs.set(job.id, job);
  }
  return { outcome: 'found', jobs: [...jobs.values()] };
}

async function jobsAmong(
  store: Services['store'],
  batch: string,
  ids: readonly string[],
): Promise<ReadonlyMap<string, MailboxJob>> {
  const named = new Set(ids);
  const found = new Map<string, MailboxJob>();
  for await (const job of store.jobs(batch)) if (named.has(job.id)) found.set(job.id, job);
  return found;
}
