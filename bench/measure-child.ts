import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';

export type Measured = {
  readonly exitCode: number;
  readonly wallSeconds: number;
  /** User and system time of the command and of every child that it waited for. */
  readonly cpuSeconds: number;
  /** Largest resident size that any one of its processes reached. */
  readonly peakMegabytes: number;
  readonly stdout: string;
  readonly stderr: string;
};

export type Command = {
  readonly argv: readonly string[];
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
};

const POLL_MS = 10;
const TIMES_MARK = '@times@';

/** Runs a command under bash, whose `times` tells what its children used; memory is read from /proc while it runs. */
export async function measureChild(command: Command): Promise<Measured> {
  const script = `"$@"; status=$?; echo '${TIMES_MARK}' >&2; times >&2; exit $status`;
  const began = performance.now();
  const child = spawn('bash', ['-c', script, 'measured', ...command.argv], {
    cwd: command.cwd,
    env: { ...process.env, LC_ALL: 'C', ...command.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  let peak = 0;
  const watch = setInterval(() => (peak = Math.max(peak, ...descendants(child.pid ?? 0).map(highWaterMark))), POLL_MS);
  const exitCode = await new Promise<number>((resolve) => child.once('close', (code) => resolve(code ?? 1)));
  const wallSeconds = (performance.now() - began) / 1000;
  clearInterval(watch);
  const [own = '', times = ''] = stderr.split(TIMES_MARK);
  return { exitCode, wallSeconds, cpuSeconds: cpuOfChildren(times), peakMegabytes: peak / 1024, stdout, stderr: own };
}

/** The second line of `times` is about children: `0m1.234s 0m0.567s`. */
function cpuOfChildren(times: string): number {
  const line = times.trim().split('\n')[1] ?? '';
  return [...line.matchAll(/(\d+)m([\d.]+)s/g)].reduce(
    (sum, [, minutes, seconds]) => sum + Number(minutes) * 60 + Number(seconds),
    0,
  );
}

function descendants(pid: number): number[] {
  const children = readProc(`/proc/${pid}/task/${pid}/children`).trim().split(' ').filter(Boolean).map(Number);
  return children.flatMap((child) => [child, ...descendants(child)]);
}

/** Kilobytes; the kernel keeps the highest value itself, so that polling misses only the last moment. */
function highWaterMark(pid: number): number {
  return Number(/VmHWM:\s+(\d+) kB/.exec(readProc(`/proc/${pid}/status`))?.[1] ?? 0);
}

function readProc(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    // The process has ended between two looks.
    return '';
  }
}
