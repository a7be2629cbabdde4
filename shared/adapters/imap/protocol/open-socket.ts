import { type OnReadOpts, type Socket, connect as connectTcp } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { Clock } from '../../../ports/clock.ts';
import { type ConnectionPhase, ImapConnectionError } from './imap-error.ts';
import { type TlsSettings, tlsOptions } from './tls-settings.ts';
import { noteReadBuffer } from '../../garbage.ts';

/** Size of one read: a few large ones, and small enough to stay in the processor's cache until copied onwards. */
const readSize = 256 * 1024;

export interface SocketSettings {
  readonly host: string;
  readonly port: number;
  /** Undefined: no TLS from the start. */
  readonly tls: TlsSettings | undefined;
  readonly clock: Clock;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  /**
   * Receives what is read, in a buffer that may be used again for the next read. False: stop reading until the socket
   * is resumed; the octets stay untouched until then.
   */
  readonly onOctets: (octets: Buffer) => boolean;
}

/** Connects; with `tls` resolves only after the certificate has been verified. */
export async function openSocket(settings: SocketSettings): Promise<Socket> {
  const { host, port, tls } = settings;
  if (tls === undefined) {
    const socket = connectTcp({ host, port, noDelay: true, onread: fixedBuffer(settings.onOctets) });
    await established(socket, 'connect', settings);
    return socket;
  }
  const socket = connectTls({ host, port, ...tlsOptions(host, tls) }).setNoDelay(true);
  await established(socket, 'secureConnect', settings);
  readFrom(socket, settings.onOctets);
  return socket;
}

/** Connects without TLS in a way that allows it to be added: a socket with a fixed read buffer cannot be wrapped. */
export async function openUpgradableSocket(settings: SocketSettings): Promise<Socket> {
  const socket = connectTcp({ host: settings.host, port: settings.port, noDelay: true });
  await established(socket, 'connect', settings);
  readFrom(socket, settings.onOctets);
  return socket;
}

/** STARTTLS: puts TLS onto a connection; whoever listened to `plain` hears nothing more. */
export async function upgradeSocket(plain: Socket, tls: TlsSettings, settings: SocketSettings): Promise<Socket> {
  plain.removeAllListeners('data');
  const socket = connectTls({ ...tlsOptions(settings.host, tls), socket: plain });
  await established(socket, 'secureConnect', settings);
  readFrom(socket, settings.onOctets);
  return socket;
}

/**
 * One buffer for all reads of a plain socket. Not for TLS: what is decrypted already would be written into the buffer even after
 * reading was stopped.
 */
function fixedBuffer(onOctets: (octets: Buffer) => boolean): OnReadOpts {
  const buffer = Buffer.allocUnsafeSlow(readSize);
  return { buffer, callback: (length) => onOctets(buffer.subarray(0, length)) };
}

function readFrom(socket: Socket, onOctets: (octets: Buffer) => boolean): void {
  socket.on('data', (octets: Buffer) => {
    noteReadBuffer(octets.length);
    if (!onOctets(octets)) {
      socket.pause();
    }
  });
}

async function established(
  socket: Socket,
  event: 'connect' | 'secureConnect',
  settings: SocketSettings,
): Promise<void> {
  const timer = new AbortController();
  const { promise, resolve, reject } = Promise.withResolvers<undefined>();
  const onError = (error: NodeJS.ErrnoException): void =>
    reject(new ImapConnectionError(phase, { reason: error.code ?? 'ERROR', message: error.message, cause: error }));
  const onClose = (): void =>
    reject(new ImapConnectionError(phase, { reason: 'CLOSED', message: 'The server closed the connection.' }));
  const onAbort = (): void =>
    reject(new ImapConnectionError(phase, { reason: 'ABORTED', message: 'The connection was given up.' }));
  // STARTTLS: the TCP connection is there already.
  let phase: ConnectionPhase = event === 'secureConnect' && !socket.connecting ? 'tls' : 'connect';
  if (event === 'secureConnect') {
    socket.once('connect', () => {
      phase = 'tls';
    });
  }
  socket
    .once(event, () => resolve(undefined))
    .once('error', onError)
    .once('close', onClose);
  settings.signal.addEventListener('abort', onAbort, { once: true });
  if (settings.signal.aborted) {
    onAbort();
  }
  void settings.clock.sleep(settings.timeoutMs, timer.signal).then(() => {
    const seconds = String(settings.timeoutMs / 1000);
    reject(new ImapConnectionError(phase, { reason: 'TIMEOUT', message: `No answer within ${seconds} s.` }));
  });
  try {
    await promise;
  } catch (error) {
    socket.on('error', () => undefined).destroy();
    throw error;
  } finally {
    timer.abort();
    settings.signal.removeEventListener('abort', onAbort);
  }
}
