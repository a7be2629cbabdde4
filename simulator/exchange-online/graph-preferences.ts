import type { Preferences } from './graph-call.ts';

/** `Prefer: IdType="ImmutableId", odata.maxpagesize=50, outlook.timezone="UTC"` */
export function preferencesOf(header: string): Preferences {
  const wishes = new Map(
    [...header.matchAll(/([A-Za-z.-]+)(?:\s*=\s*(?:"([^"]*)"|([^\s,;]+)))?/g)].map(
      ([, name = '', quoted, bare]) => [name.toLowerCase(), quoted ?? bare ?? ''] as const,
    ),
  );
  const size = Number(wishes.get('odata.maxpagesize') ?? '0');
  return {
    immutableIds: wishes.get('idtype')?.toLowerCase() === 'immutableid',
    maxPageSize: Number.isInteger(size) && size > 0 ? size : undefined,
    timeZone: wishes.get('outlook.timezone'),
  };
}
