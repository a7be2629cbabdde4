import type { ItemClass } from '../../domain/items/item-class.ts';
import type { FolderRole, SourceFolder } from '../../domain/mail.ts';
import type { LeftOutFolder } from '../../ports/mail-source.ts';

export interface FolderList {
  readonly folders: readonly SourceFolder[];
  readonly leftOut: readonly LeftOutFolder[];
}

/** What either protocol tells of a folder. */
export interface ExchangeFolder {
  /** Another name or place does not change it. */
  readonly id: string;
  readonly name: string;
  readonly folderClass: string;
  readonly items: number;
  readonly hidden: boolean;
  readonly search?: boolean;
}

export interface FolderTree<Folder> {
  /** Undefined: it lies at the top of the mailbox. */
  readonly parentOf: (folder: Folder) => Folder | undefined;
  readonly roleOf: (folder: Folder) => FolderRole | undefined;
  /** Wanted beside mail. */
  readonly classes: readonly ItemClass[];
}

/** Folder classes of what is no mail ([MS-OXOSFLD] section 2.2.1); all others, and none, hold mail. */
const otherClasses = /^IPF\.(?:Appointment|Contact|Task|StickyNote|Journal|Configuration|Files)\b/i;
const classByName: readonly (readonly [RegExp, ItemClass])[] = [
  [/^IPF\.Appointment\b/i, 'calendar'],
  // Lists that Outlook and Lync keep beside a mailbox's contacts are hidden, and are left out as such.
  [/^IPF\.Contact\b/i, 'contacts'],
  [/^IPF\.Task\b/i, 'tasks'],
  [/^IPF\.StickyNote\b/i, 'notes'],
];

/** Deeper than any mailbox is: a parent that is its own child must not keep us busy for ever. */
export const deepestFolder = 300;

/** What is neither mail nor of the classes, hidden or a search is left out by name and number. */
export function folderList<Folder extends ExchangeFolder>(
  found: readonly Folder[],
  tree: FolderTree<Folder>,
): FolderList {
  const folders: SourceFolder[] = [];
  const leftOut: LeftOutFolder[] = [];
  for (const folder of found) {
    const path = pathOf(folder, tree);
    const itemClass = classByName.find(([pattern]) => pattern.test(folder.folderClass))?.[1];
    const reason = whyLeftOut(folder, itemClass !== undefined && tree.classes.includes(itemClass));
    if (reason !== undefined) {
      leftOut.push({ name: path.join('/'), reason, items: folder.items });
      continue;
    }
    const role = tree.roleOf(folder);
    folders.push({
      id: path.map((name) => encodeURIComponent(name.toWellFormed())).join('/'),
      path,
      selectable: true,
      mailboxId: folder.id,
      ...(role === undefined ? {} : { role }),
      ...(itemClass === undefined ? {} : { itemClass }),
    });
  }
  return { folders, leftOut };
}

function whyLeftOut(folder: ExchangeFolder, isWanted: boolean): LeftOutFolder['reason'] | undefined {
  if (folder.search === true) return 'virtual';
  if (folder.hidden) return 'hidden';
  if (isWanted) return undefined;
  return otherClasses.test(folder.folderClass) ? 'not-mail' : undefined;
}

function pathOf<Folder extends ExchangeFolder>(folder: Folder, { parentOf, roleOf }: FolderTree<Folder>): string[] {
  const path: string[] = [];
  let next: Folder | undefined = folder;
  while (next !== undefined && path.length < deepestFolder) {
    const parent = parentOf(next);
    path.unshift(nameOf(next, { isTop: parent === undefined, isInbox: roleOf(next) === 'inbox' }));
    next = parent;
  }
  return path;
}

/** `INBOX` is the inbox whatever it is called; a folder of that name beside it is another one (RFC 9051 section 5.1). */
function nameOf({ name }: ExchangeFolder, place: { readonly isTop: boolean; readonly isInbox: boolean }): string {
  if (place.isInbox) return 'INBOX';
  return place.isTop && name.toUpperCase() === 'INBOX' ? `${name} (folder)` : name;
}
