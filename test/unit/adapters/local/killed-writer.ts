import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** Starts a writer, kills it with SIGKILL after about `ms`, and resolves with the last number it called durable. */
export async function killWriter(kind: 'files' | 'sqlite', folder: string, ms: number): Promise<number> {
  const script = fileURLToPath(new URL('crashing-writer.ts', import.meta.url));
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', script, kind, folder], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    if (said === '') setTimeout(() => child.kill('SIGKILL'), ms);
    said += text;
  });
  await new Promise((resolve) => child.once('close', resolve));
  return Number(said.slice(0, said.lastIndexOf('\n')).split('\n').at(-1));
}
