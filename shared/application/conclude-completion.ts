import { isAccepted } from '../domain/approval.ts';
import { completionOutcome, type CompletionOutcome } from '../domain/batch-outcome.ts';
import type { Batch } from '../domain/batch.ts';
import { isDue } from '../domain/due-jobs.ts';
import { mayMoveJob, moveJob } from '../domain/job-transitions.ts';
import { isCompleted, type MailboxJob } from '../domain/mailbox-job.ts';
import { changeJob } from './change-job.ts';
import { inParallel } from './in-parallel.ts';
import { releaseMailbox } from './release-mailbox.ts';
import type { Services } from './services.ts';

type ConcludeServices = Pick<Services, 'store' | 'clock'>;

/**
 * Gives the mailboxes of a batch whose final pass is through the status they end with: all of them, or none where
 * errors are left that were not to be ignored. Done twice, or after a crash in the middle, it ends the same, since the
 * outcome depends on what was copied and approved, not on how far this came.
 */
export async function concludeCompletion(services: ConcludeServices, batch: Batch): Promise<CompletionOutcome> {
  const { store } = services;
  const outcome = await completionOutcome(store.jobs(batch.name), batch);
  const succeeds = outcome.event !== 'notCompleted';
  await inParallel(store.jobs(batch.name), async (job) => {
    if (!succeeds) return leaveSynced(services, job, outcome.reason);
    if (isCompleted(job)) return;
    await releaseMailbox(services, batch, job);
    await completeJob(services, job);
  });
  return outcome;
}

/**
 * Ends the single mailboxes whose final pass is through, in a batch that goes on without them. One with errors left is
 * synced again, and says so.
 */
export async function concludeMailboxes(services: ConcludeServices, batch: Batch): Promise<void> {
  await inParallel(services.store.jobs(batch.name), async (job) => {
    if (job.final && !isDue(job, batch)) await concludeMailbox(services, batch, job);
  });
}

async function concludeMailbox(services: ConcludeServices, batch: Batch, job: MailboxJob): Promise<void> {
  if (job.status !== 'Completing') {
    await changeJob(services.store, job, (known) => withoutFinal(known));
    return;
  }
  if (!isAccepted(job) && job.ignoreErrors !== true)
    return leaveSynced(services, job, 'Not completed: it has errors left. Retry or approve them first.');
  // Before it is Completed, which is what this is asked by: who dies in between comes back to it. Its last pass is
  // through, and needs no password any more.
  await releaseMailbox(services, batch, job);
  await completeJob(services, job);
}

async function completeJob({ store, clock }: ConcludeServices, job: MailboxJob): Promise<void> {
  await changeJob(store, job, (known) => {
    const event = known.green === true ? 'completed' : 'completedWithWarnings';
    return mayMoveJob(known, event) ? moveJob(known, event, { reason: null, now: clock.now() }) : undefined;
  });
}

async function leaveSynced({ store, clock }: ConcludeServices, job: MailboxJob, cause: string): Promise<void> {
  await changeJob(store, job, (known) =>
    known.status === 'Completing'
      ? { ...moveJob(known, 'notCompleted', { reason: null, cause, now: clock.now() }), ignoreErrors: undefined }
      : undefined,
  );
}

/** A final pass that failed is no pending one: another has to be asked for. */
function withoutFinal(job: MailboxJob): MailboxJob | undefined {
  return job.final ? { ...job, final: false, ignoreErrors: undefined } : undefined;
}
