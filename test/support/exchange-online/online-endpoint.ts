import type { ExchangeOnlineSimulator } from '../../../simulator/exchange-online/exchange-online-simulator.ts';
import type { DovecotServer } from '../dovecot/dovecot-server.ts';
import type { PracticeImap } from './practice-imap.ts';

/** The application that a practice tenant knows; its secret is `env:APPLICATION_SECRET`. */
export const practiceApplication = {
  clientId: '0a0b0c0d-1234-4567-89ab-00000000000c',
  secret: 'application-pw',
} as const;

/** An endpoint file from a Dovecot to a practice Exchange Online, both on loopback. */
export function onlineEndpoint(file: {
  readonly name: string;
  readonly source: DovecotServer;
  readonly online: ExchangeOnlineSimulator;
  readonly mail: 'graph' | 'imap';
  /** Where its IMAP is. */
  readonly imap?: PracticeImap['place'];
  readonly defaults?: Readonly<Record<string, unknown>>;
}): { readonly name: string } {
  const { name, source, online, mail, imap, defaults = {} } = file;
  const practice = { login: online.url, graph: online.url, ...(imap === undefined ? {} : { imap }) };
  const endpoint = {
    name,
    type: 'imap',
    source: { kind: 'imap', host: '127.0.0.1', port: source.imapPort, security: 'none', login: { mode: 'user' } },
    target: {
      kind: 'exchange-online',
      tenant: 'contoso.onmicrosoft.com',
      clientId: practiceApplication.clientId,
      secret: 'env:APPLICATION_SECRET',
      mail,
      practice,
    },
    defaults: { settleAfter: 1, ...defaults },
  };
  return endpoint;
}
