import { isKnownError } from '../../domain/errors.ts';
import type { MailIdentity, MailRecord } from '../../domain/mail-record.ts';
import type { MailContent } from '../../domain/report/mail/mail-content.ts';
import { oneLine } from '../../domain/report/mail/one-line.ts';
import { renderHtml } from '../../domain/report/mail/render-html.ts';
import { renderText } from '../../domain/report/mail/render-text.ts';
import type { MailMessage } from '../../ports/mailer.ts';
import type { Services } from '../services.ts';

/** Longer than any mailer takes; a claim that is older belongs to a worker that died. */
export const claimOpenForMs = 15 * 60_000;

/** Equal batch, kind and occasion are one mail, however often it is asked for. */
export interface Delivery extends MailIdentity {
  /** Empty: nobody is named. Mail files are written all the same; a mail service refuses. */
  readonly to: readonly string[];
  readonly compose: () => Promise<{
    readonly content: MailContent;
    readonly attachments: MailMessage['attachments'];
  }>;
}

const repeatNotice =
  'You may have received this mail before: the service was interrupted while it was being sent, and cannot know.';

/**
 * Claims the mail, sends it, records what came of it. A failure to compose or to send is recorded and logged, never
 * thrown: a batch does not fail over its mail. Failures of the store are thrown.
 */
export async function deliverMail(
  { store, mailer, clock, log }: Pick<Services, 'store' | 'mailer' | 'clock' | 'log'>,
  delivery: Delivery,
): Promise<void> {
  const { batch, kind, occasion } = delivery;
  const now = clock.now();
  const claimedBefore = await hasOpenClaim(store, delivery);
  const record: MailRecord = {
    schema: 1,
    batch,
    kind,
    occasion,
    claimedAt: now,
    attempts: 1,
    outcome: 'claimed',
    detail: '',
  };
  const claim = await store.claimMail(record, now, claimOpenForMs);
  if (claim === 'done') return;

  const attempts = claim === 'repeat' ? 2 : 1;
  try {
    const message = await messageOf(delivery, claim === 'repeat' || claimedBefore);
    const sent = await mailer.send(message);
    await store.recordMail({ ...record, attempts, outcome: 'sent', detail: sentDetail(sent.id, delivery.to) });
    log.info('Sent a status mail', { batch, kind, recipients: delivery.to.length });
  } catch (error) {
    const detail = failureDetail(error, delivery.to);
    log.warn('A status mail could not be sent', { batch, kind, detail });
    await store.recordMail({ ...record, attempts, outcome: 'failed', detail });
  }
}

/**
 * A restart may ask for the mail on another occasion (another run), although the one before it died between sending and
 * recording: that mail, too, may be a repeat.
 */
async function hasOpenClaim(store: Pick<Services['store'], 'mailsOf'>, delivery: Delivery): Promise<boolean> {
  // Yesterday's digest is another mail than today's, whatever became of it.
  if (delivery.kind === 'digest') return false;
  const mails = await store.mailsOf(delivery.batch);
  return mails.some((mail) => mail.kind === delivery.kind && mail.outcome === 'claimed');
}

async function messageOf(
  delivery: Delivery,
  possibleRepeat: boolean,
): Promise<MailMessage & { readonly identity: MailIdentity }> {
  const { content, attachments } = await delivery.compose();
  const marked = possibleRepeat ? { ...content, notice: repeatNotice } : content;
  return {
    to: delivery.to,
    subject: oneLine(marked.subject),
    text: renderText(marked),
    html: renderHtml(marked),
    attachments,
    identity: { batch: delivery.batch, kind: delivery.kind, occasion: delivery.occasion },
  };
}

const nobody = 'nobody is named to receive it: set `notify` for the batch or its endpoint';

function sentDetail(id: string, to: readonly string[]): string {
  return to.length === 0 ? `${id} (${nobody})` : id;
}

/** Words of our own errors hold no secret; those of a defect might, so only its name is kept. */
function failureDetail(error: unknown, to: readonly string[]): string {
  if (isKnownError(error)) return `${error.code}: ${error.message}`;
  const name = error instanceof Error ? error.name : typeof error;
  return to.length === 0 ? `MAIL_NOT_SENT: ${nobody}` : `MAIL_NOT_SENT: ${name}`;
}
