import type { Endpoint } from '../domain/endpoint.ts';
import type { EndpointProbe } from '../ports/endpoint-probe.ts';
import type { Logger } from '../ports/logger.ts';
import type { MailSource } from '../ports/mail-source.ts';
import type { MailTarget } from '../ports/mail-target.ts';
import type { ObjectStore } from '../ports/object-store.ts';
import type { ImapServices } from './imap/imap-login.ts';
import { probeSide } from './imap/imap-endpoint-probe.ts';
import { imapMailSource } from './imap/imap-mail-source.ts';
import { imapMailTarget } from './imap/imap-mail-target.ts';
import { probeImapStorage } from './imap/imap-storage-probe.ts';
import { probeExchange } from './ews/ews-endpoint-probe.ts';
import { ewsMailSource } from './ews/ews-mail-source.ts';

export interface MailServerServices extends ImapServices {
  readonly objects: Pick<ObjectStore, 'create' | 'get'>;
  readonly log?: Logger | undefined;
}

/** The source of an endpoint, by its kind. */
export function mailSource({ source }: Endpoint, services: MailServerServices): MailSource {
  switch (source.kind) {
    case 'imap':
      return imapMailSource(source, services);
    case 'exchange':
      return ewsMailSource(source, services);
  }
}

export function mailTarget({ target }: Endpoint, services: ImapServices): MailTarget {
  return imapMailTarget(target, services);
}

/** Looks at both servers of an endpoint, each by its kind. */
export function endpointProbe(services: ImapServices): EndpointProbe {
  return {
    async probe({ source, target }, mailboxes) {
      const [atSource, atTarget] = await Promise.all([
        source.kind === 'imap'
          ? probeSide(services, { role: 'source', server: source, mailbox: mailboxes.source })
          : probeExchange(services, source, mailboxes.source),
        probeSide(services, { role: 'target', server: target, mailbox: mailboxes.target }),
      ]);
      return [...atSource, ...atTarget];
    },
    probeStorage: ({ target }, mailbox) => probeImapStorage(services, target, mailbox),
  };
}
