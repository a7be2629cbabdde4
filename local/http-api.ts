import { createHash, timingSafeEqual } from 'node:crypto';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Operations } from '../shared/contract/routes.ts';
import { CommandError, exitCodes } from '../shared/contract/problem.ts';
import { callRoute, fieldsOf, findRoute, noSuchRoute, problemOf, statusOf } from '../shared/contract/router.ts';
import type { Logger } from '../shared/ports/logger.ts';
import { asCommandError } from '../shared/operations/command-error.ts';

/** A batch file of 10 MB in base64, and room for the rest. */
const longestBody = 16 * 1024 * 1024;

/** Milliseconds for the requests that are under way when the API closes: testing an endpoint takes the longest. */
const answerWithinMs = 10_000;

export interface HttpApi {
  readonly url: string;
  /** Takes no more requests; resolves when those under way are answered. */
  close(): Promise<void>;
}

export interface HttpApiOptions {
  readonly operations: Operations;
  /** 0: any free one. */
  readonly port: number;
  readonly token: string;
  readonly log: Logger;
}

/**
 * The embedded service's API. It listens on 127.0.0.1 alone, and answers only who has the token of the data folder.
 * Host and Origin are checked besides, so that no page in a browser on this machine can reach it, not even by a name
 * that it makes resolve to 127.0.0.1.
 */
export async function startHttpApi(options: HttpApiOptions): Promise<HttpApi> {
  const server = createServer((request, response) => {
    void answer(options, request, response);
  });
  await listen(server, options.port);
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${String(port)}`, close: () => close(server) };
}

async function answer(options: HttpApiOptions, request: IncomingMessage, response: ServerResponse): Promise<void> {
  try {
    const refusal = refusalOf(request, options.token);
    if (refusal !== undefined) {
      send(response, refusal.status, problemOf(refusal.error));
      return;
    }
    const { method } = request;
    const found = findRoute({ method, path: pathOf(request) });
    if (found === undefined) throw noSuchRoute(method, pathOf(request));
    const fields = fieldsOf(found, { query: queryOf(request), body: await readBody(request) });
    send(response, 200, await callRoute(options.operations, found.name, fields));
  } catch (error) {
    const known = asCommandError(error);
    if (statusOf(known) === 500)
      options.log.error('A request failed.', { path: pathOf(request), error: String(error) });
    send(response, statusOf(known), problemOf(known));
  }
}

function refusalOf(request: IncomingMessage, token: string): { status: number; error: CommandError } | undefined {
  const port = String(request.socket.localPort);
  const hosts = [`127.0.0.1:${port}`, `localhost:${port}`];
  const refuse = (status: number, code: string, message: string) => ({
    status,
    error: new CommandError({ code, message, exitCode: exitCodes.refused }),
  });
  if (!hosts.includes(request.headers.host ?? '')) return refuse(403, 'HOST_REFUSED', 'The Host header is not ours.');
  const { origin } = request.headers;
  if (origin !== undefined && !hosts.some((host) => origin === `http://${host}`))
    return refuse(403, 'ORIGIN_REFUSED', 'The Origin header is not ours.');
  const presented = /^Bearer (\S+)$/.exec(request.headers.authorization ?? '')?.[1] ?? '';
  if (!equalInConstantTime(presented, token))
    return refuse(401, 'TOKEN_REFUSED', 'The token of the data folder is missing or wrong.');
  return undefined;
}

/** Hashes have one length whatever was sent, so that not even the token's length shows in the time. */
function equalInConstantTime(presented: string, token: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(presented), digest(token));
}

function pathOf(request: IncomingMessage): string {
  return (request.url ?? '/').split('?', 1)[0] ?? '/';
}

function queryOf(request: IncomingMessage): URLSearchParams {
  return new URL(request.url ?? '/', 'http://localhost').searchParams;
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > longestBody) throw CommandError.usage('The request is larger than 16 MB.');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function send(response: ServerResponse, status: number, body: unknown): void {
  const text = JSON.stringify(body);
  response.writeHead(status, {
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store',
    // No request may meet a connection that is just being closed: it could not tell whether it was done.
    connection: 'close',
    'x-content-type-options': 'nosniff',
  });
  response.end(text);
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => {
      const inUse = 'code' in error && error.code === 'EADDRINUSE';
      reject(inUse ? CommandError.usage(`Port ${String(port)} is in use.`, 'Choose another one with --port.') : error);
    });
    server.listen({ host: '127.0.0.1', port }, resolve);
  });
}

/** Takes no more requests and answers those it has; a connection that never asks is cut. */
function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    const cut = setTimeout(() => {
      server.closeAllConnections();
    }, answerWithinMs);
    server.close(() => {
      clearTimeout(cut);
      resolve();
    });
  });
}
