import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { TransientError } from '../../domain/errors.ts';
import type { Clock } from '../../ports/clock.ts';
import { parseJson, problemOf, type GraphAnswer, type GraphMethod } from './graph-answer.ts';
import { connectionError, graphError, isNotFound, isServersTrouble, isThrottled, isUnsent } from './graph-errors.ts';
import { runBatch, type BatchOutcome, type BatchRequest } from './graph-batch.ts';
import type { MailboxLimiter, Need } from './mailbox-limiter.ts';
import type { TokenSource } from './token-source.ts';

export interface GraphClientSettings {
  /** Address with version and without a slash at its end, e.g. https://graph.microsoft.com/v1.0 */
  readonly root: string;
  readonly tokens: TokenSource;
  readonly clock: Clock;
  /** Asked before each request, see `sharedLimiter`. */
  readonly limiter: () => MailboxLimiter;
  /** Ends everything at once. */
  readonly signal: AbortSignal;
  readonly timeoutMs?: number | undefined;
}

export interface GraphOptions {
  /**
   * Carried out twice, the request leaves what it leaves carried out once: then a lost answer, or trouble of the
   * server's, is followed by another try. GET, PATCH, PUT and DELETE are, unless it is denied here; POST is not, unless
   * it is said here. A DELETE whose answer was lost may be answered 404 the second time.
   */
  readonly isRepeatable?: boolean | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Preferences beside IdType="ImmutableId", e.g. outlook.body-content-type="html". */
  readonly prefer?: readonly string[] | undefined;
  readonly timeoutMs?: number | undefined;
}

type Octets = Uint8Array<ArrayBuffer>;

interface Outgoing {
  readonly method: GraphMethod;
  readonly url: string;
  /** For the errors: below the version. */
  readonly path: string;
  readonly body?: Octets | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly isSignedIn: boolean;
  /** To be tried first; absent: the one that is kept. */
  readonly token?: string | undefined;
  readonly isRepeatable: boolean;
  readonly timeoutMs: number;
  readonly need: Need;
}

/** Longer than the service's own time-out of one request (100 s, https://learn.microsoft.com/graph/best-practices-concept). */
const usualTimeoutMs = 120_000;
/** Of one upload: 4 MB at 128 kbit/s. */
const uploadTimeoutMs = 300_000;
/** https://learn.microsoft.com/graph/outlook-large-attachments: a range has at most 4 MB. */
const longestRange = 4 * 1024 * 1024 - 320 * 1024;
/** Trouble of the server's and lost answers, where the request may be repeated. */
const mostTries = 4;
const firstPauseMs = 500;
/** In a row: with the limiter's back-off long enough that the slice has ended by then. */
const mostThrottlings = 20;

const Page = z.object({ value: z.array(z.unknown()), '@odata.nextLink': z.string().optional() });
const Ranges = z.object({ nextExpectedRanges: z.array(z.string()).optional() });

/**
 * Microsoft Graph as one application, within the limits of one mailbox. Every method rejects with one of the five
 * kinds (`graphProblemOf` tells what the server said): TransientError TARGET_CONNECTION_LOST means that the request may
 * or may not have been carried out; any other error, that it was not.
 *
 * Repeated by itself is only what the server surely did not carry out (throttled, signed out, no connection) and what
 * the caller calls repeatable. Nothing here logs: addresses of requests hold tokens and mailboxes.
 */
export class GraphClient {
  readonly #settings: GraphClientSettings;
  readonly #host: string;

  constructor(settings: GraphClientSettings) {
    this.#settings = settings;
    this.#host = new URL(settings.root).host;
  }

  get host(): string {
    return this.#host;
  }

  /** `path`: below the version, encoded (see `graphPath`), or an address that the server gave (nextLink, deltaLink). */
  async get<T>(path: string, shape: z.ZodType<T>, options: GraphOptions = {}): Promise<T> {
    return this.#parsed(await this.request('GET', path, undefined, options), shape);
  }

