import type { ExchangeServer } from '../../domain/endpoint.ts';
import type { EndpointCheck } from '../../ports/endpoint-probe.ts';
import type { MailboxCredentials } from '../../ports/mail-source.ts';
import { nobody, type ExchangeServices } from '../exchange-http/exchange-account.ts';
import { probeExchangeHttp } from '../exchange-http/probe-exchange-http.ts';
import type { Finding } from '../findings.ts';
import { versionText, type EwsConnection } from './ews-connection.ts';
import { lookAtRoot, signIn } from './ews-sign-in.ts';
import { EwsTransport } from './ews-transport.ts';

/** Looks at Exchange Web Services: connects, verifies, signs in and opens a mailbox where one is known. */
export function probeExchange(
  services: ExchangeServices,
  server: ExchangeServer,
  mailbox: MailboxCredentials | undefined,
): Promise<readonly EndpointCheck[]> {
  const { clock } = services;
  return probeExchangeHttp(services, server, {
    mailbox,
    protocol: {
      setting: 'source.ewsUrl',
      address: server.ewsUrl,
      unsigned: (signal) => new EwsTransport({ server, account: nobody, clock, signal }),
      async open(request) {
        const connection = await signIn(services, server, request);
        return {
          lookAtMailbox: () => lookAtRoot(connection, request.mailbox.emailAddress),
          capabilities: () => capabilitiesOf(connection),
          close: () => connection.close(),
        };
      },
    },
  });
}

/** Exchange says its version only to who is signed in, with an error as well. */
function capabilitiesOf({ version, schema }: EwsConnection): Finding | undefined {
  if (version === undefined) return undefined;
  return { result: 'pass', evidence: `Exchange ${versionText(version)}, asked as ${schema}` };
}
