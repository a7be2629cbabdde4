import type { Route } from './graph-call.ts';

/**
 * One path for what Graph reaches by several: an item is found by its id whatever folder the address names on the way,
 * and a folder whatever parent.
 */
export function shortPath(path: string): string {
  return path
    .replace(/(?<!\/calendars)\/calendar(?=\/|$)/, '/calendars/calendar')
    .replace(/\/mailFolders\/[^/]+((?:\/childFolders\/[^/]+)+)(?=\/|$)/i, (_all, inner: string) =>
      inner.replace(/^.*\/childFolders\//i, '/mailFolders/'),
    )
    .replace(/\/contactFolders\/[^/]+((?:\/childFolders\/[^/]+)+)(?=\/|$)/i, (_all, inner: string) =>
      inner.replace(/^.*\/childFolders\//i, '/contactFolders/'),
    )
    .replace(/\/mailFolders\/[^/]+(\/messages\/(?!delta|\$count)[^/]+)/i, '$1')
    .replace(/\/contactFolders\/[^/]+(\/contacts\/(?!delta|\$count)[^/]+)/i, '$1')
    .replace(/\/calendars\/[^/]+(\/events\/(?!delta|\$count)[^/]+)/i, '$1');
}

export interface FoundRoute {
  readonly route: Route;
  readonly parameters: Readonly<Record<string, string>>;
}

/** The route of a request; `path` where the path is known but not for this method. */
export function findRoute(routes: readonly Route[], method: string, path: string): FoundRoute | 'path' | undefined {
  const segments = path.split('/').map(decodeURIComponent);
  const fitting = routes.flatMap((route) => {
    const parameters = fit(route.pattern.split('/'), segments);
    return parameters === undefined ? [] : [{ route, parameters }];
  });
  // A word goes before a placeholder: messages/delta is no message.
  const found = fitting
    .filter(({ route }) => route.method === method)
    .toSorted((a, b) => placeholders(a.route) - placeholders(b.route))[0];
  return found ?? (fitting.length > 0 ? 'path' : undefined);
}

function placeholders({ pattern }: Route): number {
  return pattern.split(':').length;
}

function fit(pattern: readonly string[], segments: readonly string[]): Record<string, string> | undefined {
  if (pattern.length !== segments.length) return undefined;
  const parameters: Record<string, string> = {};
  for (const [at, part] of pattern.entries()) {
    const segment = segments[at] ?? '';
    if (part.startsWith(':')) parameters[part.slice(1)] = segment;
    else if (part.toLowerCase() !== segment.replace(/\(\)$/, '').toLowerCase()) return undefined;
  }
  return parameters;
}
