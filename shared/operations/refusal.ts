import { CommandError, exitCodes } from '../contract/problem.ts';
import { catalogueEntry } from '../domain/report/job-problem.ts';

/** What a use case refused, with the exit code that its code stands for. */
export function refusal(code: string, message: string, fix = catalogueEntry(code).fix): CommandError {
  return new CommandError({ code, message, fix, exitCode: exitCodeFor(code) });
}

function exitCodeFor(code: string): number {
  if (['BATCH_NOT_FOUND', 'ENDPOINT_NOT_FOUND', 'MAILBOX_NOT_FOUND'].includes(code)) return exitCodes.notFound;
  const isWrongInput = code.startsWith('CSV_') || ['NAME_INVALID', 'ENDPOINT_INVALID', 'CHECK_UNKNOWN'].includes(code);
  return isWrongInput ? exitCodes.usage : exitCodes.refused;
}
