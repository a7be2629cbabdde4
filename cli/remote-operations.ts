import { CommandError, exitCodes, Problem } from '../shared/contract/problem.ts';
import { operationsBy, sentAs } from '../shared/contract/requests.ts';
import type { SentRequest } from '../shared/contract/requests.ts';
import { routes } from '../shared/contract/routes.ts';
import type { Operations, RouteName } from '../shared/contract/routes.ts';

export interface RemoteService {
  /** `http://127.0.0.1:4680` */
  readonly url: string;
  readonly token: string;
}

/** The service does not answer (any more): whoever asked may look whether another process has the data folder now. */
export class ServiceGoneError extends CommandError {
  /** False where it never had the request: it refused the connection. Else it may have done what it was asked. */
  readonly asked: boolean;

  constructor(url: string, cause: unknown) {
    super({
      code: 'SERVICE_UNREACHABLE',
      message: `No service answers at ${url}.`,
      fix: 'Start one with `stagecoach serve`, or correct --url.',
      exitCode: exitCodes.notFound,
      cause,
    });
    this.asked = !isRefusal(cause);
  }
}

/** fetch hides what the system said in the cause of its own error. */
function isRefusal(error: unknown): boolean {
  return hasField(error, 'cause') && hasField(error.cause, 'code') && error.cause.code === 'ECONNREFUSED';
}

/** Without `instanceof`: fetch's errors are of another realm under a test runner. */
function hasField<Name extends string>(value: unknown, name: Name): value is Record<Name, unknown> {
  return typeof value === 'object' && value !== null && name in value;
}

/** The operations as asked of a service over HTTP. */
export function remoteOperations(service: RemoteService): Operations {
  return operationsBy((name, request) => call(service, name, request));
}

async function call(service: RemoteService, name: RouteName, request: unknown): Promise<unknown> {
  const response = await reach(service, sentAs(name, request));
  const document: unknown = await response.json();
  if (response.ok) return routes[name].answer.parse(document);
  const { error } = Problem.parse(document);
  throw new CommandError(error);
}

async function reach({ url, token }: RemoteService, { method, target, body }: SentRequest): Promise<Response> {
  try {
    return await fetch(new URL(target, url), {
      method,
      body: body ?? null,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    });
  } catch (error) {
    // fetch has one error for everything that keeps it from an answer (Fetch standard, "network error").
    if (hasField(error, 'name') && error.name === 'TypeError') throw new ServiceGoneError(url, error);
    throw error;
  }
}
