import { z } from 'zod';
import { GraphProblem } from './graph-errors.ts';

export interface GraphAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly octets: Buffer;
}

export type GraphMethod = 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE';

const ErrorBody = z.object({
  error: z.object({
    code: z.string().nullish(),
    message: z.string().nullish(),
    innerError: z.unknown().optional(),
    innererror: z.unknown().optional(),
  }),
});
const InnerError = z.object({
  code: z.string().optional(),
  innererror: z.unknown().optional(),
  innerError: z.unknown().optional(),
});
/** What an answer says that is no success. */
export function problemOf(answer: GraphAnswer, nowMs: number): GraphProblem {
  const { status, headers } = answer;
  const { code, text, innerCodes } = errorIn(parseJson(answer.octets));
  const requestId = headers.get('request-id') ?? '';
  return new GraphProblem({ status, code, innerCodes, text, requestId, retryAfterMs: retryAfterOf(headers, nowMs) });
}

/** `error` of an answer's body (OData 4.01 section 9.4). */
export function errorIn(body: unknown): {
  readonly code: string;
  readonly text: string;
  readonly innerCodes: readonly string[];
} {
  const parsed = ErrorBody.safeParse(body);
  if (!parsed.success) return { code: '', text: '', innerCodes: [] };
  const { code, message, innerError, innererror } = parsed.data.error;
  return { code: code ?? '', text: message ?? '', innerCodes: innerCodesOf(innerError ?? innererror) };
}

function innerCodesOf(inner: unknown): string[] {
  const parsed = InnerError.safeParse(inner);
  if (!parsed.success) return [];
  const { code, innererror, innerError } = parsed.data;
  return [...(code === undefined ? [] : [code]), ...innerCodesOf(innererror ?? innerError)];
}

/** Seconds, or a date (RFC 9110 section 10.2.3). */
export function retryAfterOf(headers: Pick<Headers, 'get'>, nowMs: number): number | undefined {
  const said = headers.get('retry-after');
  if (said === null || said.trim() === '') return undefined;
  const seconds = Number(said);
  const ms = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(said) - nowMs;
  return Number.isFinite(ms) && ms >= 0 ? ms : undefined;
}

/** undefined: an answer of something in front of Graph, HTML or nothing. */
export function parseJson(octets: Buffer): unknown {
  try {
    return JSON.parse(octets.toString('utf8'));
  } catch {
    return undefined;
  }
}
