import { CommanderError } from 'commander';
import { exitCodes } from '../shared/contract/problem.ts';
import { printProblem, reportFailure } from './failure.ts';
import { makeProgram } from './program.ts';

/** `stagecoach`: parses, runs one command, and ends with its exit code. */
async function main(): Promise<void> {
  try {
    await makeProgram().parseAsync();
  } catch (error) {
    process.exitCode = error instanceof CommanderError ? endOfParsing(error) : await reportFailure(error);
  }
}

/** Commander has printed help, version or what is wrong with the usage, but no document where --json asks for one. */
function endOfParsing({ exitCode, message }: CommanderError): number {
  if (exitCode === 0) return exitCodes.done;
  printProblem({
    code: 'USAGE',
    message: message.replace(/^error: /, ''),
    fix: 'Try --help.',
    exitCode: exitCodes.usage,
  });
  return exitCodes.usage;
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

/** A command is over when it has answered: neither a timer nor an idle connection keeps it. */
async function runToTheEnd(): Promise<never> {
  await main();
  await Promise.all([flushed(process.stdout), flushed(process.stderr)]);
  process.exit();
}

// A script, as the build makes one of this, has no `await` outside of functions.
void runToTheEnd();
