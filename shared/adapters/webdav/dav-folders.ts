import type { SourceFolder } from '../../domain/mail.ts';
import type { LeftOutFolder } from '../../ports/mail-source.ts';
import { davError } from './dav-errors.ts';
import type { DavMailbox } from './dav-mailbox.ts';
import { nameIn, parentOf, pathKey, pathOf, scopeOf } from './dav-paths.ts';
import { searchFolders } from './dav-requests.ts';
import type { DavResponse } from './multistatus.ts';

export interface DavFolder {
  /** repl-uid: another name or place does not change it. */
  readonly id: string;
  /** Where it is now. */
  readonly path: string;
  readonly name: string;
  readonly folderClass: string;
  readonly items: number;
  /** Undefined: the server does not say. */
  readonly unread: number | undefined;
  readonly hidden: boolean;
}

/** Folder classes of what is no mail ([MS-OXOSFLD] section 2.2.1); all others, and none, hold mail. */
const otherClasses = /^IPF\.(?:Appointment|Contact|Task|StickyNote|Journal|Configuration|Files)\b/i;

/** Deeper than any mailbox is. */
const deepest = 300;

/** Every folder of the mailbox, in one query where the server takes it, else level by level. */
export async function davFolders(mailbox: DavMailbox): Promise<readonly DavFolder[]> {
  const whole = await searchLevel(mailbox, { path: mailbox.root, traversal: 'DEEP' });
  if (whole !== undefined) return whole;
  const found: DavFolder[] = [];
  let level: readonly string[] = [mailbox.root];
  for (let depth = 0; level.length > 0 && depth < deepest; depth += 1) {
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

function folderOf({ href, properties }: DavResponse): DavFolder {
  const path = pathOf(href);
  const id = properties.get('repl-uid') ?? '';
  const items = countOf(properties.get('visiblecount') ?? properties.get('objectcount'));
  return {
    id: id === '' ? pathKey(path) : id,
    path,
    name: properties.get('displayname') ?? '',
    folderClass: properties.get('outlookfolderclass') ?? '',
    items: items ?? 0,
    unread: countOf(properties.get('unreadcount')),
    hidden: isTrue(properties.get('ishidden')),
  };
}

function countOf(value: string | undefined): number | undefined {
  return value !== undefined && /^\d+$/.test(value) ? Number(value) : undefined;
}

export function isTrue(value: string | undefined): boolean {
  return value === '1' || value?.toLowerCase() === 'true';
}

/** The folders of mail; the others are left out by name and number. */
export function sorted(
  mailbox: DavMailbox,
  found: readonly DavFolder[],
): { readonly folders: readonly SourceFolder[]; readonly leftOut: readonly LeftOutFolder[] } {
  const byPath = new Map(found.map((folder) => [pathKey(folder.path), folder]));
  const folders: SourceFolder[] = [];
  const leftOut: LeftOutFolder[] = [];
  for (const folder of found) {
    const path = namesOf(folder, byPath, mailbox);
    const reason = whyLeftOut(folder);
    if (reason !== undefined) {
      leftOut.push({ name: path.join('/'), reason, items: folder.items });
      continue;
    }
    const role = mailbox.roles.get(pathKey(folder.path));
    folders.push({
      id: path.map((name) => encodeURIComponent(name.toWellFormed())).join('/'),
      path,
      selectable: true,
      mailboxId: folder.id,
      ...(role === undefined ? {} : { role }),
    });
  }
  return { folders, leftOut };
}

function whyLeftOut(folder: DavFolder): LeftOutFolder['reason'] | undefined {
  if (folder.hidden) return 'hidden';
  return otherClasses.test(folder.folderClass) ? 'not-mail' : undefined;
}

function namesOf(folder: DavFolder, byPath: ReadonlyMap<string, DavFolder>, { roles }: DavMailbox): readonly string[] {
  const names: string[] = [];
  let next: DavFolder | undefined = folder;
  while (next !== undefined && names.length < deepest) {
    const parent = byPath.get(pathKey(parentOf(next.path)));
    names.unshift(nameOf(next, { isTop: parent === undefined, isInbox: roles.get(pathKey(next.path)) === 'inbox' }));
    next = parent;
  }
  return names;
}

/** `INBOX` is the inbox whatever it is called; a folder of that name beside it is another one (RFC 9051 section 5.1). */
function nameOf(folder: DavFolder, place: { readonly isTop: boolean; readonly isInbox: boolean }): string {
  if (place.isInbox) return 'INBOX';
  const name = folder.name === '' ? nameIn(folder.path) : folder.name;
  return place.isTop && name.toUpperCase() === 'INBOX' ? `${name} (folder)` : name;
}
