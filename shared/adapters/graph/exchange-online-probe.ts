import type { ExchangeOnline } from '../../domain/endpoint.ts';
import type { EndpointCheck, StorageProbe } from '../../ports/endpoint-probe.ts';
import type { MailboxCredentials } from '../../ports/mail-source.ts';
import type { MailServerServices } from '../mail-servers.ts';

/** Looks at an Exchange Online organisation: sign-in, each right, a mailbox. */
export function probeExchangeOnline(
  _services: Pick<MailServerServices, 'secrets'>,
  _target: ExchangeOnline,
  _mailbox: MailboxCredentials | undefined,
): Promise<readonly EndpointCheck[]> {
  return Promise.resolve([]);
}

export function probeExchangeOnlineStorage(
  _services: Pick<MailServerServices, 'secrets'>,
  _target: ExchangeOnline,
  _mailbox: MailboxCredentials,
): Promise<StorageProbe> {
  return Promise.resolve({
    check: {
      side: 'target',
      check: 'storage',
      result: 'cannot-check',
      code: null,
      transient: false,
      evidence: '',
      fix: '',
    },
    keeps: undefined,
  });
}
