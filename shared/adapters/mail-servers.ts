import type { Endpoint } from '../domain/endpoint.ts';
import type { EndpointCheck, EndpointProbe } from '../ports/endpoint-probe.ts';
import type { Logger } from '../ports/logger.ts';
import type { MailboxCredentials, MailSource } from '../ports/mail-source.ts';
import type { MailTarget } from '../ports/mail-target.ts';
import type { ObjectStore } from '../ports/object-store.ts';
import { discoverExchange } from './discover-exchange.ts';
import { directories } from './directories.ts';
import type { ImapServices } from './imap/imap-login.ts';
import { probeSide } from './imap/imap-endpoint-probe.ts';
import { imapMailSource } from './imap/imap-mail-source.ts';
import { imapMailTarget } from './imap/imap-mail-target.ts';
import { probeImapStorage } from './imap/imap-storage-probe.ts';
import { exchangeOnlineTarget } from './graph/exchange-online-target.ts';
import { probeExchangeOnline, probeExchangeOnlineStorage } from './graph/exchange-online-probe.ts';
import { probeExchange } from './ews/ews-endpoint-probe.ts';
import { ewsMailSource } from './ews/ews-mail-source.ts';
import { probeWebdav } from './webdav/webdav-endpoint-probe.ts';
import { addressLookup } from './ldap/address-lookup.ts';
import { webdavMailSource } from './webdav/webdav-mail-source.ts';

export interface MailServerServices extends ImapServices {
  readonly objects: Pick<ObjectStore, 'create' | 'get'>;
  readonly log?: Logger | undefined;
}

/** What looking at servers needs: it keeps nothing. */
export type ProbeServices = Omit<MailServerServices, 'objects'>;

/** The source of an endpoint, by its kind. */
export function mailSource({ source, directory }: Endpoint, services: MailServerServices): MailSource {
  switch (source.kind) {
    case 'imap':
      return imapMailSource(source, services);
    case 'exchange': {
      if (source.webdavUrl !== undefined) return webdavMailSource(source, services);
      const addressOf = directory === undefined ? undefined : addressLookup(directory, services);
      return ewsMailSource(source, { ...services, addressOf });
    }
  }
}

export function mailTarget({ target }: Endpoint, services: MailServerServices): MailTarget {
  switch (target.kind) {
    case 'imap':
      return imapMailTarget(target, services);
    case 'exchange-online':
      return exchangeOnlineTarget(target, services);
  }
}

/** Whoever asks by way of a function waits no longer than 25 s. */
const longestLookMs = 20_000;

function probeSource(
  services: ProbeServices,
  server: Endpoint['source'],
  mailbox: MailboxCredentials | undefined,
): Promise<readonly EndpointCheck[]> {
  if (server.kind === 'imap') return probeSide(services, { role: 'source', server, mailbox });
  const probe = server.webdavUrl === undefined ? probeExchange : probeWebdav;
  return probe(services, server, mailbox);
}

/** Looks at both servers of an endpoint, each by its kind. */
export function endpointProbe(services: ProbeServices): EndpointProbe {
  return {
    async probe({ source, target }, mailboxes) {
      const [atSource, atTarget] = await Promise.all([
        probeSource(services, source, mailboxes.source),
        target.kind === 'imap'
          ? probeSide(services, { role: 'target', server: target, mailbox: mailboxes.target })
          : probeExchangeOnline(services, target, mailboxes.target),
      ]);
      return [...atSource, ...atTarget];
    },
    discover: (endpoint) => discoverExchange(services, endpoint, AbortSignal.timeout(longestLookMs)),
    async probeDirectories(endpoint, sample) {
      const { sourceDirectory, targetDirectory } = directories(services);
      const [atSource, atTarget] = await Promise.all([
        sourceDirectory(endpoint).check(sample),
        targetDirectory(endpoint).check(AbortSignal.timeout(longestLookMs)),
      ]);
      return [
        ...atSource.map((check) => ({ ...check, side: 'directory' as const })),
        ...atTarget.map((check) => ({ ...check, side: 'target-directory' as const })),
      ];
    },
    probeStorage: ({ target }, mailbox) =>
      target.kind === 'imap'
        ? probeImapStorage(services, target, mailbox)
        : probeExchangeOnlineStorage(services, target, mailbox),
  };
}
