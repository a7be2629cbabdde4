import { pathKey, pathOf } from './dav-paths.ts';
import type { DavResponse } from './multistatus.ts';

/** repl-uid: a folder keeps it under another name and at another place; a changed item keeps it, a moved one does not. */
export function idOf({ href, properties }: Pick<DavResponse, 'href' | 'properties'>): string {
  const id = properties.get('repl-uid') ?? '';
  return id === '' ? pathKey(pathOf(href)) : id;
}

export function isTrue(value: string | undefined): boolean {
  return value === '1' || value?.toLowerCase() === 'true';
}

/** Undefined: the server does not say. */
export function countOf(value: string | undefined): number | undefined {
  return value !== undefined && /^\d+$/.test(value) ? Number(value) : undefined;
}
