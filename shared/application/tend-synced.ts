import { theService } from '../domain/audit.ts';
import { expiresAfterMs, incrementalEveryMs } from '../domain/batch-life.ts';
import { mayMoveBatch, moveBatch } from '../domain/batch-transitions.ts';
import type { Batch } from '../domain/batch.ts';
import { noteAudit } from './audit-verb.ts';
import { changeBatch } from './change-batch.ts';
import { completeBatch } from './complete-batch.ts';
import type { DueOfMailboxes } from './look-through.ts';
import type { Services } from './services.ts';
import { startBatch } from './start-batch.ts';

type TendServices = Pick<Services, 'store' | 'workflow' | 'clock' | 'log'>;

/**
 * Looks after a batch that is synced: stops it when nobody cared for 60 days, completes it (or single mailboxes of it)
 * when completeAfter has come, and begins the daily incremental pass. Resolves with whether something was started.
 */
export async function tendSynced(
  services: TendServices,
  batch: Batch,
  { completion }: Pick<DueOfMailboxes, 'completion'>,
): Promise<boolean> {
  if (batch.status !== 'Synced' && batch.status !== 'SyncedWithErrors') return false;
  if (services.clock.now() - Date.parse(batch.lastActivityAt) >= expiresAfterMs) return expire(services, batch);
  if (completion !== undefined && (await complete(services, batch, completion))) return true;
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

async function complete(
  services: TendServices,
  { name }: Batch,
  { mailboxes, ignoreErrors }: NonNullable<DueOfMailboxes['completion']>,
): Promise<boolean> {
  const order = { batch: name, by: theService, ignoreErrors };
  const completed = await completeBatch(services, mailboxes === 'all' ? order : { ...order, mailboxes });
  return completed.outcome === 'done';
}
