import { gunzipSync, gzipSync } from 'node:zlib';
import { z } from 'zod';

/**
 * What one function answers another, in base64 of gzip: Lambda hands on 6 MB (Lambda quotas, "Invocation payload",
 * https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html), and what became of 50,000 mailboxes is more.
 */
export const PackedAnswer = z.object({ gzip: z.base64() });

export function packedAnswer(answer: unknown): z.output<typeof PackedAnswer> {
  return { gzip: gzipSync(JSON.stringify(answer)).toString('base64') };
}

export function unpackedAnswer({ gzip }: z.output<typeof PackedAnswer>): unknown {
  return JSON.parse(gunzipSync(Buffer.from(gzip, 'base64')).toString('utf8'));
}
