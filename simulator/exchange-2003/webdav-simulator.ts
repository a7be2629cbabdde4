import type { IncomingMessage, ServerResponse } from 'node:http';
import { allSchemes } from '../exchange/iis-sign-in.ts';
import type { PracticeAccount } from '../exchange/practice-account.ts';
import type { PracticeMailbox } from '../exchange/practice-mailbox.ts';
import { PlayedFaults, type FaultTiming } from '../http/played-faults.ts';
import { PracticeHttpServer, type PracticeHttpOptions } from '../http/practice-http-server.ts';
import { readBody } from '../http/read-body.ts';
import { sendAnswer } from '../http/send-answer.ts';
import { authPage, isLogonPage, WebSignIn, type WayIn } from './web-sign-in.ts';
import { WebdavStore, type StoreRequest } from './webdav-store.ts';

export interface WebdavOptions extends Pick<PracticeHttpOptions, 'tls'> {
  readonly mailboxes: readonly PracticeMailbox[];
  readonly accounts: readonly PracticeAccount[];
  /** Ways to sign in; `forms` excludes the others. */
  readonly auth?: readonly WayIn[] | undefined;
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
export interface WebdavFault extends FaultTiming {
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
}

/** A practice Exchange 2003: WebDAV over generated mailboxes, on loopback. */
export class WebdavSimulator {
  /** What was asked so far, by method. */
  readonly calls = new Map<string, number>();
  readonly signIn: WebSignIn;
  readonly store: WebdavStore;
  readonly #options: WebdavOptions;
  readonly #server: PracticeHttpServer;
  readonly #faults = new PlayedFaults<WebdavFault>();

  private constructor(server: PracticeHttpServer, options: WebdavOptions) {
    this.#options = options;
    this.signIn = new WebSignIn(options.accounts, options.auth ?? allSchemes);
    this.store = new WebdavStore(options);
    this.#server = server;
    server.onRequest((request, response) => this.#serve(request, response));
  }

  static async start(options: WebdavOptions): Promise<WebdavSimulator> {
    return new WebdavSimulator(await PracticeHttpServer.start({ tls: options.tls }), options);
  }

  get port(): number {
    return this.#server.port;
  }

  get origin(): string {
    return this.#server.origin;
  }

  get webdavUrl(): string {
    return `${this.origin}/exchange/`;
  }

  play(...faults: readonly WebdavFault[]): void {
    this.#faults.play(...faults);
  }

  async stop(): Promise<void> {
    await this.#server.stop();
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
    const fault = this.#faults.due((candidate) => fits(candidate, method, `${path}\n${body.toString()}`));
    fault?.before?.();
    if (fault?.status !== undefined) {
      response.writeHead(fault.status, { ...fault.headers }).end();
      return;
    }
    const answer = this.store.answer(this.#asked(request, { account, path, body }));
    if (answer === 'denied') {
      this.signIn.refuse(response);
      return;
    }
    sendAnswer(response, {
      ...answer,
      headers: {
        Server: 'Microsoft-IIS/6.0',
        'MS-WebStorage': this.#options.version ?? '6.5.7638',
        ...answer.headers,
      },
      body: answer.body ?? Buffer.alloc(0),
      zips: answer.body !== undefined,
      cutAfter: fault?.cutAfter,
    });
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
}

function fits({ method, on }: WebdavFault, asked: string, about: string): boolean {
  return (method === asked || method === '*') && on?.test(about) !== false;
}
