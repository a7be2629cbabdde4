import { createHash } from 'node:crypto';
import type { ExchangeOnline } from '../../domain/endpoint.ts';
import { ConfigurationError } from '../../domain/errors.ts';
import type { MailboxCredentials } from '../../ports/mail-source.ts';
import type { MailTarget, TargetMailbox } from '../../ports/mail-target.ts';
import type { MailServerServices } from '../mail-servers.ts';
import { findMailboxUser } from './find-mailbox-user.ts';
import { GraphMailbox } from './mailbox/graph-mailbox.ts';
import { openGraph } from './open-graph.ts';

/** Mailboxes of an Exchange Online organisation. */
export function exchangeOnlineTarget(target: ExchangeOnline, services: MailServerServices): MailTarget {
  switch (target.mail) {
    case 'auto':
    case 'graph':
      return { open: (mailbox, signal) => openByGraph(target, services, { mailbox, signal }) };
    case 'imap':
    case 'fts':
      return { open: () => Promise.reject(notOffered(target.mail)) };
  }
}

function notOffered(way: string): ConfigurationError {
  const message = `target.mail is ${way}, which this version does not write: leave it out, or set it to graph.`;
  return new ConfigurationError({ code: 'ENDPOINT_INVALID', message });
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
  const identity = `exchange-online://${target.tenant.toLowerCase()}/${user.toLowerCase()}`;
  const { objects, log } = services;
  return GraphMailbox.open({
    client,
    objects,
    log,
    user,
    identity,
    mapsPrefix: mapsPrefixOf(identity),
    now: () => services.clock.now(),
    abort: () => closing.abort(),
  });
}

/** Below this lies which UID stands for which item of the mailbox. */
function mapsPrefixOf(identity: string): string {
  return `ledger/exchange-online/${createHash('sha256').update(identity).digest('hex').slice(0, 32)}/`;
}
