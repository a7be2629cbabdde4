import { spawn } from 'node:child_process';
import type { ChildProcessByStdio } from 'node:child_process';
import type { Readable } from 'node:stream';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const program = join(import.meta.dirname, '../../../bin/stagecoach');
/** Commands that this process has to take with it when it ends. */
const running = new Set<Command>();
process.on('exit', () => {
  for (const command of running) command.kill();
});

export type CommandEnd = {
  /** null after a signal. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
};

/** `bin/stagecoach` as a child process, in a process group of its own. */
export class Command {
  readonly end: Promise<CommandEnd>;
  readonly #child: ChildProcessByStdio<null, Readable, Readable>;
  #stdout = '';
  #stderr = '';
  #ended = false;

  constructor(args: readonly string[], { env, cwd }: { readonly env: NodeJS.ProcessEnv; readonly cwd: string }) {
    this.#child = spawn(program, args, { env, cwd, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child.stdout.setEncoding('utf8').on('data', (text: string) => (this.#stdout += text));
    this.#child.stderr.setEncoding('utf8').on('data', (text: string) => (this.#stderr += text));
    running.add(this);
    this.end = new Promise((resolve, reject) => {
      this.#child.once('error', reject);
      this.#child.once('close', (code) => {
        this.#ended = true;
        running.delete(this);
        resolve({ code, stdout: this.#stdout, stderr: this.#stderr });
      });
    });
  }

  get ended(): boolean {
    return this.#ended;
  }

  get stderr(): string {
    return this.#stderr;
  }

  /** The whole process group dies at once: a crash. */
  kill(signal: NodeJS.Signals = 'SIGKILL'): void {
    const { pid } = this.#child;
    if (pid === undefined || this.#ended) return;
    try {
      process.kill(-pid, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }

  /** Kills it as soon as that is so, unless it has ended by then. `code` is null when it was killed. */
  async killWhen(isDue: () => boolean): Promise<CommandEnd> {
    while (!this.#ended && !isDue()) await sleep(1);
    this.kill();
    return this.end;
  }

  /** Resolves once the text stands in stderr; fails when the command ends before. */
  async says(text: string): Promise<void> {
    while (!this.#stderr.includes(text)) {
      if (this.#ended) throw new Error(`stagecoach ended and never said "${text}":\n${this.#stderr}`);
      await sleep(20);
    }
  }
}
