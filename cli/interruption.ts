import { CommandError, exitCodes } from '../shared/contract/problem.ts';

class Interrupted extends CommandError {
  constructor() {
    super({
      code: 'INTERRUPTED',
      message: 'Interrupted. Run the same command again: it goes on where it was.',
      exitCode: exitCodes.interrupted,
    });
  }
}

/**
 * SIGINT and SIGTERM end a command's wait, after which it closes what it has open: pages are finished, leases freed.
 * A second signal ends the process at once, which loses nothing either.
 */
class Interruption {
  readonly #controller = new AbortController();
  #listening = false;

  get signal(): AbortSignal {
    this.#listen();
    return this.#controller.signal;
  }

  /** Rejects with exit code 130 as soon as the process is told to end; `work` is then left to whoever closes it. */
  async orElse<Result>(work: Promise<Result>): Promise<Result> {
    const { signal } = this;
    let onAbort: (() => void) | undefined;
    const interrupted = new Promise<never>((_, reject) => {
      onAbort = () => {
        reject(new Interrupted());
      };
      signal.addEventListener('abort', onAbort);
    });
    try {
      return await Promise.race([work, interrupted]);
    } finally {
      if (onAbort !== undefined) signal.removeEventListener('abort', onAbort);
    }
  }

  #listen(): void {
    if (this.#listening) return;
    this.#listening = true;
    for (const name of ['SIGINT', 'SIGTERM'] as const) {
      process.on(name, () => {
        if (this.#controller.signal.aborted) process.exit(exitCodes.interrupted);
        process.stderr.write('Finishing what is open; once more ends at once.\n');
        this.#controller.abort();
      });
    }
  }
}

export const interruption = new Interruption();
