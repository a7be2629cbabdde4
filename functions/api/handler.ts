import middy from '@middy/core';
import { CommandError, exitCodes } from '../../shared/contract/problem.ts';
import { asWorkOf } from '../middleware/invocation-work.ts';
import { logContext } from '../middleware/log-context.ts';
import { parseEnvironment } from '../middleware/parse-environment.ts';
import { parseInput } from '../middleware/parse-input.ts';
import { reportErrors } from '../middleware/report-errors.ts';
import { answerRequest } from './answer-request.ts';
import { ApiRequest } from './api-request.ts';
import { refuse } from './api-response.ts';
import type { ApiResponse } from './api-response.ts';
import { Environment } from './env.ts';
import { apiOperations } from './operations.ts';

const operations = apiOperations(parseEnvironment(Environment));

/** API Gateway waits 29 s for the function: it answers before, whatever it has done by then. */
const earlyMs = 2_000;

const tookTooLong = new CommandError({
  code: 'SERVICE_UNREACHABLE',
  message: 'This takes longer than API Gateway waits for an answer.',
  fix: 'Ask again: what was done stays done, and the same command goes on from there.',
  exitCode: exitCodes.unexpected,
});

export const handler = middy<unknown, ApiResponse>({
  timeoutEarlyInMillis: earlyMs,
  timeoutEarlyResponse: () => refuse(tookTooLong, { takesGzip: false }),
})
  .use(reportErrors())
  .use(logContext())
  .use(parseInput(ApiRequest))
  .handler((event, _context, { signal }) => asWorkOf(signal, () => answerRequest(operations, event as ApiRequest)));
