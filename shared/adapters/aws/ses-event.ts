import { z } from 'zod';
import { Name } from '../../domain/endpoint.ts';
import { MailKind, type MailEvent, type MailIdentity } from '../../domain/mail-record.ts';
import { withoutAddresses } from '../mail/without-addresses.ts';

/** A tag holds letters, digits, _ and - only (Amazon SES API reference, MessageTag); names of batches hold dots. */
function encoded(text: string): string {
  return text.replaceAll(/[^A-Za-z0-9-]/g, (char) => `_${char.codePointAt(0)?.toString(16) ?? ''}_`);
}

function decoded(tag: string): string {
  return tag.replaceAll(/_([0-9a-f]{1,6})_/g, (_, code: string) => String.fromCodePoint(Number.parseInt(code, 16)));
}

export function tagsOf({ batch, kind, occasion }: MailIdentity): { Name: string; Value: string }[] {
  return [
    { Name: 'batch', Value: encoded(batch) },
    { Name: 'kind', Value: encoded(kind) },
    { Name: 'occasion', Value: encoded(occasion) },
  ];
}

const tag = z
  .array(z.string())
  .min(1)
  .transform((values) => decoded(values[0] ?? ''));

const mail = z.object({
  messageId: z.string(),
  tags: z.object({ batch: tag.pipe(Name), kind: tag.pipe(MailKind), occasion: tag }),
});

/** `2026-11-20T20:00:00.000Z`, whatever form the service gives an instant. */
const instant = z.coerce.date().transform((date) => date.toISOString());

const Bounce = z.object({
  eventType: z.literal('Bounce'),
  mail,
  bounce: z.object({
    bounceType: z.string(),
    bounceSubType: z.string().default(''),
    timestamp: instant,
    bouncedRecipients: z.array(z.object({ diagnosticCode: z.string().optional() })).default([]),
  }),
});

const Complaint = z.object({
  eventType: z.literal('Complaint'),
  mail,
  complaint: z.object({ timestamp: instant, complaintFeedbackType: z.string().nullish() }),
});

const longestDetail = 300;

/**
 * What an event of the configuration set says of one of our mails (Amazon SES developer guide, "Examples of event data"):
 * the `detail` of an EventBridge event, or the parsed message of a notification. Addresses of recipients are left out.
 */
export const SesMailEvent = z.discriminatedUnion('eventType', [Bounce, Complaint]).transform((event): MailEvent => {
  const { messageId: id, tags } = event.mail;
  if (event.eventType === 'Complaint') {
    const { timestamp: at, complaintFeedbackType } = event.complaint;
    const detail = complaintFeedbackType ?? 'a recipient called it unwanted';
    return { mail: tags, id, delivery: { outcome: 'complained', at, detail } };
  }
  const { bounceType, bounceSubType, timestamp: at, bouncedRecipients } = event.bounce;
  const reason = bouncedRecipients.find(({ diagnosticCode }) => diagnosticCode !== undefined)?.diagnosticCode ?? '';
  const detail = withoutAddresses([bounceType, bounceSubType, reason].filter((word) => word !== '').join(', '));
  return { mail: tags, id, delivery: { outcome: 'bounced', at, detail: detail.slice(0, longestDetail) } };
});
