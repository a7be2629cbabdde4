import { theService } from '../domain/audit.ts';
import { expiresAfterMs, incrementalEveryMs } from '../domain/batch-life.ts';
import { mayMoveBatch, moveBatch } from '../domain/batch-transitions.ts';
import type { Batch } from '../domain/batch.ts';
import { isAccepted } from '../domain/approval.ts';
import type { Endpoint } from '../domain/endpoint.ts';
import type { MailboxJob } from '../domain/mailbox-job.ts';
import { noteAudit } from './audit-verb.ts';
import { changeBatch } from './change-batch.ts';
import { completeBatch } from './complete-batch.ts';
import { optionsOf } from './effective-options.ts';
import type { Services } from './services.ts';
import { startBatch } from './start-batch.ts';

type TendServices = Pick<Services, 'store' | 'workflow' | 'clock' | 'log'>;

/**
 * Looks after a batch that is synced: stops it when nobody cared for 60 days, completes it (or single mailboxes of it)
 * when completeAfter has come, and begins the daily incremental pass. Resolves with whether something was started.
 */
export async function tendSynced(services: TendServices, batch: Batch): Promise<boolean> {
  if (batch.status !== 'Synced' && batch.status !== 'SyncedWithErrors') return false;
  if (services.clock.now() - Date.parse(batch.lastActivityAt) >= expiresAfterMs) return expire(services, batch);
  if (await completeIfDue(services, batch)) return true;
  // Staged: what comes in at the source is forwarded, so nothing is left behind.
  if (batch.type === 'staged' || !isPassDue(batch, services.clock.now())) return false;
  const started = await startBatch(services, { batch: batch.name, pass: 'incremental', by: theService });
  return started.outcome === 'started';
}

function isPassDue({ passStartedAt }: Batch, now: number): boolean {
  return passStartedAt === null || now - Date.parse(passStartedAt) >= incrementalEveryMs;
}

async function expire({ store, clock, log }: TendServices, batch: Batch): Promise<boolean> {
  const now = clock.now();
  const seen = { moved: false };
  await changeBatch(store, batch.name, (present) => {
    seen.moved = mayMoveBatch(present, 'expire') && now - Date.parse(present.lastActivityAt) >= expiresAfterMs;
    const reason =
      'Stopped: no admin asked anything of it for 60 days. Resume it for another 60, complete it, or remove it.';
    return seen.moved ? moveBatch(present, 'expire', { reason, now }) : undefined;
  });
  if (!seen.moved) return false;
  log.info('A batch nobody asked for was stopped', { batch: batch.name });
  await noteAudit(
    { store, clock },
    { batch: batch.name, who: theService, verb: 'expire', detail: '60 days without activity' },
  );
  return false;
}

/**
 * At completeAfter a batch is completed once every mailbox is synced and green or approved: with errors left it waits
 * for a person. The row's value overrides the batch's, so single mailboxes may go first.
 */
async function completeIfDue(services: TendServices, batch: Batch): Promise<boolean> {
  const { store } = services;
  const endpoint = await store.getEndpoint(batch.endpoint);
  const isDue = completionClock(services, batch, endpoint);
  // Most batches have no such time: 50,000 mailboxes are not read every five minutes to find that out again.
  const isWholeDue = isDue({ options: {} });
  if (!isWholeDue && batch.noOwnTimes === batch.version) return false;
  const seen = { due: 0, others: 0, over: 0, lacking: 0, ownTimes: false };
  const singles: string[] = [];
  for await (const job of store.jobs(batch.name)) {
    seen.ownTimes ||= job.options['completeAfter'] !== undefined;
    if (job.status === 'Skipped') continue;
    if (job.status === 'Completed' || job.status === 'CompletedWithWarnings') {
      seen.over += 1;
      if (!isAccepted(job)) seen.lacking += 1;
    } else if (job.status !== 'Synced' || !isAccepted(job) || !isDue(job)) seen.others += 1;
    else {
      seen.due += 1;
      if (job.options['completeAfter'] !== undefined) singles.push(job.id);
    }
  }
  // A batch whose mailboxes were all completed by themselves is over, too.
  const whole = seen.others === 0 && seen.due + seen.over > 0;
  if (!whole && singles.length === 0) {
    if (!seen.ownTimes && !isWholeDue) await noteNoOwnTimes(store, batch);
    return false;
  }
  // A person completed some with what they lack: that is decided. All others are green or approved.
  const order = { batch: batch.name, by: theService, ignoreErrors: whole && seen.lacking > 0 };
  const completed = await completeBatch(services, whole ? order : { ...order, mailboxes: singles });
  return completed.outcome === 'done';
}

/** Whoever gives a mailbox another time writes the batch after it: then this holds no longer. */
async function noteNoOwnTimes(store: TendServices['store'], { name, version }: Batch): Promise<void> {
  await changeBatch(store, name, (present) =>
    present.version === version ? { ...present, noOwnTimes: version + 1 } : undefined,
  );
}

function completionClock(
  { clock }: TendServices,
  batch: Batch,
  endpoint: Endpoint | undefined,
): (job: Pick<MailboxJob, 'options'>) => boolean {
  const now = clock.now();
  return (job) => {
    const levels = [endpoint?.defaults ?? {}, batch.options, job.options];
    const { completeAfter } = optionsOf(batch.type, levels);
    return completeAfter !== null && Date.parse(completeAfter) <= now;
  };
}
