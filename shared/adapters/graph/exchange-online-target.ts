import type { ExchangeOnline } from '../../domain/endpoint.ts';
import { ConfigurationError } from '../../domain/errors.ts';
import type { MailTarget } from '../../ports/mail-target.ts';
import type { MailServerServices } from '../mail-servers.ts';

/** Mailboxes of an Exchange Online organisation. */
export function exchangeOnlineTarget(target: ExchangeOnline, _services: MailServerServices): MailTarget {
  return {
    open: () =>
      Promise.reject(
        new ConfigurationError({
          code: 'ENDPOINT_INVALID',
          message: `Mail to ${target.tenant} cannot be written yet.`,
        }),
      ),
  };
}
