import { ConflictError } from '../domain/errors.ts';
import type { MailboxJob } from '../domain/mailbox-job.ts';
import type { BatchStore } from '../ports/batch-store.ts';

const attempts = 20;

type JobStore = Pick<BatchStore, 'getJob' | 'saveJob' | 'putTimelineEntry'>;

/** As changeBatch, for a job that was just read. Whoever changes status or reason says why in `cause`. */
export async function changeJob(
  store: JobStore,
  job: MailboxJob,
  change: (job: MailboxJob) => MailboxJob | undefined,
): Promise<MailboxJob> {
  let present = job;
  for (let attempt = 1; ; attempt += 1) {
    const changed = change(present);
    if (changed === undefined) return present;
    try {
      return await store.saveJob(await withTimeline(store, present, changed));
    } catch (error) {
      if (!(error instanceof ConflictError) || attempt === attempts) throw error;
    }
    present = (await store.getJob(job.batch, job.id)) ?? present;
  }
}

/**
 * Closes the stretch of the time-line that ends with this change. It is written before the job, under the version that
 * the job is about to get: where the write of the job is lost, or another one wins, the next change writes the same
 * stretch again. Nothing else of it depends on who won.
 */
async function withTimeline(store: JobStore, present: MailboxJob, changed: MailboxJob): Promise<MailboxJob> {
  if (present.status === changed.status && present.reason === changed.reason) return changed;
  await store.putTimelineEntry(present.batch, present.id, {
    schema: 1,
    version: present.version + 1,
    since: present.since,
    status: present.status,
    reason: present.reason,
    errorCode: present.error?.code ?? null,
    cause: present.cause,
  });
  return { ...changed, since: changed.updatedAt };
}
