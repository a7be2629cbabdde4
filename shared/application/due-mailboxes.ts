import type { Batch } from '../domain/batch.ts';
import { isToBeCopied, isToBePrepared } from '../domain/due-jobs.ts';
import type { MailboxJob } from '../domain/mailbox-job.ts';
import { advancing, type Advancing } from './round-progress.ts';
import type { Services } from './services.ts';

/** What a round has to know of a mailbox: little to keep of 50,000, each of which may name hundreds of folders. */
export type DueMailbox = Advancing &
  Pick<MailboxJob, 'row' | 'batch' | 'version' | 'syncedAt' | 'final' | 'reason' | 'updatedAt'>;

export interface DueMailboxes {
  readonly due: readonly DueMailbox[];
  /** Some mailbox has yet to be prepared: its target mailbox is waited for, or somebody asked for it again. */
  readonly unprepared: boolean;
}

/** The mailboxes that a worker may copy in the present pass, in the order of their rows. */
export async function dueMailboxes(store: Pick<Services['store'], 'jobs'>, batch: Batch): Promise<DueMailboxes> {
  const due: DueMailbox[] = [];
  let unprepared = false;
  for await (const job of store.jobs(batch.name)) {
    unprepared ||= isToBePrepared(job, batch);
    if (isToBeCopied(job, batch)) due.push(little(job));
  }
  return { due: due.sort((a, b) => a.row - b.row || (a.id < b.id ? -1 : 1)), unprepared };
}

function little(job: MailboxJob): DueMailbox {
  const { row, batch, version, syncedAt, final, reason, updatedAt } = job;
  return { ...advancing(job), row, batch, version, syncedAt, final, reason, updatedAt };
}
