import type { IncomingMessage } from 'node:http';
import type { ExchangeServer } from '../../domain/endpoint.ts';
import { ConfigurationError, TransientError } from '../../domain/errors.ts';
import { at } from '../exchange-http/connection-errors.ts';
import { ExchangeHttp, type ConnectionSettings } from '../exchange-http/exchange-http.ts';
import type { TlsFacts } from '../judge-certificate.ts';
import { Turns } from '../turns.ts';
import { pathOf, withSlash } from './dav-paths.ts';
import { countOf } from './dav-values.ts';
import { FormsLogin, isLogonPage } from './forms-login.ts';
import { MultistatusReader, type DavResponse } from './multistatus.ts';

export interface DavSettings extends ConnectionSettings {
  readonly server: Pick<ExchangeServer, 'webdavUrl' | 'auth' | 'tls'>;
}

export interface DavRequest {
  readonly method: 'PROPFIND' | 'SEARCH' | 'GET';
  readonly path: string;
  readonly body?: string | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

export interface DavHead {
  readonly status: number;
  readonly retryAfter: string | undefined;
  /** Content-Type, in lower case. */
  readonly type: string;
  /** Octets of the body, where the server says so. */
  readonly length: number | undefined;
}

export interface MultistatusAnswer extends DavHead {
  readonly collblob: string | undefined;
}

/** A front-end server sends to a back-end, and that to the name of a mailbox; more is a circle. */
const mostRedirects = 5;

/** Requests of WebDAV, one after the other in the order in which they were made, whoever makes them. */
export class DavConnection {
  readonly host: string;
  /** Path of the address, below which mailboxes lie. */
  readonly root: string;
  readonly #http: ExchangeHttp;
  readonly #forms: FormsLogin | undefined;
  readonly #turns = new Turns();
  #version: string | undefined;

  constructor({ server, ...settings }: DavSettings) {
    const { auth, tls, webdavUrl = '' } = server;
    const url = new URL(webdavUrl);
    this.#http = new ExchangeHttp({ ...settings, url, auth, tls, setting: 'source.webdavUrl' });
    this.host = this.#http.host;
    this.root = withSlash(url.pathname);
    this.#forms =
      auth === 'forms' ? new FormsLogin(this.#http, settings.account, `${url.origin}${this.root}`) : undefined;
  }

  /** What the server says of its store, 6.5.7638 for Exchange 2003 SP2; undefined before the first answer. */
  get version(): string | undefined {
    return this.#version;
  }

  get tls(): TlsFacts | undefined {
    return this.#http.tls;
  }

  close(): void {
    this.#http.close();
  }

  /** Connects and verifies; what is answered does not matter. */
  async reach(): Promise<void> {
    const headers = { 'User-Agent': 'Stagecoach', Depth: '0' };
    await this.#http.drain(await this.#http.anonymous({ method: 'PROPFIND', path: this.root, headers, body: '' }));
  }

  /** Hands out the responses as they arrive, each of which is awaited: back-pressure. Any other answer is only its head. */
  multistatus(
    request: DavRequest,
    onResponse: (response: DavResponse) => void | Promise<void>,
  ): Promise<MultistatusAnswer> {
    return this.ask(request, async (head, octets) => {
      if (head.status !== 207) return { ...head, collblob: undefined };
      const reader = new MultistatusReader();
      for await (const chunk of octets) {
        for (const response of reader.push(chunk)) await onResponse(response);
      }
      if (!reader.end()) throw this.#misbehaves('the answer is no multistatus');
      return { ...head, collblob: reader.collblob };
    });
  }

  /** `read` gets the answer's body, if it wants it; what it leaves is thrown away. */
  ask<T>(request: DavRequest, read: (head: DavHead, octets: AsyncIterable<Buffer>) => Promise<T>): Promise<T> {
    return this.#turns.take(() => this.#ask(request, read));
  }

  async #ask<T>(request: DavRequest, read: (head: DavHead, octets: AsyncIterable<Buffer>) => Promise<T>): Promise<T> {
    const response = await this.#answered(request);
    const { headers, statusCode: status = 0 } = response;
    const version = headers['ms-webstorage'];
    if (typeof version === 'string') this.#version = version;
    try {
      const type = (headers['content-type'] ?? '').toLowerCase();
      const length = countOf(headers['content-length']);
      return await read({ status, retryAfter: headers['retry-after'], type, length }, this.#http.octets(response));
    } finally {
      await this.#leave(response);
    }
  }

  /** The connection goes on where little is left of the body; else another one is cheaper. */
  async #leave(response: IncomingMessage): Promise<void> {
    if (response.destroyed || response.readableEnded) return;
    if (Number(response.headers['content-length'] ?? Infinity) > 1_000_000) response.destroy();
    else await this.#http.drain(response);
  }

  /** Follows redirects, and signs in again where the session has ended. */
  async #answered(request: DavRequest): Promise<IncomingMessage> {
    let { path } = request;
    let signIns = 0;
    for (let redirects = 0; redirects <= mostRedirects;) {
      if (this.#forms?.isSignedIn === false) await this.#forms.signIn();
      const response = await this.#send({ ...request, path });
      const { statusCode: status = 0 } = response;
      const location = status >= 300 && status < 400 ? response.headers.location : undefined;
      const wantsForm = status === 440 || (location !== undefined && isLogonPage(location));
      if (!wantsForm && location === undefined) return response;
      await this.#http.drain(response);
      if (wantsForm) {
        signIns += 1;
        await this.#signInAgain(signIns);
      } else {
        redirects += 1;
        // Whatever host it names: passwords go nowhere but where the endpoint says.
        path = pathOf(location ?? '');
      }
    }
    throw new ConfigurationError({
      code: 'SOURCE_NOT_WEBDAV',
      message: at(this.host, 'the server redirects again and again; correct source.webdavUrl'),
    });
  }

  async #signInAgain(signIns: number): Promise<void> {
    if (this.#forms === undefined)
      throw new ConfigurationError({
        code: 'SOURCE_LOGIN_UNSUPPORTED',
        message: at(this.host, 'the server wants a form to be filled in: set source.auth to forms'),
      });
    if (signIns > 1) throw this.#misbehaves('the session of Outlook Web Access ends as soon as it has begun');
    await this.#forms.signIn();
  }

  #send({ method, path, body = '', headers }: DavRequest): Promise<IncomingMessage> {
    return this.#http.send({
      method,
      path,
      headers: {
        // Without it Outlook Web Access makes a page of an item (Translate Header, Exchange SDK). A browser's name does too.
        Translate: 'f',
        'User-Agent': 'Stagecoach',
        ...(method === 'GET' ? {} : { 'Content-Type': 'text/xml; charset=utf-8', Depth: '0', Brief: 't' }),
        ...this.#forms?.headers(),
        ...headers,
      },
      body,
    });
  }

  #misbehaves(text: string): TransientError {
    return new TransientError({ code: 'SERVER_MISBEHAVES', message: at(this.host, text) });
  }
}
