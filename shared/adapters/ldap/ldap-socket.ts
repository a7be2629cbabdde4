import { connect, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { BerReader } from 'ldapts';
import type { Directory } from '../../domain/endpoint.ts';
import { ConfigurationError } from '../../domain/errors.ts';
import { tlsOptions } from '../imap/protocol/tls-settings.ts';
import { at, openingError } from './ldap-errors.ts';

export interface LdapTimeouts {
  /** For the connection, and again for the TLS handshake. */
  readonly connectMs: number;
  /** For an answer. */
  readonly answerMs: number;
}

export const usualTimeouts: LdapTimeouts = { connectMs: 15_000, answerMs: 60_000 };

interface Opening {
  readonly signal: AbortSignal;
  readonly timeouts: LdapTimeouts;
}

/**
 * Connects, and resolves once TLS stands and the certificate is verified: nothing, and so no password, is sent before.
 * `ldap:` is raised to TLS by StartTLS (RFC 4511 section 4.14) and never used without.
 */
export async function secureSocket(directory: Directory, opening: Opening): Promise<TLSSocket> {
  const { hostname, host, port, protocol } = new URL(directory.url);
  // A URL writes an IPv6 address in brackets; a socket wants it without.
  const name = hostname.replace(/^\[|\]$/g, '');
  const isLdaps = protocol === 'ldaps:';
  if (!isLdaps && !directory.startTls)
    throw new ConfigurationError({
      code: 'DIRECTORY_UNREACHABLE',
      message: at(host, 'without TLS the password would travel in the clear; use ldaps://, or set directory.startTls'),
    });
  try {
    const plain = connect({ host: name, port: port === '' ? (isLdaps ? 636 : 389) : Number(port), noDelay: true });
    await ready(plain, { event: 'connect', ...opening });
    if (!isLdaps) await startTls(plain, { host, ...opening });
    const secured = connectTls({ ...tlsOptions(name, directory.tls), socket: plain });
    await ready(secured, { event: 'secureConnect', ...opening });
    return secured;
  } catch (error) {
    throw openingError(error, host);
  }
}

/** StartTLS as an extended request of message id 1: the name is all that it holds. */
const startTlsOid = '1.3.6.1.4.1.1466.20037';
const startTlsRequest = Buffer.concat([
  Buffer.from([0x30, startTlsOid.length + 7, 0x02, 0x01, 0x01, 0x77, startTlsOid.length + 2, 0x80, startTlsOid.length]),
  Buffer.from(startTlsOid),
]);

async function startTls(socket: Socket, opening: Opening & { readonly host: string }): Promise<void> {
  socket.write(startTlsRequest);
  const answer = await firstAnswer(socket, opening);
  const reader = new BerReader(answer);
  reader.readSequence();
  reader.readInt();
  const isExtendedResponse = reader.readSequence() === 0x78;
  const result = isExtendedResponse ? reader.readEnumeration() : null;
  if (result === 0) return;
  throw new ConfigurationError({
    code: 'DIRECTORY_UNREACHABLE',
    message: at(
      opening.host,
      `the server does not offer StartTLS (LDAP result ${String(result)}): use ldaps://, or give the domain controller a certificate`,
    ),
  });
}

/** The octets of one message: nothing else is under way, and what follows is TLS's. */
async function firstAnswer(socket: Socket, { signal, timeouts }: Opening): Promise<Buffer> {
  const parts: Buffer[] = [];
  const take = (part: Buffer): void => {
    parts.push(part);
    const soFar = Buffer.concat(parts);
    const size = messageSize(soFar);
    if (size !== undefined && soFar.length >= size) socket.emit('answered');
  };
  socket.on('data', take);
  try {
    await ready(socket, { event: 'answered', signal, timeouts });
  } finally {
    socket.off('data', take);
  }
  return Buffer.concat(parts);
}

/** Octets of the message that begins here (X.690 section 8.1.3); undefined while its head is not all there. */
function messageSize(octets: Buffer): number | undefined {
  const first = octets[1];
  if (first === undefined) return undefined;
  if (first < 0x80) return 2 + first;
  const count = first & 0x7f;
  return octets.length < 2 + count ? undefined : 2 + count + octets.readUIntBE(2, count);
}

async function ready(
  socket: Socket,
  { event, signal, timeouts }: Opening & { readonly event: 'connect' | 'secureConnect' | 'answered' },
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<undefined>();
  const done = (): void => resolve(undefined);
  const closed = (): void => reject(coded('ECONNRESET', 'The server closed the connection.'));
  const aborted = (): void => reject(coded('ECONNRESET', 'The connection was closed by us.'));
  const timer = setTimeout(
    () => reject(coded('ETIMEDOUT', `No answer within ${String(timeouts.connectMs / 1000)} s.`)),
    timeouts.connectMs,
  );
  socket.once(event, done).once('error', reject).once('close', closed);
  signal.addEventListener('abort', aborted);
  try {
    if (signal.aborted) aborted();
    await promise;
  } catch (error) {
    // What comes after is of no interest, but an error without a listener would end the process.
    socket.on('error', () => undefined).destroy();
    throw error;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', aborted);
    socket.off(event, done).off('error', reject).off('close', closed);
  }
}

function coded(code: string, message: string): Error {
  return Object.assign(new Error(message), { code });
}
