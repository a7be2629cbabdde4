import type { Endpoint, ImapServer } from '../../shared/domain/endpoint.ts';

/** The target of an endpoint that a test made with an IMAP one. */
export function imapTarget({ target }: Endpoint): ImapServer {
  if (target.kind !== 'imap') throw new Error(`The target is ${target.kind}`);
  return target;
}
