import { theService } from '../../domain/audit.ts';
import type { Batch } from '../../domain/batch.ts';
import { durationInWords } from '../../domain/report/mail/numbers-in-words.ts';
import { changeBatch } from '../change-batch.ts';
import { optionsOf } from '../effective-options.ts';
import type { Services } from '../services.ts';
import { mayHaveForwarded } from './put-back-forwarding.ts';

/**
 * Asks for the forwarding of mailboxes to be put back that have been failed for `rollbackAfter`: their new mail would
 * otherwise go on arriving in a mailbox that never gets the old one. Resolves with whether something is to be put back.
 */
export async function noteOverdueFailures(
  { store, clock, log }: Pick<Services, 'store' | 'clock' | 'log'>,
  batch: Batch,
): Promise<boolean> {
  if (batch.type !== 'staged') return false;
  if (batch.rollback !== undefined) return true;
  const endpoint = await store.getEndpoint(batch.endpoint);
  const now = clock.now();
  const overdue: string[] = [];
  let why = '';
  for await (const job of store.jobs(batch.name)) {
    if (job.status !== 'Failed' || !mayHaveForwarded(job)) continue;
    const levels = [endpoint?.defaults ?? {}, batch.options, job.options];
    const { rollbackAfterMs } = optionsOf(batch.type, levels);
    if (rollbackAfterMs === null || now - Date.parse(job.since) < rollbackAfterMs) continue;
    overdue.push(job.id);
    why ||= `failed for ${durationInWords(Math.round(rollbackAfterMs / 1000))}`;
  }
  if (overdue.length === 0) return false;
  const rollback = { mailboxes: overdue, by: theService, at: new Date(now).toISOString(), why };
  await changeBatch(store, batch.name, (present) =>
    present.rollback === undefined ? { ...present, rollback } : undefined,
  );
  log.info('Forwarding of failed mailboxes is to be put back', { batch: batch.name, mailboxes: overdue.length });
  return true;
}
