import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { TcpFaultProxy } from '../../support/tcp-fault-proxy.ts';
import { until } from '../../support/until.ts';

/** What one end saw of a connection. */
type Seen = { text: string; ended: boolean; error: string | undefined };

function watch(socket: Socket): Seen {
  const seen: Seen = { text: '', ended: false, error: undefined };
  socket.on('data', (bytes) => (seen.text += bytes.toString('latin1')));
  socket.on('end', () => (seen.ended = true));
  socket.on('error', (error: NodeJS.ErrnoException) => (seen.error = error.code));
  return seen;
}

describe('The fault proxy', () => {
  let server: Server;
  let proxy: TcpFaultProxy;
  let atServer: Seen[];
  const clients: Socket[] = [];

  beforeEach(async () => {
    atServer = [];
    server = createServer((socket) => {
      atServer.push(watch(socket));
      // Answers every line with the same line.
      socket.on('data', (bytes) => socket.write(bytes));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    proxy = await TcpFaultProxy.start((server.address() as AddressInfo).port);
  });

  afterEach(async () => {
    for (const client of clients.splice(0)) client.destroy();
    await proxy.stop();
    await new Promise((resolve) => server.close(resolve));
  });

  async function open(): Promise<{ socket: Socket; seen: Seen }> {
    const socket = connect(proxy.port, '127.0.0.1');
    clients.push(socket);
    const seen = watch(socket);
    await new Promise((resolve) => socket.once('connect', resolve).once('error', resolve));
    return { socket, seen };
  }

  it('passes everything on and counts bytes, connections and round trips', async () => {
    const { socket, seen } = await open();
    for (const [line, so] of Object.entries({ one: 'one', two: 'onetwo', three: 'onetwothree' })) {
      socket.write(line);
      await until(() => seen.text === so);
    }
    expect(seen.text).toBe('onetwothree');
    expect(proxy.counters()).toMatchObject({
      connections: 1,
      open: 1,
      roundTrips: 3,
      bytesToServer: 11,
      bytesToClient: 11,
    });
    socket.end();
    await until(() => proxy.counters().open === 0);
    expect(proxy.counters().open).toBe(0);
  });

  it('passes megabytes unaltered', async () => {
    const { socket, seen } = await open();
    const sent = Array.from({ length: 400_000 }, (_, index) => `line ${index}\n`).join('');
    socket.end(sent);
    await new Promise((resolve) => socket.once('close', resolve));
    expect(seen.text === sent).toBe(true);
  });

  it('delays each way, with several chunks under way at once', async () => {
    proxy.setDelay({ toServerMs: 60, toClientMs: 40 });
    const { socket, seen } = await open();
    const began = performance.now();
    const parts = Array.from({ length: 40 }, (_, at) => String.fromCodePoint(97 + (at % 26)));
    for (const part of parts) {
      socket.write(part);
      await sleep(5);
    }
    await until(() => seen.text === parts.join(''));
    expect(performance.now() - began).toBeGreaterThan(99);
    // One after another they would take 4 s.
    expect(performance.now() - began).toBeLessThan(3_000);
  });

  it('cuts after so many bytes, once, and then works again', async () => {
    proxy.cut({ direction: 'to-server', afterBytes: 5 });
    const { socket, seen } = await open();
    socket.write('abcdefgh');
    await until(() => atServer[0]?.ended === true && seen.error !== undefined && proxy.counters().open === 0);
    expect(atServer[0]).toMatchObject({ text: 'abcde', ended: true });
    expect(seen.error).toBe('ECONNRESET');
    expect(proxy.counters()).toMatchObject({ cuts: 1, open: 0 });
    const again = await open();
    again.socket.write('abcdefgh');
    await until(() => again.seen.text.length >= 8);
    expect(again.seen.text).toBe('abcdefgh');
  });

  it('loses the reply that holds a text, although the server has done its work', async () => {
    proxy.cut({ direction: 'to-client', onText: 'OK Append', skip: 1, style: 'close' });
    const { socket, seen } = await open();
    socket.write('1 OK Append\n');
    await until(() => seen.text === '1 OK Append\n');
    socket.write('2 OK App');
    await until(() => seen.text === '1 OK Append\n2 OK App');
    socket.write('end\n3');
    await until(() => seen.ended && atServer[0]?.text.endsWith('3') === true);
    expect(seen).toMatchObject({ text: '1 OK Append\n2 OK App', ended: true, error: undefined });
    expect(atServer[0]?.text).toBe('1 OK Append\n2 OK Append\n3');
  });

  it('stalls and goes on', async () => {
    const { socket, seen } = await open();
    proxy.stall();
    socket.write('held');
    await sleep(50);
    expect(seen.text).toBe('');
    proxy.unstall();
    await until(() => seen.text.length >= 4);
    expect(seen.text).toBe('held');
  });

  it('refuses new connections and keeps the open ones, until it heals', async () => {
    const { socket, seen } = await open();
    proxy.refuse();
    const refused = await open();
    await until(() => refused.seen.error !== undefined);
    expect(refused.seen.error).toBe('ECONNRESET');
    socket.write('still here');
    await until(() => seen.text.length >= 10);
    expect(seen.text).toBe('still here');
    proxy.heal();
    const later = await open();
    later.socket.write('back');
    await until(() => later.seen.text.length >= 4);
    expect(later.seen.text).toBe('back');
    expect(proxy.counters()).toMatchObject({ connections: 2, refused: 1 });
  });

  it('drops every open connection at once', async () => {
    const two = [await open(), await open()];
    proxy.dropAll();
    await until(() => two.every(({ seen }) => seen.error !== undefined));
    expect(two.map(({ seen }) => seen.error)).toEqual(['ECONNRESET', 'ECONNRESET']);
  });
});
