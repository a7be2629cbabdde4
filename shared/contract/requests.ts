import { z } from 'zod';
import { routes } from './routes.ts';
import type { Operations, RouteName } from './routes.ts';
import { routeNames } from './router.ts';

/* What everybody who asks the API over HTTP has in common; router.ts is the other side. */

/** A request as it is sent. */
export interface SentRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** Path and query, from the API's root. */
  readonly target: string;
  /** JSON; undefined for GET, whose fields are in the query. */
  readonly body: string | undefined;
}

/** The operations, each done by `call`, which returns what the route's schema has read from the answer. */
export function operationsBy(call: (name: RouteName, request: unknown) => Promise<unknown>): Operations {
  const entries = routeNames().map((name) => [name, (request: unknown) => call(name, request)]);
  // The table of routes gives every operation its types; a loop over it cannot show that to the compiler.
  return Object.fromEntries(entries) as Operations;
}

/** Fields that the path names go there, the others into the query or the body. */
export function sentAs(name: RouteName, request: unknown): SentRequest {
  const { method, path } = routes[name];
  const fields = new Map(Object.entries(z.record(z.string(), z.unknown()).parse(request)));
  const filled = path.replaceAll(/:(\w+)/g, (_, field: string) => {
    const value = fields.get(field);
    fields.delete(field);
    return encodeURIComponent(String(value));
  });
  if (method !== 'GET') return { method, target: filled, body: JSON.stringify(Object.fromEntries(fields)) };
  const query = queryOf(fields);
  return { method, target: query === '' ? filled : `${filled}?${query}`, body: undefined };
}

/** Written as AWS signs it: URLSearchParams would say `+` for a space, which AWS does not read as one. */
function queryOf(fields: ReadonlyMap<string, unknown>): string {
  const escaped = (text: string) =>
    encodeURIComponent(text).replaceAll(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);
  return [...fields]
    .filter((field): field is [string, string] => typeof field[1] === 'string')
    .map(([name, value]) => `${escaped(name)}=${escaped(value)}`)
    .join('&');
}
