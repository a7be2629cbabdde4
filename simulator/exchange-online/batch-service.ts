import { z } from 'zod';
import { badRequest } from './graph-failure.ts';
import type { GraphAnswer } from './graph-call.ts';
import { parseJson, type JsonObject } from './json-object.ts';
import type { Perform, PracticeRequest } from './practice-request.ts';

const most = 20;
const atATime = 4;

const Batch = z.object({
  requests: z.array(
    z.object({
      id: z.string().min(1),
      method: z.enum(['GET', 'POST', 'PATCH', 'PUT', 'DELETE']),
      url: z.string().startsWith('/'),
      headers: z.record(z.string(), z.string()).optional(),
      body: z.unknown().optional(),
      dependsOn: z.array(z.string()).optional(),
    }),
  ),
});
type BatchEntry = z.infer<typeof Batch>['requests'][number];

/**
 * `POST /$batch`: up to 20 requests, four at a time, each after those that it depends on; one whose predecessor failed
 * is answered 424. The answers come in the order of their completion.
 *
 * @see https://learn.microsoft.com/graph/json-batching
 */
export async function answerBatch(request: PracticeRequest, perform: Perform): Promise<GraphAnswer> {
  const octets = await request.read();
  if (octets.length > 4 * 1024 * 1024) return { status: 413 };
  const requests = entriesOf(octets);
  const answers = new Map<string, GraphAnswer>();
  const waiting = [...requests];
  while (waiting.length > 0) {
    const due = waiting.filter(({ dependsOn = [] }) => dependsOn.every((id) => answers.has(id))).slice(0, atATime);
    if (due.length === 0) throw badRequest('The dependencies of the batch form a circle.');
    waiting.splice(0, waiting.length, ...waiting.filter((entry) => !due.includes(entry)));
    await Promise.all(
      due.map(async (entry) => {
        const failed = (entry.dependsOn ?? []).some((id) => (answers.get(id)?.status ?? 500) >= 300);
        answers.set(entry.id, failed ? failedDependency : await perform(innerRequest(request, entry)));
      }),
    );
  }
  return { status: 200, body: { responses: [...answers].map(([id, answer]) => shown(id, answer)) } };
}

const failedDependency: GraphAnswer = {
  status: 424,
  body: { error: { code: 'FailedDependency', message: 'A request that this one depends on failed.' } },
};

function entriesOf(octets: Buffer): readonly BatchEntry[] {
  const parsed = Batch.safeParse(parseJson(octets));
  if (!parsed.success) throw badRequest('Invalid batch payload format.');
  const { requests } = parsed.data;
  if (requests.length > most)
    throw badRequest(
      `Number of batch request steps exceeds the maximum value of ${String(most)}.`,
      'BatchRequestsMaxStepsExceeded',
    );
  const ids = new Set(requests.map(({ id }) => id));
  if (ids.size < requests.length) throw badRequest('Two requests of the batch have the same id.');
  for (const { id, dependsOn = [], body, headers } of requests) {
    if (dependsOn.some((other) => !ids.has(other)))
      throw badRequest(`Request ${id} depends on one that is not in the batch.`);
    const hasType = Object.keys(headers ?? {}).some((name) => name.toLowerCase() === 'content-type');
    if (body !== undefined && !hasType)
      throw badRequest(`Write request id : ${id} does not contain Content-Type header or body.`);
  }
  return requests;
}

function innerRequest(outer: PracticeRequest, { method, url, headers = {}, body }: BatchEntry): PracticeRequest {
  const address = new URL(`http://practice/v1.0${url}`);
  const octets =
    typeof body === 'string'
      ? Buffer.from(body, 'base64')
      : Buffer.from(body === undefined ? '' : JSON.stringify(body));
  return {
    method,
    path: address.pathname,
    query: address.searchParams,
    headers: {
      authorization: outer.headers['authorization'],
      ...Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value])),
    },
    inBatch: true,
    read: () => Promise.resolve(octets),
  };
}

function shown(id: string, { status, headers, body }: GraphAnswer): JsonObject {
  const isJson = typeof body === 'object' && !Buffer.isBuffer(body);
  const type = isJson ? { 'Content-Type': 'application/json' } : {};
  const content = Buffer.isBuffer(body) ? body.toString('base64') : body;
  return {
    id,
    status,
    headers: { 'Cache-Control': 'private', ...type, ...headers },
    ...(content === undefined ? {} : { body: content }),
  };
}
