import type { ExchangeServer } from '../../domain/endpoint.ts';
import { isKnownError } from '../../domain/errors.ts';
import type { EndpointCheck } from '../../ports/endpoint-probe.ts';
import type { MailboxCredentials } from '../../ports/mail-source.ts';
import { nobody, type ExchangeServices } from '../exchange-http/exchange-account.ts';
import { probeExchangeHttp } from '../exchange-http/probe-exchange-http.ts';
import type { Finding } from '../findings.ts';
import { DavConnection } from './dav-connection.ts';
import { davConnection, findMailbox, signIn } from './dav-mailbox.ts';

const experimental =
  'Reading by WebDAV is experimental: it was never tried with an Exchange of this age. Migrate one mailbox, compare it, or read mail by IMAP (docs/endpoints/exchange.md).';

/** Looks at the WebDAV of an Exchange: connects, verifies, signs in and opens a mailbox where one is known. */
export function probeWebdav(
  services: ExchangeServices,
  server: ExchangeServer,
  mailbox: MailboxCredentials | undefined,
): Promise<readonly EndpointCheck[]> {
  const { clock } = services;
  return probeExchangeHttp(services, server, {
    mailbox,
    protocol: {
      setting: 'source.webdavUrl',
      address: server.webdavUrl ?? '',
      unsigned: (signal) => new DavConnection({ server, account: nobody, clock, signal }),
      async open(request) {
        const connection = await davConnection(services, server, request);
        return {
          async lookAtMailbox() {
            await signIn(connection);
            await findMailbox(connection, request.mailbox);
          },
          capabilities: (error) => (error === undefined || isOfMailbox(error) ? capabilitiesOf(connection) : undefined),
          close: () => connection.close(),
        };
      },
    },
  });
}

/** Errors that only who is signed in can meet. */
function isOfMailbox(error: unknown): boolean {
  return isKnownError(error) && ['SOURCE_NO_RIGHTS', 'SOURCE_MAILBOX_NOT_FOUND'].includes(error.code);
}

function capabilitiesOf({ version = 'of an unknown version' }: DavConnection): Finding {
  return { result: 'warn', evidence: `Exchange ${version}, by WebDAV`, fix: experimental };
}
