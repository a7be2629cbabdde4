import type { IncomingMessage } from 'node:http';
import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import type { ExchangeServer } from '../../domain/endpoint.ts';
import { ExchangeHttp, type ConnectionSettings } from '../exchange-http/exchange-http.ts';
import type { TlsFacts } from '../judge-certificate.ts';
import { httpError } from './ews-errors.ts';

export interface TransportSettings extends ConnectionSettings {
  readonly server: Pick<ExchangeServer, 'ewsUrl' | 'auth' | 'tls'>;
}

export interface HttpAnswer {
  readonly status: number;
  readonly body: AsyncIterable<Buffer>;
}

/** What was asked for is at another place. */
export interface HttpRedirect {
  readonly status: number;
  /** Absolute. */
  readonly location: string;
}

const redirects: readonly number[] = [301, 302, 303, 307, 308];

/** SOAP over one HTTP connection. */
export class EwsTransport {
  readonly host: string;
  readonly #http: ExchangeHttp;
  readonly #url: string;

  constructor({ server, ...settings }: TransportSettings) {
    const { auth, tls, ewsUrl } = server;
    this.#url = ewsUrl;
    this.#http = new ExchangeHttp({ ...settings, url: new URL(ewsUrl), auth, tls, setting: 'source.ewsUrl' });
    this.host = this.#http.host;
  }

  /** Undefined before the first answer, and without TLS. */
  get tls(): TlsFacts | undefined {
    return this.#http.tls;
  }

  close(): void {
    this.#http.close();
  }

  /** Connects and verifies; what is answered does not matter. */
  async reach(): Promise<void> {
    await this.#http.drain(await this.#http.anonymous({ method: 'POST', headers: {}, body: '' }));
  }

  /** A request whose octets go out once the connection is signed in; resolves with the answer's head. */
  async post(body: string, headers: Readonly<Record<string, string>>): Promise<HttpAnswer> {
    const answer = await this.ask(body, headers);
    if ('location' in answer) throw httpError(answer, this.host);
    return answer;
  }

  /** The same for who may be sent to another place; nothing is asked there. */
  async ask(body: string, headers: Readonly<Record<string, string>>): Promise<HttpAnswer | HttpRedirect> {
    const response = await this.#http.send({ method: 'POST', headers, body });
    const status = response.statusCode ?? 0;
    const { 'content-type': type = '', 'retry-after': retryAfter, location = '' } = response.headers;
    // A SOAP fault comes with 500 (SOAP 1.1 section 6.2).
    if (status === 200 || (status === 500 && type.toLowerCase().includes('xml')))
      return { status, body: this.#http.octets(unzipped(response)) };
    await this.#http.drain(response);
    if (redirects.includes(status) && URL.canParse(location, this.#url))
      return { status, location: new URL(location, this.#url).href };
    throw httpError({ status, retryAfter, location: location === '' ? undefined : location }, this.host);
  }
}

function unzipped(response: IncomingMessage): AsyncIterable<Buffer> {
  // RFC 9110 section 8.4.1: names in any case, and an older one.
  if (!/^(?:x-)?gzip$/i.test(response.headers['content-encoding'] ?? '')) return response;
  const gunzip = createGunzip();
  // Errors of the connection come out of the end that is read.
  pipeline(response, gunzip, () => undefined);
  return gunzip;
}
