import { z } from 'zod';

/** Exit codes of the command line: admins' scripts depend on them. */
export const exitCodes = {
  done: 0,
  unexpected: 1,
  /** Wrong usage or bad file. */
  usage: 2,
  notFound: 3,
  /** Refused in this state. */
  refused: 4,
  finishedWithErrors: 5,
  interrupted: 130,
} as const;

/** Why a request was not done: the body of every API answer that is no success, and `--json` of a failed command. */
export const Problem = z.object({
  error: z.object({
    code: z.string(),
    message: z.string(),
    /** What to do about it; '' where the message says it. */
    fix: z.string(),
    exitCode: z.int(),
  }),
});
export type Problem = z.infer<typeof Problem>;

/** A command or request that was not done, with the exit code of the command line. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly code: string;
  readonly fix: string;
  readonly exitCode: number;

  constructor(details: {
    readonly code: string;
    readonly message: string;
    readonly fix?: string;
    readonly exitCode: number;
    readonly cause?: unknown;
  }) {
    super(details.message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = details.code;
    this.fix = details.fix ?? '';
    this.exitCode = details.exitCode;
  }

  static usage(message: string, fix = ''): CommandError {
    return new CommandError({ code: 'USAGE', message, fix, exitCode: exitCodes.usage });
  }
}
