import { z } from 'zod';
import { CommandError, exitCodes } from './problem.ts';
import type { Problem } from './problem.ts';
import { routes } from './routes.ts';
import type { Operations, RouteName } from './routes.ts';

/*
 * What every door of the API has in common, whatever protocol brings the request: which route it is for, what it asks,
 * and what the answer's status is.
 */

export interface FoundRoute {
  readonly name: RouteName;
  readonly params: Readonly<Record<string, string>>;
}

/** `path` without a query. CommandError USAGE for a path that is not well encoded. */
export function findRoute({
  method,
  path,
}: {
  readonly method: string | undefined;
  readonly path: string;
}): FoundRoute | undefined {
  const segments = path.split('/');
  for (const name of routeNames()) {
    const route = routes[name];
    if (route.method !== method) continue;
    const params = matchPath(route.path.split('/'), segments);
    if (params !== undefined) return { name, params };
  }
  return undefined;
}

export function routeNames(): readonly RouteName[] {
  return Object.keys(routes) as RouteName[];
}

/** The fields of a request: those of the path win. `body` is the text as it came; CommandError USAGE where it is no object. */
export function fieldsOf(
  found: FoundRoute,
  sent: { readonly query: URLSearchParams; readonly body: string },
): Record<string, unknown> {
  if (routes[found.name].method === 'GET') return { ...Object.fromEntries(sent.query), ...found.params };
  try {
    const body: unknown = sent.body === '' ? {} : JSON.parse(sent.body);
    return { ...z.record(z.string(), z.unknown()).parse(body), ...found.params };
  } catch (error) {
    throw CommandError.usage(`The body is not a JSON object: ${error instanceof Error ? error.name : 'unreadable'}.`);
  }
}

/** Does what the route stands for. CommandError USAGE names the fields that do not fit. */
export function callRoute(operations: Operations, name: RouteName, fields: unknown): Promise<unknown> {
  const parsed = routes[name].request.safeParse(fields);
  if (!parsed.success) throw CommandError.usage(z.prettifyError(parsed.error));
  // TypeScript cannot see that the request of a route fits the operation of the same name.
  const operation = operations[name] as (request: unknown) => Promise<unknown>;
  return operation(parsed.data);
}

export function noSuchRoute(method: string | undefined, path: string): CommandError {
  return new CommandError({
    code: 'NO_SUCH_ROUTE',
    message: `There is no ${method ?? ''} ${path}.`,
    exitCode: exitCodes.unexpected,
  });
}

/** HTTP status of a request that was not done. */
export function statusOf(error: CommandError): number {
  if (error.code === 'NO_SUCH_ROUTE') return 404;
  switch (error.exitCode) {
    case exitCodes.usage:
      return 422;
    case exitCodes.notFound:
      return 404;
    case exitCodes.refused:
      return 409;
    default:
      return 500;
  }
}

export function problemOf({ code, message, fix, exitCode }: CommandError): Problem {
  return { error: { code, message, fix, exitCode } };
}

function matchPath(pattern: readonly string[], segments: readonly string[]): Record<string, string> | undefined {
  if (pattern.length !== segments.length) return undefined;
  const params: Record<string, string> = {};
  for (const [index, part] of pattern.entries()) {
    const segment = segments[index] ?? '';
    if (part.startsWith(':')) params[part.slice(1)] = decodeSegment(segment);
    else if (part !== segment) return undefined;
  }
  return params;
}

function decodeSegment(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch (error) {
    throw CommandError.usage(`The path is not well encoded: ${String(error)}`);
  }
}
