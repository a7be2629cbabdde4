/**
 * A slow line as a process of its own, so that it takes no time from what is measured:
 * `node bench/delay-proxy.ts <milliseconds each way> <port> ...`. Prints the proxy's ports as a JSON array; for every
 * line on stdin it prints the counters as a JSON array; ends when stdin does.
 */
import { createInterface } from 'node:readline';
import { TcpFaultProxy } from '../test/support/tcp-fault-proxy.ts';

const [delay = '0', ...ports] = process.argv.slice(2);
const proxies = await Promise.all(ports.map(async (port) => TcpFaultProxy.start(Number(port))));
for (const proxy of proxies) proxy.setDelay({ toServerMs: Number(delay), toClientMs: Number(delay) });
console.log(JSON.stringify(proxies.map(({ port }) => port)));
for await (const line of createInterface({ input: process.stdin })) {
  if (line === 'counters') console.log(JSON.stringify(proxies.map((proxy) => proxy.counters())));
}
await Promise.all(proxies.map(async (proxy) => proxy.stop()));
