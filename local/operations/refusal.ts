import { CommandError, exitCodes } from '../../shared/contract/problem.ts';
import { catalogueEntry } from '../../shared/domain/report/job-problem.ts';

/** What a use case refused, with the exit code that its code stands for. */
export function refusal(code: string, message: string, fix = catalogueEntry(code).fix): CommandError {
  return new CommandError({ code, message, fix, exitCode: exitCodeFor(code) });
}

function exitCodeFor(code: string): number {
  if (code === 'BATCH_NOT_FOUND' || code === 'ENDPOINT_NOT_FOUND') return exitCodes.notFound;
  const isWrongInput = code.startsWith('CSV_') || code === 'NAME_INVALID' || code === 'ENDPOINT_INVALID';
  return isWrongInput ? exitCodes.usage : exitCodes.refused;
}
