import { CommanderError } from 'commander';
import { reportFailure } from './failure.ts';
import { makeProgram } from './program.ts';

/** `stagecoach`: parses, runs one command, and ends with its exit code. */
async function main(): Promise<void> {
  try {
    await makeProgram().parseAsync();
  } catch (error) {
    // Commander has printed help, version or what is wrong with the usage; only the exit code is left to us.
    process.exitCode = error instanceof CommanderError ? (error.exitCode === 0 ? 0 : 2) : await reportFailure(error);
  }
}

/** Resolves when all that was written has been taken: a pipe takes 64 kB at a time. */
function flushed(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    stream.write('', () => {
      resolve();
    });
  });
}

// `stagecoach batch users ... | head`: whoever reads has seen enough.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit();
});

await main();
await Promise.all([flushed(process.stdout), flushed(process.stderr)]);
// A command is over when it has answered: neither a timer nor an idle connection keeps it.
process.exit();
