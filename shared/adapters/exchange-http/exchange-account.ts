import type { ExchangeServer } from '../../domain/endpoint.ts';
import { MailboxBlockedError } from '../../domain/errors.ts';
import type { Clock } from '../../ports/clock.ts';
import type { MailboxCredentials } from '../../ports/mail-source.ts';
import type { SecretReader } from '../../ports/sealer.ts';

export interface ExchangeServices {
  readonly secrets: SecretReader;
  readonly clock: Clock;
}

export interface SignInRequest {
  readonly mailbox: MailboxCredentials;
  readonly signal: AbortSignal;
}

export interface ExchangeAccount {
  readonly user: string;
  readonly password: string;
}

/** Who is never signed in: what can be proved of an endpoint without a mailbox. */
export const nobody: ExchangeAccount = { user: '', password: '' };

/** Who signs in to read a mailbox. Rejects with MailboxBlockedError SEALED_PASSWORD_MISSING. */
export async function accountFor(
  services: Pick<ExchangeServices, 'secrets'>,
  { login }: Pick<ExchangeServer, 'login'>,
  mailbox: MailboxCredentials,
): Promise<ExchangeAccount> {
  if (login.mode === 'admin') return { user: login.user, password: await services.secrets(login.secret) };
  if (mailbox.password === undefined) {
    const message = 'No password is known for this mailbox at the source.';
    throw new MailboxBlockedError({ code: 'SEALED_PASSWORD_MISSING', message });
  }
  return { user: mailbox.userName, password: mailbox.password };
}
