import { afterEach, describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo, Server } from 'node:net';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

let server: Server | undefined;
afterEach(() => {
  server?.close();
});

/** Names of the errors that adapters end with at this port. */
async function errorsAt(port: number): Promise<unknown> {
  const script = fileURLToPath(new URL('client-of-nobody.ts', import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [script, `http://127.0.0.1:${port}`]);
  return JSON.parse(stdout);
}

const allTransient = Array.from({ length: 4 }, () => 'TransientError');

describe('AWS out of reach', () => {
  it('is a reason to come again when every connection is cut', async () => {
    server = createServer((socket) => socket.once('data', () => socket.destroy()));
    await once(server.listen(0, '127.0.0.1'), 'listening');

    expect(await errorsAt((server.address() as AddressInfo).port)).toEqual(allTransient);
  });

  it('is a reason to come again when nobody listens', async () => {
    server = createServer();
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const { port } = server.address() as AddressInfo;
    server.close();
    await once(server, 'close');

    expect(await errorsAt(port)).toEqual(allTransient);
  });
});
