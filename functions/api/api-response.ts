import { gzipSync } from 'node:zlib';
import { CommandError } from '../../shared/contract/problem.ts';
import { problemOf, statusOf } from '../../shared/contract/router.ts';

/** To API Gateway, payload format 2.0. */
export interface ApiResponse {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly isBase64Encoded: boolean;
}

/**
 * Lambda hands on 6 MB (Lambda quotas, "Invocation payload",
 * https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html): a little less, for what stands around the body.
 */
const longestBody = 6_000_000;
/** What is shorter gains nothing. */
const worthGzip = 100_000;

/** Long answers are sent compressed to who takes that: 50,000 mailboxes as JSON are 25 MB, and 2 MB so. */
export function respond(
  status: number,
  document: unknown,
  { takesGzip }: { readonly takesGzip: boolean },
): ApiResponse {
  const text = JSON.stringify(document);
  const compressed = takesGzip && text.length > worthGzip;
  const body = compressed ? gzipSync(text).toString('base64') : text;
  // What a string costs in Lambda's own JSON: quotes in it are escaped once more.
  const length = compressed ? body.length : Buffer.byteLength(JSON.stringify(body));
  if (length > longestBody) return refuse(tooLong(), { takesGzip: false });
  return {
    statusCode: status,
    headers: {
      'content-type': 'application/json; charset=utf-8',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      ...(compressed ? { 'content-encoding': 'gzip' } : {}),
    },
    body,
    isBase64Encoded: compressed,
  };
}

export function refuse(error: CommandError, reader: { readonly takesGzip: boolean }): ApiResponse {
  return respond(statusOf(error), problemOf(error), reader);
}

function tooLong(): CommandError {
  return CommandError.usage(
    'The answer is larger than the 6 MB that AWS Lambda hands on.',
    'Ask for a part of it (batch users --status), or with `accept-encoding: gzip`. Reports come in pages.',
  );
}
