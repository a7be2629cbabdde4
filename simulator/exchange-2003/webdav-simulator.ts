import { createServer as createHttpServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import type { PracticeAccount } from '../exchange/exchange-simulator.ts';
import type { PracticeMailbox } from '../exchange/practice-mailbox.ts';
import { authPage, isLogonPage, WebSignIn, type WayIn } from './web-sign-in.ts';
import { WebdavStore, type StoreAnswer, type StoreRequest } from './webdav-store.ts';

export interface WebdavOptions {
  readonly mailboxes: readonly PracticeMailbox[];
  readonly accounts: readonly PracticeAccount[];
  /** Ways to sign in; `forms` excludes the others. */
  readonly auth?: readonly WayIn[] | undefined;
  /** PEM; without it the server speaks plain HTTP. */
  readonly tls?: { readonly key: string; readonly cert: string } | undefined;
  /** How the server names itself in hrefs, as a back-end does: `http://back1.contoso.local`; by default as it is asked. */
  readonly ownOrigin?: string | undefined;
  /** Under which name a mailbox lies below /exchange/; by default its address, and its alias too. */
  readonly mailboxNames?: ((mailbox: PracticeMailbox) => readonly string[]) | undefined;
  /** MIME is another one at each reading (default), as that of Outlook's own messages is. */
  readonly regeneratesMime?: boolean | undefined;
  /** Says the size of a message before it sends it (default). */
  readonly tellsLength?: boolean | undefined;
  /** Items have a permanent URL (default). */
  readonly permanentUrls?: boolean | undefined;
  /** Queries in depth are taken (default). */
  readonly deepQueries?: boolean | undefined;
  /** Manifests are kept (default). */
  readonly manifests?: boolean | undefined;
  /** Manifests tell that a message was read; by default they do not. */
  readonly manifestsTellReading?: boolean | undefined;
  /** Paths that URLScan does not let through. */
  readonly blocks?: RegExp | undefined;
  /** MS-WebStorage; 6.5 is Exchange 2003. */
  readonly version?: string | undefined;
}

/** A fault that is played: at the next requests of a method. */
export interface WebdavFault {
  readonly method: 'PROPFIND' | 'SEARCH' | 'GET' | '*';
  /** Requests whose path or body it concerns; all by default. */
  readonly on?: RegExp | undefined;
  /** HTTP status in place of an answer. */
  readonly status?: number | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** The connection is cut after so many octets of the answer. */
  readonly cutAfter?: number | undefined;
  /** Something happens before the request is answered. */
  readonly before?: (() => void) | undefined;
  /** Requests that go well before; 0 by default. */
  skip?: number;
  /** How often; once by default. */
  times?: number;
}

/** A practice Exchange 2003: WebDAV over generated mailboxes, on loopback. */
export class WebdavSimulator {
  /** What was asked so far, by method. */
  readonly calls = new Map<string, number>();
  readonly signIn: WebSignIn;
  readonly store: WebdavStore;
  readonly #options: WebdavOptions;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #faults: WebdavFault[] = [];

  private constructor(options: WebdavOptions) {
    this.#options = options;
    this.signIn = new WebSignIn(options.accounts, options.auth ?? ['Negotiate', 'NTLM', 'Basic']);
    this.store = new WebdavStore(options);
    const listener = (request: IncomingMessage, response: ServerResponse): void => {
      this.#serve(request, response).catch(() => request.socket.destroy());
    };
    this.#server =
      options.tls === undefined
        ? createHttpServer(listener)
        : createHttpsServer({ ...options.tls, minVersion: 'TLSv1.2' }, listener);
    this.#server.on(options.tls === undefined ? 'connection' : 'secureConnection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.on('error', () => undefined).on('close', () => this.#sockets.delete(socket));
    });
  }

  static async start(options: WebdavOptions): Promise<WebdavSimulator> {
    const simulator = new WebdavSimulator(options);
    await new Promise<void>((resolve, reject) => {
      simulator.#server.once('error', reject).listen(0, '127.0.0.1', resolve);
    });
    return simulator;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get origin(): string {
    return `${this.#options.tls === undefined ? 'http' : 'https'}://127.0.0.1:${String(this.port)}`;
  }

  get webdavUrl(): string {
    return `${this.origin}/exchange/`;
  }

  /** Connections that are open. */
  get connections(): number {
    return this.#sockets.size;
  }

  play(...faults: readonly WebdavFault[]): void {
    this.#faults.push(...faults.map((fault) => ({ ...fault })));
  }

  dropAll(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async stop(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.dropAll();
    await closed;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await readBody(request);
    const { method = '', url = '/' } = request;
    const path = url.replace(/\?.*$/, '');
    if (isLogonPage(path)) {
      this.signIn.showForm(response);
      return;
    }
    if (path === authPage && method === 'POST' && this.signIn.hasForm) {
      this.calls.set('logon', (this.calls.get('logon') ?? 0) + 1);
      this.signIn.takeForm(response, body);
      return;
    }
    if (!/^\/exchange(?:\/|$)/.test(path)) {
      response.writeHead(404).end('Not Found');
      return;
    }
    const account = this.signIn.accountOf(request, response);
    if (account === undefined) return;
    // As IIS has it for a folder without a slash at its end.
    if (path === '/exchange') {
      response.writeHead(302, { Location: `${this.#options.ownOrigin ?? this.origin}/exchange/` }).end();
      return;
    }
    this.calls.set(method, (this.calls.get(method) ?? 0) + 1);
    const fault = this.#dueFault(method, `${path}\n${body.toString()}`);
    fault?.before?.();
    if (fault?.status !== undefined) {
      response.writeHead(fault.status, { ...fault.headers }).end();
      return;
    }
    const answer = this.store.answer(this.#asked(request, { account, path, body }));
    if (answer === 'denied') this.signIn.refuse(response);
    else send(request, response, { answer, cutAfter: fault?.cutAfter, version: this.#options.version ?? '6.5.7638' });
  }

  #asked(
    { method = '', headers }: IncomingMessage,
    { account, path, body }: { readonly account: PracticeAccount; readonly path: string; readonly body: Buffer },
  ): StoreRequest {
    return {
      method,
      path,
      account,
      body: body.toString(),
      depth: headers['depth']?.toString() ?? 'infinity',
      range: headers.range,
      brief: headers['brief']?.toString().toLowerCase() === 't',
      translates: headers['translate']?.toString().toLowerCase() !== 'f',
      origin: this.#options.ownOrigin ?? this.origin,
    };
  }

  #dueFault(method: string, about: string): WebdavFault | undefined {
    const fault = this.#faults.find(
      (candidate) => (candidate.method === method || candidate.method === '*') && candidate.on?.test(about) !== false,
    );
    if (fault === undefined) return undefined;
    if ((fault.skip ?? 0) > 0) {
      fault.skip = (fault.skip ?? 0) - 1;
      return undefined;
    }
    fault.times = (fault.times ?? 1) - 1;
    if (fault.times <= 0) this.#faults.splice(this.#faults.indexOf(fault), 1);
    return fault;
  }
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

function send(
  request: IncomingMessage,
  response: ServerResponse,
  {
    answer,
    cutAfter,
    version,
  }: { readonly answer: StoreAnswer; readonly cutAfter: number | undefined; readonly version: string },
): void {
  const { status, headers = {}, tellsLength = true } = answer;
  const isZipped = /\bgzip\b/.test(request.headers['accept-encoding']?.toString() ?? '') && answer.body !== undefined;
  const body = isZipped ? gzipSync(answer.body ?? '') : (answer.body ?? Buffer.alloc(0));
  response.writeHead(status, {
    Server: 'Microsoft-IIS/6.0',
    'MS-WebStorage': version,
    ...(tellsLength ? { 'Content-Length': body.length } : {}),
    ...(isZipped ? { 'Content-Encoding': 'gzip' } : {}),
    ...headers,
  });
  if (cutAfter === undefined || cutAfter >= body.length) {
    response.end(body);
    return;
  }
  response.write(body.subarray(0, cutAfter), () => request.socket.destroy());
}