  /** Of `$value`: the octets as they are. */
  async getOctets(path: string, options: GraphOptions = {}): Promise<Buffer> {
    const { octets } = await this.request('GET', path, undefined, options);
    return octets;
  }

  async post<T>(path: string, body: unknown, shape: z.ZodType<T>, options: GraphOptions = {}): Promise<T> {
    return this.#parsed(await this.request('POST', path, body, options), shape);
  }

  async patch<T>(path: string, body: unknown, shape: z.ZodType<T>, options: GraphOptions = {}): Promise<T> {
    return this.#parsed(await this.request('PATCH', path, body, options), shape);
  }

  /** What is gone already is as good as deleted. */
  async delete(path: string, options: GraphOptions = {}): Promise<'deleted' | 'gone'> {
    try {
      await this.request('DELETE', path, undefined, options);
      return 'deleted';
    } catch (error) {
      if (isNotFound(error)) return 'gone';
      throw error;
    }
  }

  /** `body`: JSON (undefined: none), or octets with their own Content-Type in `options.headers`. */
  request(method: GraphMethod, path: string, body: unknown, options: GraphOptions = {}): Promise<GraphAnswer> {
    const octets = octetsOf(body);
    const json = body === undefined || body instanceof Uint8Array ? {} : { 'content-type': 'application/json' };
    const prefer = ['IdType="ImmutableId"', ...(options.prefer ?? [])].join(', ');
    return this.#send({
      method,
      url: this.#urlOf(path),
      path,
      body: octets,
      headers: { ...json, prefer, ...options.headers },
      isSignedIn: true,
      isRepeatable: options.isRepeatable ?? method !== 'POST',
      timeoutMs: options.timeoutMs ?? this.#settings.timeoutMs ?? usualTimeoutMs,
      need: { requests: 1, octets: octets?.length ?? 0 },
    });
  }

  /** Every member of a collection, over all its pages. */
  async *pages<T>(path: string, item: z.ZodType<T>, options: GraphOptions = {}): AsyncGenerator<T, void, undefined> {
    let next: string | undefined = path;
    while (next !== undefined) {
      const page: z.infer<typeof Page> = await this.get(next, Page, options);
      for (const value of page.value) yield this.#checked(item, value);
      next = page['@odata.nextLink'];
    }
  }

  /** All members of a collection. */
  async all<T>(path: string, item: z.ZodType<T>, options: GraphOptions = {}): Promise<T[]> {
    const members: T[] = [];
    for await (const member of this.pages(path, item, options)) members.push(member);
    return members;
  }

  /**
   * Up to any number of requests, twenty in one call (https://learn.microsoft.com/graph/json-batching). `sequential`: each
   * is begun only when the one before it was answered well (dependsOn); what comes behind one that failed is not
   * carried out. Resolves with one outcome a request, in their order; rejects only where nothing at all can be said, and
   * then nothing of it is known to be carried out or not (TARGET_CONNECTION_LOST) or nothing was.
   */
  batch(requests: readonly BatchRequest[], order: 'sequential' | 'parallel'): Promise<readonly BatchOutcome[]> {
    let refused: string | undefined;
    let used: string | undefined;
    return runBatch(requests, {
      order,
      host: this.#host,
      limiter: this.#settings.limiter,
      signedOut: () => {
        refused = used;
      },
      post: async (body, { places, count, isRepeatable }) => {
        const octets = octetsOf(body);
        used = await this.#settings.tokens.token(refused);
        refused = undefined;
        return this.#send({
          method: 'POST',
          url: this.#urlOf('/$batch'),
          path: '/$batch',
          body: octets,
          headers: { 'content-type': 'application/json' },
          isSignedIn: true,
          token: used,
          isRepeatable,
          timeoutMs: this.#settings.timeoutMs ?? uploadTimeoutMs,
          need: { requests: count, octets: octets?.length ?? 0, places },
        });
      },
    });
  }

  /**
   * A request to an address that carries its own permission (upload sessions, importItem): sent to it as it is, without
   * our token.
   */
  preauthorised(
    method: GraphMethod,
    url: string,
    request: {
      readonly body?: unknown;
      readonly headers?: Readonly<Record<string, string>>;
      readonly isRepeatable: boolean;
    },
  ): Promise<GraphAnswer> {
    const octets = octetsOf(request.body);
    const isJson = request.body !== undefined && !(request.body instanceof Uint8Array);
    return this.#send({
      method,
      url,
      path: '/preauthorised',
      body: octets,
      headers: { ...(isJson ? { 'content-type': 'application/json' } : {}), ...request.headers },
      isSignedIn: false,
      isRepeatable: request.isRepeatable,
      timeoutMs: this.#settings.timeoutMs ?? uploadTimeoutMs,
      need: { requests: 1, octets: octets?.length ?? 0 },
    });
  }

  /**
   * Uploads one file to an upload session, range by range. A range whose answer was lost is asked for before it is sent
   * again. Resolves with the Location of what was made ('' where the server names none).
   */
  async upload(uploadUrl: string, content: Octets): Promise<string> {
    const total = content.length;
    let from = 0;
    let lost = 0;
    while (from < total) {
      const to = Math.min(total, from + longestRange);
      const headers = {
        'content-type': 'application/octet-stream',
        'content-range': `bytes ${String(from)}-${String(to - 1)}/${String(total)}`,
      };
      try {
        const body = content.subarray(from, to);
        const answer = await this.preauthorised('PUT', uploadUrl, { body, headers, isRepeatable: false });
        if (answer.status === 201) return answer.headers.get('location') ?? '';
        from = nextOf(answer) ?? to;
      } catch (error) {
        lost += 1;
        if (!(error instanceof TransientError) || error.code !== 'TARGET_CONNECTION_LOST' || lost >= mostTries)
          throw error;
        const state = await this.preauthorised('GET', uploadUrl, { isRepeatable: true });
        const next = nextOf(state);
        // The last range was taken: the session is over, and what it made is found by a listing.
        if (next === undefined) throw error;
        from = next;
      }
    }
    throw this.#misbehaves('took the last range of an upload and did not end it');
  }

  async #send(outgoing: Outgoing): Promise<GraphAnswer> {
    let tries = 0;
    let throttlings = 0;
    let refused: string | undefined;
    for (;;) {
      const token = outgoing.isSignedIn ? await this.#tokenFor(outgoing, refused) : undefined;
      const outcome = await this.#attempt(outgoing, token);
      if (outcome.kind === 'answer') return outcome.answer;
      if (outcome.kind === 'throttled') {
        throttlings += 1;
        if (throttlings > mostThrottlings) throw outcome.error;
        continue;
      }
      if (outcome.kind === 'signed-out' && token !== undefined && refused === undefined) {
        refused = token;
        continue;
      }
      tries += 1;
      const isHopeful = outcome.kind === 'trouble' && (outgoing.isRepeatable || outcome.isUnsent);
      if (!isHopeful || tries >= mostTries) throw outcome.error;
      await this.#settings.clock.sleep(firstPauseMs * 4 ** (tries - 1), this.#settings.signal);
    }
  }

  #tokenFor({ token }: Outgoing, refused: string | undefined): Promise<string> {
    return token !== undefined && refused === undefined ? Promise.resolve(token) : this.#settings.tokens.token(refused);
  }

  async #attempt(outgoing: Outgoing, token: string | undefined): Promise<Attempt> {
    const { clock, limiter: limiterNow, signal } = this.#settings;
    const limiter = limiterNow();
    const leave = await this.#ended(limiter.enter(outgoing.need, signal));
    const name = { ...outgoing, host: this.#host };
    try {
      const answer = await this.#fetch(outgoing, token);
      if (answer.status < 300) {
        limiter.served();
        return { kind: 'answer', answer };
      }
      const problem = problemOf(answer, clock.now());
      const error = graphError(problem, name);
      if (isThrottled(problem)) {
        limiter.pause(problem.retryAfterMs);
        return { kind: 'throttled', error };
      }
      if (answer.status === 401) return { kind: 'signed-out', error };
      if (!isServersTrouble(problem)) return { kind: 'refused', error };
      if (problem.retryAfterMs !== undefined) limiter.pause(problem.retryAfterMs);
      return { kind: 'trouble', error, isUnsent: false };
    } catch (error) {
      if (signal.aborted) throw closedByUs(this.#host, error);
      return { kind: 'trouble', error: connectionError(error, name), isUnsent: isUnsent(error) };
    } finally {
      leave();
    }
  }

  async #fetch(outgoing: Outgoing, token: string | undefined): Promise<GraphAnswer> {
    const response = await fetch(outgoing.url, {
      method: outgoing.method,
      redirect: 'manual',
      signal: AbortSignal.any([this.#settings.signal, AbortSignal.timeout(outgoing.timeoutMs)]),
      headers: {
        ...outgoing.headers,
        accept: 'application/json',
        'client-request-id': randomUUID(),
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      },
      ...(outgoing.body === undefined ? {} : { body: outgoing.body }),
    });
    const octets = Buffer.from(await response.arrayBuffer());
    return { status: response.status, headers: response.headers, octets };
  }

  async #ended<T>(work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      throw this.#settings.signal.aborted ? closedByUs(this.#host, error) : error;
    }
  }

  /** An address that the server gave is followed only to the server itself: our token goes with it. */
  #urlOf(path: string): string {
    if (path.startsWith('/')) return `${this.#settings.root}${path}`;
    if (URL.canParse(path) && new URL(path).origin === new URL(this.#settings.root).origin) return path;
    throw this.#misbehaves('names a next page at another place');
  }

  #parsed<T>(answer: GraphAnswer, shape: z.ZodType<T>): T {
    return this.#checked(shape, answer.octets.length === 0 ? undefined : parseJson(answer.octets));
  }

  #checked<T>(shape: z.ZodType<T>, value: unknown): T {
    const parsed = shape.safeParse(value);
    if (parsed.success) return parsed.data;
    const where = parsed.error.issues[0]?.path.map(String).join('.') ?? '';
    throw this.#misbehaves(`answered something else than documented (${where === '' ? 'at the top' : where})`);
  }

  #misbehaves(what: string): TransientError {
    return new TransientError({ code: 'SERVER_MISBEHAVES', message: `${this.#host} (target) ${what}.` });
  }
}

type Attempt =
  | { readonly kind: 'answer'; readonly answer: GraphAnswer }
  /** Not carried out; the limiter was told. */
  | { readonly kind: 'throttled'; readonly error: Error }
  | { readonly kind: 'signed-out'; readonly error: Error }
  | { readonly kind: 'refused'; readonly error: Error }
  | { readonly kind: 'trouble'; readonly error: Error; readonly isUnsent: boolean };

function closedByUs(host: string, cause: unknown): TransientError {
  const message = `${host} (target): the connection was closed by us.`;
  return new TransientError({ code: 'TARGET_CONNECTION_LOST', message, cause });
}

function octetsOf(body: unknown): Octets | undefined {
  if (body === undefined) return undefined;
  if (body instanceof Uint8Array) return Buffer.isBuffer(body) ? new Uint8Array(body) : new Uint8Array(body);
  return new TextEncoder().encode(JSON.stringify(body));
}

function nextOf(answer: GraphAnswer): number | undefined {
  const ranges = Ranges.safeParse(parseJson(answer.octets)).data?.nextExpectedRanges;
  const from = Number(ranges?.[0]?.split('-')[0] ?? Number.NaN);
  return Number.isInteger(from) ? from : undefined;
}
