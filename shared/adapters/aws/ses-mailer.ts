import { SendRawEmailCommand } from '@aws-sdk/client-ses';
import type { SESClient } from '@aws-sdk/client-ses';
import { ConfigurationError, TransientError } from '../../domain/errors.ts';
import type { MailIdentity } from '../../domain/mail-record.ts';
import type { Mailer, MailMessage } from '../../ports/mailer.ts';
import { composeMail } from '../mail/compose-mail.ts';
import { withoutAddresses } from '../mail/without-addresses.ts';
import { asAwsError, isNamed } from './aws-error.ts';
import { tagsOf } from './ses-event.ts';

/** Stay as they are until somebody verifies the sender, leaves the sandbox or corrects the deployment. */
const settings = [
  'AccessDenied',
  'AccessDeniedException',
  'AccountSendingPausedException',
  'ConfigurationSetDoesNotExist',
  'ConfigurationSetDoesNotExistException',
  'ConfigurationSetSendingPausedException',
  'InvalidParameterValue',
  'MailFromDomainNotVerified',
  'MailFromDomainNotVerifiedException',
  'MessageRejected',
];

export interface SesMailerOptions {
  readonly client: SESClient;
  /** A verified identity: `Stagecoach <stagecoach@contoso.com>`. */
  readonly from: string;
  readonly configurationSet: string;
}

/**
 * Sends through Amazon SES, by the first API's SendRawEmail: it takes a whole MIME message, attachments included, up to
 * 10 MB, and our mails with the small reports attached stay far below, so that the second API has nothing to add.
 */
export class SesMailer implements Mailer {
  readonly #client: SESClient;
  readonly #from: string;
  readonly #configurationSet: string;

  constructor({ client, from, configurationSet }: SesMailerOptions) {
    this.#client = client;
    this.#from = from;
    this.#configurationSet = configurationSet;
  }

  /** Bounces and complaints come back with the tags that say which mail it was (ses-event.ts). */
  async send(message: MailMessage & { readonly identity?: MailIdentity }): Promise<{ readonly id: string }> {
    const mail = await composeMail(message, this.#from);
    const command = new SendRawEmailCommand({
      Source: this.#from,
      Destinations: [...message.to],
      RawMessage: { Data: mail.octets },
      ConfigurationSetName: this.#configurationSet,
      ...(message.identity !== undefined && { Tags: tagsOf(message.identity) }),
    });
    try {
      const { MessageId: id = mail.id } = await this.#client.send(command);
      return { id };
    } catch (error) {
      throw asMailError(error);
    }
  }
}

function asMailError(error: unknown): unknown {
  if (isNamed(error, ...settings)) return new ConfigurationError({ code: 'MAIL_NOT_SENT', message: refusal(error) });
  const translated = asAwsError(error, 'Amazon SES');
  if (!(translated instanceof TransientError)) return error;
  return new TransientError({ code: 'MAIL_NOT_SENT', message: translated.message, cause: error });
}

function refusal(error: unknown): string {
  const words = typeof error === 'object' && error !== null && 'message' in error ? String(error.message) : '';
  return `Amazon SES did not take the mail: ${withoutAddresses(words)}`;
}
