import { createTransport } from 'nodemailer';
import { z } from 'zod';
import { ConfigurationError, TransientError } from '../../domain/errors.ts';
import type { Mailer } from '../../ports/mailer.ts';
import { composeMail } from '../mail/compose-mail.ts';
import { withoutAddresses } from '../mail/without-addresses.ts';

/** What nodemailer says of a failure; errors without a code are defects. */
const MailFailure = z.object({ message: z.string(), code: z.string(), responseCode: z.int().optional() });

/** Milliseconds; a mail server that does not answer must not hold up a batch. */
const timeouts = { connectionTimeout: 20_000, greetingTimeout: 20_000, socketTimeout: 60_000 };

export interface SmtpMailerOptions {
  /** `smtp://user:password@host:587` or `smtps://...`; never shown. */
  readonly url: string;
  readonly from: string;
}

/** Sends through a mail server (RFC 5321; STARTTLS where it is offered). */
export function smtpMailer({ url, from }: SmtpMailerOptions): Mailer {
  const transport = createTransport({ url, ...timeouts });
  return {
    async send(message) {
      const mail = await composeMail(message, from);
      const envelope = { from: addressOf(from), to: [...message.to] };
      try {
        await transport.sendMail({ envelope, messageId: mail.id, raw: Buffer.from(mail.octets) });
      } catch (error) {
        throw asMailError(error, new URL(url).hostname);
      }
      return { id: mail.id };
    },
  };
}

/** The bare address of `Stagecoach <a@b.test>`, which is what an envelope takes. */
function addressOf(from: string): string {
  return /<([^<>]+)>\s*$/.exec(from)?.[1] ?? from;
}

/** 5yz replies and refused sign-ins stay as they are until somebody changes a setting; all else may pass. */
function asMailError(error: unknown, host: string): unknown {
  const failure = MailFailure.safeParse(error);
  if (!failure.success) return error;
  const { message, code, responseCode = 0 } = failure.data;
  const details = {
    code: 'MAIL_NOT_SENT',
    message: `The mail server ${host} did not take the mail: ${withoutAddresses(message)}`,
  } as const;
  return code === 'EAUTH' || responseCode >= 500 ? new ConfigurationError(details) : new TransientError(details);
}
