import { isApproved } from '../domain/approval.ts';
import type { MailboxJob } from '../domain/mailbox-job.ts';
import { audited, noSuchBatch, refused, type Decided, type VerbOutcome, type VerbRequest } from './audit-verb.ts';
import { changeBatch } from './change-batch.ts';
import { changeJob } from './change-job.ts';
import { chosenJobs } from './chosen-jobs.ts';
import { inParallel } from './in-parallel.ts';
import type { Services } from './services.ts';
import { touched } from './started-batch.ts';

export interface ApproveRequest extends VerbRequest {
  readonly why?: string | undefined;
}

type ApproveServices = Pick<Services, 'store' | 'clock'>;

/**
 * Approves what was not copied of a batch's mailboxes, or of the ones named, as found so far: they stay not green, but
 * no longer keep the batch from being completed or removed.
 */
export async function approveItems(services: ApproveServices, request: ApproveRequest): Promise<VerbOutcome> {
  const { batch, by, mailboxes, why } = request;
  return audited(services, { batch, who: by, verb: 'approve', mailboxes, why }, (decided) =>
    approve(services, request, decided),
  );
}

async function approve(
  { store, clock }: ApproveServices,
  request: ApproveRequest,
  decided: Decided,
): Promise<VerbOutcome> {
  const { by, why = '', mailboxes } = request;
  const found = await store.getBatch(request.batch);
  if (found === undefined) return noSuchBatch(request.batch);
  if (found.status === 'Removing') return refused(`The batch ${found.name} is being removed.`);
  const chosen =
    mailboxes === undefined
      ? ({ outcome: 'found', jobs: store.jobs(found.name) } as const)
      : await chosenJobs(store, { batch: found.name, mailboxes });
  if (chosen.outcome === 'refused') return chosen;
  const wanted: MailboxJob[] = [];
  let other: MailboxJob | undefined;
  for await (const job of chosen.jobs) {
    if (isApprovable(job)) wanted.push(job);
    else other ??= job;
  }
  if (wanted.length === 0 || (mailboxes !== undefined && other !== undefined))
    return refused(whyNot(found.name, other));
  await decided();
  await inParallel(wanted, (job) =>
    changeJob(store, job, (known) => approvedJob(known, { by, why, now: clock.now() })),
  );
  const batch = await changeBatch(store, found.name, (present) => touched(present, by, clock.now()));
  return batch === undefined ? noSuchBatch(request.batch) : { outcome: 'done', batch };
}

/** Through, with something missing. A mailbox that failed is not approved: it has not been copied. */
function isApprovable(job: MailboxJob): boolean {
  return ['Synced', 'Completing', 'Completed', 'CompletedWithWarnings'].includes(job.status) && job.green === false;
}

function approvedJob(
  job: MailboxJob,
  { by, why, now }: { readonly by: string; readonly why: string; readonly now: number },
): MailboxJob | undefined {
  if (!isApprovable(job) || isApproved(job)) return undefined;
  const { failed, doubtful } = job.items;
  const differences = job.verification?.differences ?? 0;
  return { ...job, approval: { by, why, at: new Date(now).toISOString(), failed, doubtful, differences } };
}

function whyNot(batch: string, job: MailboxJob | undefined): string {
  if (job === undefined) return `There is nothing to approve in the batch ${batch}.`;
  const who = `The mailbox of row ${String(job.row)} is ${job.status}`;
  if (job.green === true) return `${who} and green: there is nothing to approve.`;
  if (job.status === 'Failed' || job.status === 'IncrementalFailed')
    return `${who}: what failed as a whole is not approved. Correct it and retry, raise badItemLimit, or waive the mailbox.`;
  return `${who}: there is nothing to approve yet.`;
}
