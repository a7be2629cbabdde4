import type { MailEvent } from '../domain/mail-record.ts';
import type { Services } from './services.ts';

/**
 * Keeps the bounce of a mail, or a complaint about it, with the mail's record, where `batch show` has it. The first word
 * stays: the mail service repeats its events and does not keep their order. An event about a mail that is not known any
 * more (its batch was removed) is dropped.
 */
export async function recordMailEvent(
  { store, log }: Pick<Services, 'store' | 'log'>,
  event: MailEvent,
): Promise<'recorded' | 'known' | 'dropped'> {
  const { mail, delivery, id } = event;
  const facts = { batch: mail.batch, kind: mail.kind, outcome: delivery.outcome };
  const record = (await store.mailsOf(mail.batch)).find(
    ({ kind, occasion }) => kind === mail.kind && occasion === mail.occasion,
  );
  if (record === undefined) {
    log.warn('Heard of a mail that is not known', facts);
    return 'dropped';
  }
  if (record.delivery !== undefined) return 'known';
  // A mail that came back was sent, even where the sender died before it could say so.
  const detail = record.outcome === 'sent' ? record.detail : id;
  await store.recordMail({ ...record, outcome: 'sent', detail, delivery });
  log.warn('A status mail came back', facts);
  return 'recorded';
}
