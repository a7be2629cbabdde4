import { z } from 'zod';
import { TransientError, type KnownError } from '../../domain/errors.ts';
import { errorIn, parseJson, retryAfterOf, type GraphAnswer, type GraphMethod } from './graph-answer.ts';
import { graphError, GraphProblem, isThrottled } from './graph-errors.ts';
import type { MailboxLimiter } from './mailbox-limiter.ts';

export interface BatchRequest {
  readonly method: GraphMethod;
  /** Below the version, encoded. */
  readonly path: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** As in GraphOptions. A batch whose answer was lost is sent again only where all its requests are repeatable. */
  readonly isRepeatable?: boolean | undefined;
}

export type BatchOutcome =
  | { readonly outcome: 'ok'; readonly status: number; readonly body: unknown }
  | { readonly outcome: 'failed'; readonly error: KnownError; readonly status: number }
  /** Behind one that failed (424): surely not carried out. */
  | { readonly outcome: 'not-done' };

const mostRequests = 20;
/** One body has at most 4 MB; room is left for what JSON puts around the requests. */
const mostOctets = 3_800_000;
/** Graph itself runs that many of a batch side by side in one mailbox. */
const mostPlaces = 4;
/** Rounds in a row in which the server throttled every request that was left. */
const mostIdleRounds = 20;

const Answers = z.object({
  responses: z.array(
    z.object({
      id: z.string(),
      status: z.int(),
      headers: z.record(z.string(), z.string()).optional(),
      body: z.unknown().optional(),
    }),
  ),
});

interface BatchServices {
  readonly order: 'sequential' | 'parallel';
  readonly host: string;
  readonly limiter: () => MailboxLimiter;
  /** The token of the last round was refused inside: the next one is to have another. */
  readonly signedOut: () => void;
  readonly post: (
    body: unknown,
    about: { readonly places: number; readonly count: number; readonly isRepeatable: boolean },
  ) => Promise<GraphAnswer>;
}

interface Waiting {
  readonly index: number;
  readonly request: BatchRequest;
}

/** What was throttled or signed out inside a batch was not carried out, and goes into a later one. */
export async function runBatch(
  requests: readonly BatchRequest[],
  services: BatchServices,
): Promise<readonly BatchOutcome[]> {
  const outcomes = new Map<number, BatchOutcome>();
  let waiting: readonly Waiting[] = requests.map((request, index) => ({ index, request }));
  let idleRounds = 0;
  let isRenewed = false;
  while (waiting.length > 0) {
    const chunk = firstChunk(waiting);
    const { answered, isSignedOut } = await roundOf(chunk, { ...services, takes401: isRenewed });
    if (isSignedOut) services.signedOut();
    isRenewed = isSignedOut;
    for (const [index, outcome] of answered) outcomes.set(index, outcome);
    waiting = waiting.filter(({ index }) => !outcomes.has(index));
    if (services.order === 'sequential' && [...answered.values()].some(({ outcome }) => outcome === 'failed')) {
      // A later batch does not know that one of an earlier one failed.
      for (const { index } of waiting) outcomes.set(index, { outcome: 'not-done' });
      waiting = [];
    }
    idleRounds = answered.size === 0 ? idleRounds + 1 : 0;
    if (idleRounds > mostIdleRounds) throw throttledError(services.host);
  }
  return requests.map((_, index) => outcomes.get(index) ?? { outcome: 'not-done' });
}

function firstChunk(waiting: readonly Waiting[]): readonly Waiting[] {
  const chunk: Waiting[] = [];
  let octets = 0;
  for (const entry of waiting.slice(0, mostRequests)) {
    octets += Buffer.byteLength(JSON.stringify(entry.request));
    if (chunk.length > 0 && octets > mostOctets) break;
    chunk.push(entry);
  }
  return chunk;
}

interface Round {
  /** Outcomes by index; a request without one was throttled or signed out, or waits for one that was. */
  readonly answered: ReadonlyMap<number, BatchOutcome>;
  readonly isSignedOut: boolean;
}

/** `takes401`: a token that was just given is refused, which is an outcome. */
async function roundOf(
  chunk: readonly Waiting[],
  { order, host, limiter, post, takes401 }: BatchServices & { readonly takes401: boolean },
): Promise<Round> {
  const body = { requests: chunk.map(({ request }, place) => batched(request, { place, order })) };
  const answer = await post(body, {
    places: order === 'sequential' ? 1 : Math.min(mostPlaces, chunk.length),
    count: chunk.length,
    isRepeatable: chunk.every(({ request }) => request.isRepeatable ?? request.method !== 'POST'),
  });
  const parsed = Answers.safeParse(parseJson(answer.octets));
  if (!parsed.success) throw unreadable(host, chunk);
  const byId = new Map(parsed.data.responses.map((response) => [response.id, response]));
  const outcomes = new Map<number, BatchOutcome>();
  let isSignedOut = false;
  let isPutOffBefore = false;
  for (const [place, { index, request }] of chunk.entries()) {
    const response = byId.get(String(place + 1));
    if (response === undefined) throw unreadable(host, chunk);
    if (response.status < 300) {
      outcomes.set(index, { outcome: 'ok', status: response.status, body: response.body });
      continue;
    }
    if (response.status === 424) {
      if (!isPutOffBefore) outcomes.set(index, { outcome: 'not-done' });
      continue;
    }
    const problem = problemIn(response);
    if (isThrottled(problem)) {
      isPutOffBefore = true;
      limiter().pause(problem.retryAfterMs);
      continue;
    }
    if (response.status === 401 && !takes401) {
      isPutOffBefore = true;
      isSignedOut = true;
      continue;
    }
    const isRepeatable = request.isRepeatable ?? request.method !== 'POST';
    const error = graphError(problem, { method: request.method, path: request.path, host, isRepeatable });
    outcomes.set(index, { outcome: 'failed', error, status: response.status });
  }
  return { answered: outcomes, isSignedOut };
}

function batched(
  request: BatchRequest,
  { place, order }: { readonly place: number; readonly order: 'sequential' | 'parallel' },
): Record<string, unknown> {
  const json = request.body === undefined ? {} : { 'Content-Type': 'application/json' };
  return {
    id: String(place + 1),
    method: request.method,
    url: request.path,
    headers: { ...json, Prefer: 'IdType="ImmutableId"', ...request.headers },
    ...(request.body === undefined ? {} : { body: request.body }),
    ...(order === 'sequential' && place > 0 ? { dependsOn: [String(place)] } : {}),
  };
}

function problemIn(response: z.infer<typeof Answers>['responses'][number]): GraphProblem {
  const headers = new Headers(response.headers ?? {});
  const { code, text, innerCodes } = errorIn(response.body);
  return new GraphProblem({
    status: response.status,
    code,
    innerCodes,
    text,
    requestId: headers.get('request-id') ?? '',
    // A date in place of seconds would need a clock, and is not sent inside of batches.
    retryAfterMs: retryAfterOf(headers, 0),
  });
}

/** An answer that does not account for every request: what it leaves out may have been carried out. */
function unreadable(host: string, chunk: readonly Waiting[]): TransientError {
  const message = `${host} (target) did not answer each of ${String(chunk.length)} requests of a batch.`;
  return new TransientError({ code: 'TARGET_CONNECTION_LOST', message });
}

function throttledError(host: string): TransientError {
  return new TransientError({
    code: 'TARGET_THROTTLED',
    message: `${host} (target) throttles every request of a batch.`,
  });
}
