import { spawn } from 'node:child_process';
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { ProxyCounters } from '../test/support/tcp-fault-proxy.ts';

/** Delay proxies before some ports, in a process of their own. */
export class SlowLine {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #lines: AsyncIterator<string>;
  #ports: readonly number[] = [];

  private constructor(child: ChildProcessWithoutNullStreams) {
    this.#child = child;
    this.#lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  }

  static async start(delayMs: number, ports: readonly number[]): Promise<SlowLine> {
    const program = join(import.meta.dirname, 'delay-proxy.ts');
    const child = spawn(process.execPath, [program, String(delayMs), ...ports.map(String)], { stdio: 'pipe' });
    const line = new SlowLine(child);
    line.#ports = JSON.parse(await line.#read()) as number[];
    return line;
  }

  /** In the order of the ports they stand before. */
  get ports(): readonly number[] {
    return this.#ports;
  }

  async counters(): Promise<readonly ProxyCounters[]> {
    this.#child.stdin.write('counters\n');
    return JSON.parse(await this.#read()) as ProxyCounters[];
  }

  stop(): void {
    this.#child.stdin.end();
  }

  async #read(): Promise<string> {
    const next = await this.#lines.next();
    if (next.done === true) throw new Error('The delay proxy has ended.');
    return next.value;
  }
}
