import MailComposer from 'nodemailer/lib/mail-composer/index.js';
import type { MailMessage } from '../../ports/mailer.ts';

/** A mail as octets, as it goes over the wire (RFC 5322, MIME). */
export interface ComposedMail {
  /** Message-ID, with its angle brackets. */
  readonly id: string;
  readonly octets: Uint8Array;
}

/** Text and HTML as alternatives (RFC 2046 section 5.1.4), attachments beside them. */
export async function composeMail(message: MailMessage, from: string): Promise<ComposedMail> {
  const mail = new MailComposer({
    from,
    to: [...message.to],
    subject: message.subject,
    text: message.text,
    html: message.html,
    attachments: message.attachments.map(({ name, contentType, octets }) => ({
      filename: name,
      contentType,
      content: Buffer.from(octets),
    })),
    // Keeps out-of-office replies away (RFC 3834 section 5).
    headers: { 'Auto-Submitted': 'auto-generated' },
    // Contents come from the program alone: nothing is read from files or fetched from addresses.
    disableFileAccess: true,
    disableUrlAccess: true,
  }).compile();
  return { id: mail.messageId(), octets: await mail.build() };
}
