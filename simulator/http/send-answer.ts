import type { ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';

export interface HttpAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly body: Buffer;
  /** Says how long the body is before it sends it (default). */
  readonly tellsLength?: boolean | undefined;
  /** Sends it zipped to who takes that; not by default. */
  readonly zips?: boolean | undefined;
  /** The connection is cut after so many octets of the body, as they are sent. */
  readonly cutAfter?: number | undefined;
}

export function sendAnswer(response: ServerResponse, answer: HttpAnswer): void {
  const { status, headers, body, tellsLength = true, zips = false, cutAfter = Infinity } = answer;
  const { req: request } = response;
  const isZipped = zips && /\bgzip\b/.test(request.headers['accept-encoding']?.toString() ?? '');
  const octets = isZipped ? gzipSync(body) : body;
  response.writeHead(status, {
    ...(tellsLength ? { 'Content-Length': octets.length } : {}),
    ...(isZipped ? { 'Content-Encoding': 'gzip' } : {}),
    ...headers,
  });
  if (cutAfter >= octets.length) response.end(octets);
  else response.write(octets.subarray(0, cutAfter), () => request.socket.destroy());
}
