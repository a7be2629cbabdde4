import type { Problem } from '../shared/contract/problem.ts';

/**
 * Says why a command was not done, and returns its exit code. With --json the one document on stdout is the problem.
 */
export async function reportFailure(error: unknown): Promise<number> {
  const { asCommandError } = await import('../shared/operations/command-error.ts');
  const { code, message, fix, exitCode } = asCommandError(error);
  printProblem({ code, message, fix, exitCode });
  process.stderr.write(`stagecoach: ${message}${fix === '' ? '' : `\n${fix}`}\n`);
  if (exitCode === 1 && error instanceof Error && process.env['STAGECOACH_LOG'] === 'debug') {
    process.stderr.write(`${error.stack ?? ''}\n`);
  }
  return exitCode;
}

/** With --json the problem is the one document on stdout. */
export function printProblem(error: Problem['error']): void {
  if (process.argv.includes('--json')) process.stdout.write(`${JSON.stringify({ error }, null, 2)}\n`);
}
