import { theService } from '../../domain/audit.ts';
import type { Batch } from '../../domain/batch.ts';
import { durationInWords } from '../../domain/report/mail/numbers-in-words.ts';
import { changeBatch } from '../change-batch.ts';
import type { DueOfMailboxes } from '../look-through.ts';
import type { Services } from '../services.ts';

/**
 * Asks for the forwarding of mailboxes to be put back that have been failed for `rollbackAfter`: their new mail would
 * otherwise go on arriving in a mailbox that never gets the old one.
 */
export async function noteOverdueFailures(
  { store, clock, log }: Pick<Services, 'store' | 'clock' | 'log'>,
  batch: Batch,
  overdue: DueOfMailboxes['overdue'],
): Promise<void> {
  const [first] = overdue;
  if (first === undefined) return;
  const rollback = {
    mailboxes: overdue.map(({ id }) => id),
    by: theService,
    at: new Date(clock.now()).toISOString(),
    why: `failed for ${durationInWords(Math.round(first.afterMs / 1000))}`,
  };
  await changeBatch(store, batch.name, (present) =>
    present.rollback === undefined ? { ...present, rollback } : undefined,
  );
  log.info('Forwarding of failed mailboxes is to be put back', { batch: batch.name, mailboxes: overdue.length });
}
