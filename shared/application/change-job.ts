import { ConflictError } from '../domain/errors.ts';
import type { MailboxJob } from '../domain/mailbox-job.ts';
import type { BatchStore } from '../ports/batch-store.ts';

const attempts = 20;

/** As changeBatch, for a job that was just read. */
export async function changeJob(
  store: Pick<BatchStore, 'getJob' | 'saveJob'>,
  job: MailboxJob,
  change: (job: MailboxJob) => MailboxJob | undefined,
): Promise<MailboxJob> {
  let present = job;
  for (let attempt = 1; ; attempt += 1) {
    const changed = change(present);
    if (changed === undefined) return present;
    try {
      return await store.saveJob(changed);
    } catch (error) {
      if (!(error instanceof ConflictError) || attempt === attempts) throw error;
    }
    present = (await store.getJob(job.batch, job.id)) ?? present;
  }
}
