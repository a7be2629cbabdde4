import { randomBytes } from 'node:crypto';
import { Agent as HttpAgent, request as httpRequest, type ClientRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { Socket } from 'node:net';
import { finished } from 'node:stream/promises';
import { TLSSocket } from 'node:tls';
import type { ExchangeServer } from '../../domain/endpoint.ts';
import { ConfigurationError, MailboxBlockedError, TransientError } from '../../domain/errors.ts';
import type { Clock } from '../../ports/clock.ts';
import type { TlsFacts } from '../judge-certificate.ts';
import { tlsOptions, type TlsSettings } from '../imap/protocol/tls-settings.ts';
import { isSystemError } from '../system-error.ts';
import { at, connectionError, type AddressSetting } from './connection-errors.ts';
import type { ExchangeAccount } from './exchange-account.ts';
import { channelBinding } from './ntlm/channel-binding.ts';
import { authenticateMessage, negotiateMessage, readChallenge } from './ntlm/ntlm-messages.ts';
import { ntlmAccount } from './ntlm/ntlm-response.ts';
import { fileTime } from './ntlm/ntlm-values.ts';

/** What a connection of either protocol needs beside its server. */
export interface ConnectionSettings {
  readonly account: ExchangeAccount;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

export interface HttpSettings extends ConnectionSettings {
  readonly url: URL;
  /** `forms`: whoever asks signs in by other means. */
  readonly auth: ExchangeServer['auth'];
  readonly tls: TlsSettings;
  /** Named in what is said of the address. */
  readonly setting: AddressSetting;
}

export interface HttpRequest {
  readonly method: string;
  /** Path and query, percent-encoded; that of the address by default. */
  readonly path?: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

const connectMs = 15_000;
/** Without an octet while an answer is due: the server makes MIME of a large item, or lists a large folder. */
const idleMs = 180_000;

interface Ready {
  readonly request: ClientRequest;
  readonly socket: Socket;
}

/**
 * Requests over one HTTP connection. NTLM signs a connection in and not a request: so one socket at most, one request after
 * the other, and a socket that is new is signed in anew. Nothing is sent, and so no credentials, before the certificate
 * has been verified.
 */
export class ExchangeHttp {
  readonly host: string;
  readonly #settings: HttpSettings;
  readonly #url: URL;
  readonly #agent: HttpAgent;
  readonly #signedIn = new WeakSet<Socket>();
  readonly #secured = new WeakSet<Socket>();
  readonly #onAbort: () => void;
  #scheme: 'NTLM' | 'Negotiate' | undefined;
  #tls: TlsFacts | undefined;
  #answered = false;

  constructor(settings: HttpSettings) {
    this.#settings = settings;
    this.#url = settings.url;
    this.host = this.#url.host;
    const pool = { keepAlive: true, maxSockets: 1, maxFreeSockets: 1 };
    this.#agent =
      this.#url.protocol === 'https:'
        ? new HttpsAgent({ ...pool, ...tlsOptions(this.#url.hostname, settings.tls) })
        : new HttpAgent(pool);
    this.#onAbort = () => {
      this.#agent.destroy();
    };
    settings.signal.addEventListener('abort', this.#onAbort);
  }

  /** Undefined before the first answer, and without TLS. */
  get tls(): TlsFacts | undefined {
    return this.#tls;
  }

  close(): void {
    this.#settings.signal.removeEventListener('abort', this.#onAbort);
    this.#agent.destroy();
  }

  /** Connects, verifies and asks without credentials. */
  anonymous(request: HttpRequest): Promise<IncomingMessage> {
    return this.#translated(async () => this.#send(await this.#ready(request), request.body));
  }

  /**
   * A request whose octets go out once the connection is signed in; resolves with the answer's head, whatever it says.
   * Its body is to be read by way of `octets`, or drained, before the next request is made.
   */
  send(request: HttpRequest): Promise<IncomingMessage> {
    return this.#translated(() => this.#signedInSend(request));
  }

  /** What is read of an answer's body, its errors as one of the five kinds. */
  async *octets(body: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void, undefined> {
    try {
      yield* body;
    } catch (error) {
      throw this.#translate(error);
    }
  }

  /** A connection is used again only once the answer was read to its end. */
  drain(response: IncomingMessage): Promise<void> {
    return this.#translated(() => drain(response));
  }

  async #signedInSend(request: HttpRequest): Promise<IncomingMessage> {
    const { auth } = this.#settings;
    const { body } = request;
    // The server may close the connection between two requests, or ask to sign in again on it.
    for (let attempt = 1; attempt <= 3; attempt += 1) {
      const ready = await this.#ready(request);
      const response =
        auth === 'basic'
          ? await this.#withBasic(ready, body)
          : auth === 'forms' || this.#signedIn.has(ready.socket)
            ? await this.#orStale(ready, body)
            : await this.#withNtlm(ready, request);
      if (response === undefined) continue;
      if (response.statusCode !== 401) return response;
      await drain(response);
      if (!this.#signedIn.has(ready.socket)) throw this.#refused(response);
      this.#signedIn.delete(ready.socket);
    }
    throw Object.assign(new Error('The server does not keep the connection signed in.'), { code: 'ECONNRESET' });
  }

  async #withBasic(ready: Ready, body: string): Promise<IncomingMessage | undefined> {
    const { user, password } = this.#settings.account;
    ready.request.setHeader('Authorization', `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`);
    return this.#orStale(ready, body);
  }

  /** Undefined: the server had closed the connection just before it was used again. Nothing we ask for changes anything. */
  async #orStale(ready: Ready, body: string): Promise<IncomingMessage | undefined> {
    try {
      return await this.#send(ready, body);
    } catch (error) {
      if (ready.request.reusedSocket && isReset(error)) return undefined;
      throw error;
    }
  }

  /** Three requests on one socket, [MS-NTHT] section 3; undefined where the server closed it in between. */
  async #withNtlm(first: Ready, request: HttpRequest): Promise<IncomingMessage | undefined> {
    let ready = first;
    if (this.#scheme === undefined) {
      const anonymous = await this.#send(ready, '');
      await drain(anonymous);
      if (anonymous.statusCode !== 401) return anonymous;
      this.#scheme = this.#schemeOf(anonymous);
      ready = await this.#ready(request);
    }
    const { socket } = ready;
    const negotiate = negotiateMessage();
    ready.request.setHeader('Authorization', `${this.#scheme} ${negotiate.toString('base64')}`);
    const challenged = await this.#send(ready, '');
    await drain(challenged);
    if (challenged.statusCode !== 401) return challenged;
    const challenge = readChallenge(this.#token(challenged));
    if (challenge === undefined) throw this.#refused(challenged);
    const last = await this.#ready(request);
    if (last.socket !== socket) {
      last.request.destroy();
      return undefined;
    }
    const { account, clock } = this.#settings;
    const message = authenticateMessage({
      account: ntlmAccount(account.user, account.password),
      negotiate,
      challenge,
      clientChallenge: randomBytes(8),
      now: fileTime(clock.now()),
      channelBinding: socket instanceof TLSSocket ? channelBinding(socket.getPeerCertificate().raw) : undefined,
      targetName: `HTTP/${this.#url.hostname}`,
    });
    last.request.setHeader('Authorization', `${this.#scheme} ${message.toString('base64')}`);
    const response = await this.#send(last, request.body);
    if (response.statusCode !== 401) this.#signedIn.add(socket);
    return response;
  }

  #schemeOf(response: IncomingMessage): 'NTLM' | 'Negotiate' {
    const offered = challenges(response);
    const scheme = (['NTLM', 'Negotiate'] as const).find((name) => offered.has(name.toLowerCase()));
    if (scheme === undefined) throw this.#unsupported(response);
    return scheme;
  }

  #token(response: IncomingMessage): Buffer {
    return Buffer.from(challenges(response).get((this.#scheme ?? '').toLowerCase()) ?? '', 'base64');
  }

  #refused(response: IncomingMessage): Error {
    const offered = challenges(response);
    if (this.#settings.auth === 'forms' || (this.#settings.auth === 'basic' && !offered.has('basic')))
      return this.#unsupported(response);
    return new MailboxBlockedError({
      code: 'SOURCE_SIGN_IN_FAILED',
      message: at(this.host, 'HTTP 401: the server does not accept this user name and password'),
    });
  }

  #unsupported(response: IncomingMessage): Error {
    const offered = [...challenges(response).keys()].join(', ');
    const { auth } = this.#settings;
    return new ConfigurationError({
      code: 'SOURCE_LOGIN_UNSUPPORTED',
      message: at(
        this.host,
        `the server offers ${offered === '' ? 'no way to sign in' : offered}, and source.auth is ${auth}`,
      ),
    });
  }

  /** A request with its socket: connected, the certificate verified, nothing sent yet. */
  async #ready({ method, path, headers }: Pick<HttpRequest, 'method' | 'path' | 'headers'>): Promise<Ready> {
    const { signal } = this.#settings;
    signal.throwIfAborted();
    const open = this.#url.protocol === 'https:' ? httpsRequest : httpRequest;
    const { protocol, hostname, port, pathname, search } = this.#url;
    const request = open({
      protocol,
      hostname: hostname.replace(/^\[(.*)\]$/, '$1'),
      port,
      path: path ?? `${pathname}${search}`,
      method,
      agent: this.#agent,
      headers,
      signal,
    });
    const { promise, resolve, reject } = Promise.withResolvers<Socket>();
    request.on('error', reject);
    request.setTimeout(idleMs, () => request.destroy(timedOut(idleMs)));
    const timer = setTimeout(() => request.destroy(timedOut(connectMs)), connectMs);
    request.once('socket', (socket) => {
      if (this.#secured.has(socket)) resolve(socket);
      else socket.once(socket instanceof TLSSocket ? 'secureConnect' : 'connect', () => resolve(socket));
    });
    try {
      const socket = await promise;
      this.#secured.add(socket);
      this.#note(socket);
      return { request, socket };
    } finally {
      clearTimeout(timer);
    }
  }

  #note(socket: Socket): void {
    if (this.#tls !== undefined || !(socket instanceof TLSSocket)) return;
    const { subject, valid_to: validTo } = socket.getPeerCertificate();
    const name = String(subject.CN);
    this.#tls = { version: socket.getProtocol() ?? '', subject: name, validTo: new Date(validTo) };
  }

  async #send({ request }: Ready, body: string): Promise<IncomingMessage> {
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    request.once('response', resolve);
    request.on('error', reject);
    request.setHeader('Content-Length', Buffer.byteLength(body));
    request.end(body);
    const response = await promise;
    this.#answered = true;
    return response;
  }

  async #translated<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw this.#translate(error);
    }
  }

  #translate(error: unknown): unknown {
    if (this.#settings.signal.aborted) {
      const message = at(this.host, 'the connection was closed by us.');
      return new TransientError({ code: 'SOURCE_CONNECTION_LOST', message, cause: error });
    }
    const { setting } = this.#settings;
    return connectionError(error, { host: this.host, phase: this.#answered ? 'session' : 'opening', setting });
  }
}

function timedOut(ms: number): Error {
  return Object.assign(new Error(`No answer within ${String(ms / 1000)} s.`), { code: 'ETIMEDOUT' });
}

function isReset(error: unknown): boolean {
  return isSystemError(error) && (error.code === 'ECONNRESET' || error.code === 'EPIPE');
}

/** Ways to sign in that a 401 offers, in lower case, with what comes behind them (RFC 9110 section 11.6.1). */
function challenges(response: IncomingMessage): ReadonlyMap<string, string> {
  const header = response.headers['www-authenticate'] ?? '';
  const found = header.matchAll(
    /(?:^|,)\s*(NTLM|Negotiate|Basic|Bearer|Kerberos|Digest)\b(?:[ \t]+([A-Za-z0-9+/]+=*)(?=\s*(?:,|$)))?/gi,
  );
  return new Map([...found].map(([, scheme = '', token = '']) => [scheme.toLowerCase(), token]));
}

async function drain(response: IncomingMessage): Promise<void> {
  response.resume();
  await finished(response);
}
