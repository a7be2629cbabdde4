import type { MailboxJob } from '../domain/mailbox-job.ts';
import { noSuchBatch, refused, type Refused, type VerbRequest } from './audit-verb.ts';
import { atATime } from './in-parallel.ts';
import { mapInOrder } from './map-in-order.ts';
import type { Services } from './services.ts';

/** The jobs that a verb names, by address or id; a name that the batch has not is refused before anything is done. */
export async function chosenJobs(
  store: Services['store'],
  request: Required<Pick<VerbRequest, 'batch' | 'mailboxes'>>,
): Promise<{ readonly outcome: 'found'; readonly jobs: readonly MailboxJob[] } | Refused> {
  if ((await store.getBatch(request.batch)) === undefined) return noSuchBatch(request.batch);
  const jobs = new Map<string, MailboxJob>();
  const found = mapInOrder(request.mailboxes ?? [], atATime, async (mailbox) => ({
    mailbox,
    job: await store.getJob(request.batch, mailbox.trim().toLowerCase()),
  }));
  for await (const { mailbox, job } of found) {
    if (job === undefined) return refused(`The batch ${request.batch} has no mailbox ${mailbox}.`, 'MAILBOX_NOT_FOUND');
    jobs.set(job.id, job);
  }
  return { outcome: 'found', jobs: [...jobs.values()] };
}
