import type { Operations } from '../../shared/contract/routes.ts';
import { callRoute, fieldsOf, findRoute, noSuchRoute } from '../../shared/contract/router.ts';
import { log } from '../middleware/logger.ts';
import { asProblem } from './as-problem.ts';
import type { ApiRequest } from './api-request.ts';
import { refuse, respond } from './api-response.ts';
import type { ApiResponse } from './api-response.ts';

/** Longest name of who asks that the operations take. */
const longestPrincipal = 256;

/** Does what is asked, and says so in one line of the log: who, what, and how it ended. */
export async function answerRequest(operations: Operations, request: ApiRequest): Promise<ApiResponse> {
  const { method, path, principal } = request;
  try {
    const found = findRoute({ method, path });
    if (found === undefined) throw noSuchRoute(method, path);
    // Who asks is who signed, whatever the request says.
    const fields = { ...fieldsOf(found, request), startedBy: principal.slice(0, longestPrincipal) };
    const document = await callRoute(operations, found.name, fields);
    log.info('A request was answered', { route: found.name, path, principal });
    return respond(200, document, request);
  } catch (error) {
    const problem = asProblem(error);
    log.warn('A request was not done', { method, path, principal, code: problem.code });
    return refuse(problem, request);
  }
}
