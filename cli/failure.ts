/**
 * Says why a command was not done, and returns its exit code. With --json the one document on stdout is the problem.
 */
export async function reportFailure(error: unknown): Promise<number> {
  const { asCommandError } = await import('../local/command-error.ts');
  const { code, message, fix, exitCode } = asCommandError(error);
  if (process.argv.includes('--json')) {
    process.stdout.write(`${JSON.stringify({ error: { code, message, fix, exitCode } }, null, 2)}\n`);
  }
  process.stderr.write(`stagecoach: ${message}${fix === '' ? '' : `\n${fix}`}\n`);
  if (exitCode === 1 && error instanceof Error && process.env['STAGECOACH_LOG'] === 'debug') {
    process.stderr.write(`${error.stack ?? ''}\n`);
  }
  return exitCode;
}
