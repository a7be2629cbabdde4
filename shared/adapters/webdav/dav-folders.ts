import { deepestFolder, folderList, type ExchangeFolder, type FolderList } from '../exchange-http/exchange-folders.ts';
import { davError } from './dav-errors.ts';
import type { DavMailbox } from './dav-mailbox.ts';
import { nameIn, parentOf, pathKey, pathOf, scopeOf } from './dav-paths.ts';
import { searchFolders } from './dav-requests.ts';
import { countOf, idOf, isTrue } from './dav-values.ts';
import type { DavResponse } from './multistatus.ts';

/** Known by its repl-uid. */
export interface DavFolder extends ExchangeFolder {
  /** Where it is now. */
  readonly path: string;
  /** Undefined: the server does not say. */
  readonly unread: number | undefined;
}

/** Every folder of the mailbox, in one query where the server takes it, else level by level. */
export async function davFolders(mailbox: DavMailbox): Promise<readonly DavFolder[]> {
  const whole = await searchLevel(mailbox, { path: mailbox.root, traversal: 'DEEP' });
  if (whole !== undefined) return whole;
  const found: DavFolder[] = [];
  let level: readonly string[] = [mailbox.root];
  for (let depth = 0; level.length > 0 && depth < deepestFolder; depth += 1) {
    const below: string[] = [];
    for (const path of level) {
      const folders = (await searchLevel(mailbox, { path, traversal: 'SHALLOW' })) ?? [];
      found.push(...folders);
      below.push(...folders.map((folder) => folder.path));
    }
    level = below;
  }
  return found;
}

/** Undefined: the query was refused as such, as that in depth is where a mailbox lies in several stores. */
async function searchLevel(
  { connection, root }: DavMailbox,
  { path, traversal }: { readonly path: string; readonly traversal: 'DEEP' | 'SHALLOW' },
): Promise<readonly DavFolder[] | undefined> {
  const folders = new Map<string, DavFolder>();
  const { status, retryAfter } = await connection.multistatus(
    { method: 'SEARCH', path, body: searchFolders(scopeOf(path), traversal) },
    (response) => {
      const folder = folderOf(response);
      // The place that was asked is no folder below it.
      if (pathKey(folder.path) !== pathKey(path) && pathKey(folder.path) !== pathKey(root))
        folders.set(folder.id, folder);
    },
  );
  if (status === 207) return [...folders.values()];
  const isGone = status === 404 && traversal === 'SHALLOW' && path !== root;
  if (isGone || (traversal === 'DEEP' && [400, 403, 422, 500].includes(status))) return undefined;
  throw davError({ status, retryAfter }, 'folder', connection.host);
}

function folderOf(response: DavResponse): DavFolder {
  const { href, properties } = response;
  const path = pathOf(href);
  const name = properties.get('displayname') ?? '';
  return {
    id: idOf(response),
    path,
    name: name === '' ? nameIn(path) : name,
    folderClass: properties.get('outlookfolderclass') ?? '',
    items: countOf(properties.get('visiblecount') ?? properties.get('objectcount')) ?? 0,
    unread: countOf(properties.get('unreadcount')),
    hidden: isTrue(properties.get('ishidden')),
  };
}

/** The folders of mail; the others are left out. */
export function sorted({ roles }: DavMailbox, found: readonly DavFolder[]): FolderList {
  const byPath = new Map(found.map((folder) => [pathKey(folder.path), folder]));
  return folderList(found, {
    parentOf: ({ path }) => byPath.get(pathKey(parentOf(path))),
    roleOf: ({ path }) => roles.get(pathKey(path)),
    classes: [],
  });
}
