import { asCommandError } from '../../shared/operations/command-error.ts';
import { CommandError } from '../../shared/contract/problem.ts';
import { isKnownError } from '../../shared/domain/errors.ts';
import { reportedFor } from '../middleware/report-errors.ts';

/** What went wrong, for who asked. The words of an unexpected error stay in the log: nobody knows what is in them. */
export function asProblem(error: unknown): CommandError {
  if (error instanceof CommandError || isKnownError(error)) return asCommandError(error);
  return asCommandError(reportedFor(error));
}
