import type { ExchangeOnline } from '../../domain/endpoint.ts';
import { onlineMapsPrefix } from '../../domain/pair.ts';
import type { MailboxCredentials } from '../../ports/mail-source.ts';
import type { MailTarget, TargetMailbox } from '../../ports/mail-target.ts';
import type { MailServerServices } from '../mail-servers.ts';
import { offersMailboxImport } from './clouds.ts';
import { findMailboxUser } from './find-mailbox-user.ts';
import { exchangeOnlineImapTarget } from './imap/exchange-online-imap-target.ts';
import { GraphMailbox } from './mailbox/graph-mailbox.ts';
import { openGraph } from './open-graph.ts';

/** Mailboxes of an Exchange Online organisation. */
export function exchangeOnlineTarget(target: ExchangeOnline, services: MailServerServices): MailTarget {
  switch (target.mail) {
    case 'auto':
    case 'fts':
    case 'graph':
      return { open: (mailbox, signal) => openByGraph(target, services, { mailbox, signal }) };
    case 'imap':
      return exchangeOnlineImapTarget(target, services, async (mailbox, signal) =>
        identityOf(
          target,
          await findMailboxUser(openGraph(services, target, { mailbox: undefined, signal }), mailbox.userName),
        ),
      );
  }
}

async function openByGraph(
  target: ExchangeOnline,
  services: MailServerServices,
  { mailbox, signal }: { readonly mailbox: MailboxCredentials; readonly signal: AbortSignal },
): Promise<TargetMailbox> {
  const directory = openGraph(services, target, { mailbox: undefined, signal });
  const user = await findMailboxUser(directory, mailbox.userName);
  const closing = new AbortController();
  const client = openGraph(services, target, { mailbox: user, signal: AbortSignal.any([signal, closing.signal]) });
  const identity = identityOf(target, user);
  const { objects, log } = services;
  return GraphMailbox.open({
    client,
    objects,
    log,
    user,
    identity,
    mapsPrefix: onlineMapsPrefix(identity),
    now: () => services.clock.now(),
    mayImport: target.mail !== 'graph' && offersMailboxImport(target),
    abort: () => closing.abort(),
  });
}

/** The same whatever way the mailbox is written: it stays one pair when `target.mail` is changed. */
function identityOf({ tenant }: ExchangeOnline, user: string): string {
  return `exchange-online://${tenant.toLowerCase()}/${user.toLowerCase()}`;
}
