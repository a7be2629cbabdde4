import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { packageRoot } from '../../local/package-root.ts';

/** The practice run is a program of its own: it starts servers, which the service never does. */
export async function demo(args: readonly string[]): Promise<void> {
  const child = spawn(process.execPath, [join(packageRoot(), 'scripts', 'demo.mjs'), ...args], { stdio: 'inherit' });
  // Ctrl-C reaches the child by itself; this process waits for it to tidy up.
  process.on('SIGINT', () => undefined);
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  const [code] = (await once(child, 'exit')) as [number | null];
  process.exitCode = code ?? 130;
}
