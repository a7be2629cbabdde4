import type { Reply } from './reply.ts';

/** Which end of a migration a connection belongs to: decides who is told to repair it. */
export type ImapRole = 'source' | 'target';

/**
 * What the protocol layer throws. imap-errors.ts turns each into one of the five kinds of the domain; nothing else
 * leaves the adapter.
 */
export abstract class ImapError extends Error {}

/** A command ended NO or BAD. */
export class ImapReplyError extends ImapError {
  override readonly name = 'ImapReplyError';
  readonly command: string;
  readonly reply: Reply;

  constructor(command: string, reply: Reply) {
    super(`${command}: ${reply.status} ${reply.text}`);
    this.command = command;
    this.reply = reply;
  }
}

export type ConnectionPhase = 'connect' | 'tls' | 'greeting' | 'session';

/** The connection could not be made or is gone; what was in flight has an unknown fate. */
export class ImapConnectionError extends ImapError {
  override readonly name = 'ImapConnectionError';
  readonly phase: ConnectionPhase;
  /** Node's or OpenSSL's code (ECONNREFUSED, CERT_HAS_EXPIRED ...), or ours: TIMEOUT, CLOSED, ABORTED. */
  readonly reason: string;
  /** What the server said last (BYE), if it did. */
  readonly bye: Reply | undefined;

  constructor(
    phase: ConnectionPhase,
    details: {
      readonly reason: string;
      readonly message: string;
      readonly bye?: Reply | undefined;
      readonly cause?: unknown;
    },
  ) {
    super(details.message, details.cause === undefined ? undefined : { cause: details.cause });
    this.phase = phase;
    this.reason = details.reason;
    this.bye = details.bye;
  }
}

/** The server sent something that no reading of the RFCs allows; the connection is given up. */
export class ImapProtocolError extends ImapError {
  override readonly name = 'ImapProtocolError';
}

/** The server offers no way of doing what the endpoint asks for (STARTTLS, a login mechanism). */
export class ImapUnsupportedError extends ImapError {
  override readonly name = 'ImapUnsupportedError';
  readonly feature: 'starttls' | 'login' | 'authzid' | 'oauth' | 'uidplus';

  constructor(feature: ImapUnsupportedError['feature'], message: string) {
    super(message);
    this.feature = feature;
  }
}
