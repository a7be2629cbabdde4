import { z } from 'zod';
import type { KnownError } from '../../shared/domain/errors.ts';

/**
 * An error as Step Functions sees it: Lambda hands on a name and a message, and neither a code nor a cause. So the code
 * leads the message; `readCause` takes the two apart again.
 */
export class ReportedError extends Error {
  constructor(name: string, message: string) {
    super(message);
    this.name = name;
    // Lambda puts the stack into the execution's history, where it helps nobody; the log has it.
    this.stack = `${name}: ${message}`;
  }
}

export function reportedError(error: KnownError): ReportedError {
  return new ReportedError(error.name, `${error.code}: ${error.message}`);
}

/** Name of an error that is none of ours: a defect, or a service that failed. Its own words stay in the log. */
export const unexpectedErrorName = 'UnexpectedError';

/** What a state's Catch holds (Step Functions guide, "Error output"). */
export const CaughtError = z.object({ Error: z.string(), Cause: z.string() });
export type CaughtError = z.output<typeof CaughtError>;

const LambdaCause = z.object({ errorMessage: z.string() });
const codeAndMessage = /^(?<code>[A-Z][A-Z0-9_]+): (?<message>.*)$/s;

/** The same with `Cause` as `{ errorMessage, code }`, where it was one of ours. */
export function readCause(caught: CaughtError): CaughtError {
  const cause = LambdaCause.safeParse(parsedOrNothing(caught.Cause)).data?.errorMessage;
  const { code, message } = codeAndMessage.exec(cause ?? '')?.groups ?? {};
  if (code === undefined || message === undefined) return caught;
  return { Error: caught.Error, Cause: JSON.stringify({ errorMessage: message, code }) };
}

/** A Cause of Step Functions' own, such as a timeout's, is plain words. */
function parsedOrNothing(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
