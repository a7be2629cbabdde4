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

await main();
// A command is over when it has answered: neither a timer nor an idle connection keeps it. What it wrote is out:
// on POSIX files, pipes and terminals are written before the call returns (Node docs, "A note on process I/O").
process.exit();
