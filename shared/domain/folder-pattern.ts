import type { FolderRole, SourceFolder } from './mail.ts';

/**
 * Well-known folder names that `includeFolders` and `excludeFolders` accept as `#Name#`, whatever the mailbox's
 * language: Microsoft's list (New-MigrationBatch, -ExcludeFolders) without AllItems, which names no folder of a mailbox.
 */
const wellKnownFolders = [
  'Root',
  'Inbox',
  'SentItems',
  'Outbox',
  'DeletedItems',
  'Calendar',
  'Contacts',
  'Drafts',
  'Journal',
  'Tasks',
  'Notes',
  'JunkEmail',
  'Archive',
] as const;
type WellKnownFolder = (typeof wellKnownFolders)[number];

/** The role that a mail server gives the folder (RFC 6154), or Exchange; where no folder has one, some are found by name. */
const roleOf: Partial<Record<WellKnownFolder, FolderRole>> = {
  Inbox: 'inbox',
  SentItems: 'sent',
  DeletedItems: 'trash',
  Drafts: 'drafts',
  JunkEmail: 'junk',
  Archive: 'archive',
  Calendar: 'calendar',
  Contacts: 'contacts',
  Tasks: 'tasks',
  Notes: 'notes',
};

/** Roles that IMAP does not know: a mail folder of that name may be meant there. */
const foundByName: readonly (FolderRole | undefined)[] = [undefined, 'calendar', 'contacts', 'tasks', 'notes'];

/** One entry of `includeFolders` or `excludeFolders`, taken apart. */
export interface FolderPattern {
  /** Where `path` begins; null: at the mailbox's root. */
  readonly wellKnown: WellKnownFolder | null;
  /** Names below that place, outermost first, as the admin wrote them. */
  readonly path: readonly string[];
  /** True for `Name/*`: the folder and everything below it. */
  readonly withSubfolders: boolean;
}

type SelectableFolder = Pick<SourceFolder, 'path' | 'role'>;

interface Token {
  readonly char: string;
  readonly escaped: boolean;
}

/** `\` makes the next character an ordinary one: `\#Notes\#` is a folder that is really called #Notes#. */
function tokens(text: string): readonly Token[] {
  const found: Token[] = [];
  let escaped = false;
  for (const char of text) {
    if (char === '\\' && !escaped) {
      escaped = true;
      continue;
    }
    found.push({ char, escaped });
    escaped = false;
  }
  return found;
}

function splitPath(all: readonly Token[]): readonly (readonly Token[])[] {
  const segments: Token[][] = [[]];
  for (const token of all) {
    if (token.char === '/' && !token.escaped) segments.push([]);
    else segments.at(-1)?.push(token);
  }
  return segments;
}

const textOf = (segment: readonly Token[]): string => segment.map((token) => token.char).join('');
const isMark = (token: Token | undefined, char: string): boolean => token?.char === char && !token.escaped;

/**
 * `Name`, `Name/Below`, `Name/*`, `#Inbox#`, `#Inbox#/*`. Returns null for anything else: an empty name, an unknown
 * well-known name, or a `*` that is not the whole last part (Microsoft: no wildcards).
 */
export function parseFolderPattern(text: string): FolderPattern | null {
  const segments = [...splitPath(tokens(text.trim()))];
  const last = segments.at(-1);
  const withSubfolders = segments.length > 1 && last?.length === 1 && isMark(last[0], '*');
  if (withSubfolders) segments.pop();
  if (segments.some((segment) => segment.length === 0 || segment.some((token) => isMark(token, '*')))) return null;
  const first = segments[0] ?? [];
  if (!isMark(first[0], '#') || !isMark(first.at(-1), '#') || first.length < 3)
    return { wellKnown: null, path: segments.map(textOf), withSubfolders };
  const name = textOf(first.slice(1, -1)).toLowerCase();
  const wellKnown = wellKnownFolders.find((known) => known.toLowerCase() === name);
  return wellKnown === undefined ? null : { wellKnown, path: segments.slice(1).map(textOf), withSubfolders };
}

/** Names compare without regard to case, as Microsoft's do. */
const sameName = (a: string | undefined, b: string | undefined): boolean => a?.toLowerCase() === b?.toLowerCase();

/** Where a pattern begins in this mailbox; null where the mailbox has no such folder. */
function startOf(wellKnown: WellKnownFolder | null, folders: readonly SelectableFolder[]): readonly string[] | null {
  if (wellKnown === null || wellKnown === 'Root') return [];
  const role = roleOf[wellKnown];
  const byRole = role === undefined ? undefined : folders.find((candidate) => candidate.role === role);
  const byName = folders.find(({ path }) => path.length === 1 && sameName(path[0], wellKnown));
  return (byRole ?? (foundByName.includes(role) ? byName : undefined))?.path ?? null;
}

export interface FolderLists {
  readonly includeFolders: readonly string[];
  readonly excludeFolders: readonly string[];
}

/**
 * Says which folders of one mailbox are copied. An empty `includeFolders` means all; `excludeFolders` wins. The whole
 * folder list is needed because `#SentItems#` is found by its role, whatever it is called.
 */
export function folderSelection(
  lists: FolderLists,
  folders: readonly SelectableFolder[],
): (path: readonly string[]) => boolean {
  const matcher = (texts: readonly string[]) => {
    const places = texts.flatMap((text) => {
      const pattern = parseFolderPattern(text);
      const start = pattern === null ? null : startOf(pattern.wellKnown, folders);
      if (pattern === null || start === null) return [];
      return [{ full: [...start, ...pattern.path], withSubfolders: pattern.withSubfolders }];
    });
    return (path: readonly string[]): boolean =>
      places.some(
        ({ full, withSubfolders }) =>
          (withSubfolders ? path.length >= full.length : path.length === full.length) &&
          full.every((name, depth) => sameName(name, path[depth])),
      );
  };
  const included = matcher(lists.includeFolders);
  const excluded = matcher(lists.excludeFolders);
  return (path) => (lists.includeFolders.length === 0 || included(path)) && !excluded(path);
}
