import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export type JsonAnswer =
  | { readonly body: unknown }
  /** An error as services name them in `__type`. */
  | { readonly error: string; readonly status?: number }
  /** The connection is cut. */
  | 'lost';

export interface JsonService {
  /** What a client of the SDK is made with. */
  readonly clientOptions: {
    readonly endpoint: string;
    readonly region: string;
    readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  };
  /** Operations that were asked for, with their inputs. */
  readonly calls: { readonly operation: string; readonly input: Record<string, unknown> }[];
  close(): Promise<void>;
}

/**
 * A server of the AWS JSON protocol (X-Amz-Target, `__type` errors) that answers as it is told: for services of which
 * there is no server to run. It checks how we speak and what we make of answers, not what the service would answer.
 */
export async function startJsonService(
  answer: (operation: string, input: Record<string, unknown>) => JsonAnswer,
): Promise<JsonService> {
  const calls: JsonService['calls'] = [];
  const server = createServer((request, response) => {
    let text = '';
    request.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    request.on('end', () => {
      const operation = String(request.headers['x-amz-target']).split('.').at(-1)!;
      const input = JSON.parse(text) as Record<string, unknown>;
      calls.push({ operation, input });
      const said = answer(operation, input);
      const contentType = { 'content-type': request.headers['content-type'] };
      if (said === 'lost') response.destroy();
      else if ('body' in said) response.writeHead(200, contentType).end(JSON.stringify(said.body));
      else
        response.writeHead(said.status ?? 400, contentType).end(JSON.stringify({ __type: said.error, message: 'no' }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    clientOptions: {
      endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      region: 'eu-central-1',
      credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    },
    calls,
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => void server.close(() => resolve()));
    },
  };
}
