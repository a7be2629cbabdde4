import type { MailboxJob } from '../domain/mailbox-job.ts';
import { noSuchBatch, refused, type Refused, type VerbRequest } from './audit-verb.ts';
import type { Services } from './services.ts';

/** The jobs that a verb names, by address or id; a name that the batch has not is refused before anything is done. */
export async function chosenJobs(
  store: Services['store'],
  request: Required<Pick<VerbRequest, 'batch' | 'mailboxes'>>,
): Promise<{ readonly outcome: 'found'; readonly jobs: readonly MailboxJob[] } | Refused> {
  if ((await store.getBatch(request.batch)) === undefined) return noSuchBatch(request.batch);
  const jobs = new Map<string, MailboxJob>();
  for (const mailbox of request.mailboxes ?? []) {
    const job = await store.getJob(request.batch, mailbox.trim().toLowerCase());
    if (job === undefined) return refused(`The batch ${request.batch} has no mailbox ${mailbox}.`, 'MAILBOX_NOT_FOUND');
    jobs.set(job.id, job);
  }
  return { outcome: 'found', jobs: [...jobs.values()] };
}
