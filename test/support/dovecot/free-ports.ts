import { createServer } from 'node:net';

/** Below Linux's ephemeral range (32768 and up), so that no outgoing connection takes the port before the server does. */
const LOWEST = 20_000;
const HIGHEST = 32_000;

/** Ports on 127.0.0.1 that nothing listened on a moment ago. A caller that loses the race to bind one asks again. */
export async function freePorts(count: number): Promise<readonly number[]> {
  const found = new Set<number>();
  while (found.size < count) {
    const port = LOWEST + Math.floor(Math.random() * (HIGHEST - LOWEST));
    if (await isFree(port)) found.add(port);
  }
  return [...found];
}

async function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)));
  });
}
