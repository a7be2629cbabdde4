import type { ItemClass } from './items/item-class.ts';
import type { FolderRole } from './mail.ts';

/**
 * Where a source folder goes at the target. Pure, so that every pass and every slice maps alike; the pairs' plans keep
 * what was decided, since a target that changes between passes must not move a folder.
 */
export interface FolderToMap {
  readonly path: readonly string[];
  readonly role?: FolderRole | undefined;
  readonly itemClass?: ItemClass | undefined;
}

export interface TargetNaming {
  readonly separator: string | null;
  readonly prefix: string;
  readonly caseInsensitive: boolean;
  /** Names at the top that the target keeps for itself; a source folder of such a name gets another one. Absent: none. */
  readonly reserved?: readonly string[] | undefined;
}

export interface MappedFolder {
  readonly source: readonly string[];
  readonly target: readonly string[];
  /** Why the name differs; null where it does not. */
  readonly why: string | null;
}

/** Roles that a target has its own folder for (RFC 6154); the others are ordinary folders. */
const mappedRoles: readonly FolderRole[] = [
  'inbox',
  'sent',
  'drafts',
  'trash',
  'junk',
  'archive',
  'calendar',
  'contacts',
  'tasks',
  'notes',
];

/** Names that servers give these folders where they announce no role, in the languages met most often. */
const roleNames: Readonly<Record<string, FolderRole>> = {
  sent: 'sent',
  'sent items': 'sent',
  'sent messages': 'sent',
  'sent mail': 'sent',
  gesendet: 'sent',
  'gesendete elemente': 'sent',
  'gesendete objekte': 'sent',
  'éléments envoyés': 'sent',
  'messages envoyés': 'sent',
  'elementos enviados': 'sent',
  enviados: 'sent',
  'posta inviata': 'sent',
  drafts: 'drafts',
  entwürfe: 'drafts',
  brouillons: 'drafts',
  borradores: 'drafts',
  bozze: 'drafts',
  trash: 'trash',
  'deleted items': 'trash',
  'deleted messages': 'trash',
  papierkorb: 'trash',
  'gelöschte elemente': 'trash',
  corbeille: 'trash',
  'éléments supprimés': 'trash',
  papelera: 'trash',
  'elementos eliminados': 'trash',
  cestino: 'trash',
  'posta eliminata': 'trash',
  junk: 'junk',
  'junk e-mail': 'junk',
  'junk email': 'junk',
  spam: 'junk',
  'bulk mail': 'junk',
  'courrier indésirable': 'junk',
  'correo no deseado': 'junk',
  'posta indesiderata': 'junk',
};

/**
 * The role a server announced, else the one its well-known name tells; only for folders at the top. Where a server
 * announces roles at all, names are not guessed at (`announcesRoles`).
 */
export function roleOf(folder: FolderToMap, announced = false): FolderRole | undefined {
  if (folder.role !== undefined) return folder.role;
  const [name, ...below] = folder.path;
  if (name === undefined || below.length > 0) return undefined;
  if (name.toUpperCase() === 'INBOX') return 'inbox';
  if (announced) return undefined;
  return roleNames[name.toLowerCase()];
}

function announcesRoles(folders: readonly FolderToMap[]): boolean {
  return folders.some((folder) => folder.role !== undefined && folder.role !== 'inbox');
}

/**
 * Maps all folders of a mailbox; the order of `folders` does not matter, the result is in their order. Folders that have
 * a `place` already keep it, and no other folder gets it.
 */
export function mapFolders<Folder extends FolderToMap>(
  folders: readonly Folder[],
  target: {
    readonly naming: TargetNaming;
    readonly folders: readonly FolderToMap[];
    readonly places?: ReadonlyMap<Folder, readonly string[]>;
  },
): readonly MappedFolder[] {
  const byRole = foldersByRole(target.folders);
  const announced = announcesRoles(folders);
  const kept = (target.naming.reserved ?? []).map((name) => [name]);
  const taken = new Set([...(target.places?.values() ?? []), ...kept].map((path) => placeKey(path, target.naming)));
  const mapped = new Map<string, MappedFolder>();
  const claimedRoles = new Map<FolderRole, string>();
  // Announced roles first: a folder that is merely called "Sent" must not take the place of the real one.
  const order = [...folders].sort(
    (a, b) =>
      a.path.length - b.path.length ||
      Number(a.role === undefined) - Number(b.role === undefined) ||
      compare(a.path, b.path),
  );
  for (const folder of order) {
    const role = roleOf(folder, announced);
    const goesByRole = role !== undefined && mappedRoles.includes(role) && !claimedRoles.has(role);
    const place = goesByRole ? byRole.get(role) : undefined;
    if (goesByRole) claimedRoles.set(role, key(folder.path));
    const parent = mapped.get(key(folder.path.slice(0, -1)));
    const wanted = place ?? [
      ...(parent?.target ?? folder.path.slice(0, -1).map(clean(target.naming))),
      clean(target.naming)(folder.path.at(-1) ?? ''),
    ];
    const free =
      target.places?.get(folder) ?? firstFree(belowInbox(wanted, target.naming), { taken, naming: target.naming });
    mapped.set(key(folder.path), {
      source: folder.path,
      target: free,
      why: whyDifferent(folder.path, free, {
        byRole: place !== undefined,
        renamedParent: (parent?.why ?? null) !== null,
      }),
    });
  }
  return folders.map((folder) => {
    const result = mapped.get(key(folder.path));
    if (result === undefined) throw new Error('A folder was not mapped');
    return result;
  });
}

function foldersByRole(folders: readonly FolderToMap[]): Map<FolderRole, readonly string[]> {
  const byRole = new Map<FolderRole, readonly string[]>([['inbox', ['INBOX']]]);
  const announced = announcesRoles(folders);
  for (const folder of folders) {
    const role = roleOf(folder, announced);
    if (role !== undefined && !byRole.has(role)) byRole.set(role, folder.path);
  }
  return byRole;
}

/**
 * What no mailbox name can carry: the target's separator, control characters (RFC 9051 section 5.1), nothing at all;
 * at Exchange (whose names are case-insensitive) blanks at the ends, which break connections of its 2007 version.
 * Anything else the server may refuse by itself: it is then asked for a plain name.
 */
function clean(naming: TargetNaming): (component: string) => string {
  return (component) => {
    const separator = naming.separator ?? '';
    const held = (separator === '' ? component : component.replaceAll(separator, '_'))
      // eslint-disable-next-line no-control-regex -- control characters are what is meant
      .replace(/[\x00-\x1f\x7f]/g, '_')
      .slice(0, 200);
    const kept = naming.caseInsensitive ? held.trim() : held;
    return kept === '' ? '_' : kept;
  };
}

/** On servers that keep everything below INBOX, `INBOX/A` of the source and `A` are siblings: both lie below INBOX. */
function belowInbox(path: readonly string[], naming: TargetNaming): readonly string[] {
  const inboxPrefix = naming.prefix.toUpperCase() === `INBOX${naming.separator ?? ''}`;
  let below = path;
  while (inboxPrefix && below.length > 1 && below[0]?.toUpperCase() === 'INBOX') below = below.slice(1);
  return below;
}

interface Places {
  readonly taken: Set<string>;
  readonly naming: TargetNaming;
}

/** Two source folders never share a target folder: their items could not be told apart in the proof. */
function firstFree(path: readonly string[], { taken, naming }: Places): readonly string[] {
  for (let copy = 1; ; copy += 1) {
    const last = path.at(-1) ?? '_';
    const candidate = copy === 1 ? path : [...path.slice(0, -1), `${last} (${String(copy)})`];
    const place = placeKey(candidate, naming);
    if (taken.has(place)) continue;
    taken.add(place);
    return candidate;
  }
}

function placeKey(path: readonly string[], naming: TargetNaming): string {
  return naming.caseInsensitive ? key(path).toLowerCase() : key(path);
}

function whyDifferent(
  source: readonly string[],
  target: readonly string[],
  how: { readonly byRole: boolean; readonly renamedParent: boolean },
): string | null {
  if (key(source) === key(target) || (source.length === 1 && source[0]?.toUpperCase() === 'INBOX')) return null;
  if (how.byRole) return 'the target has its own folder for this purpose';
  if (how.renamedParent && source.at(-1) === target.at(-1)) return 'its parent folder has another name';
  return 'the target cannot hold this name, or has it already';
}

function key(path: readonly string[]): string {
  return path.join('\0');
}

function compare(a: readonly string[], b: readonly string[]): number {
  return key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0;
}

/** Inbox, Sent, Drafts, then by name, mail before the rest: what people look for first arrives first. */
export function inCopyOrder<Folder extends FolderToMap>(folders: readonly Folder[]): readonly Folder[] {
  const announced = announcesRoles(folders);
  const rank = (folder: Folder): number => {
    if (folder.itemClass !== undefined && folder.itemClass !== 'mail') return 4;
    const at = (['inbox', 'sent', 'drafts'] as const).findIndex((role) => role === roleOf(folder, announced));
    return at === -1 ? 3 : at;
  };
  return [...folders].sort((a, b) => rank(a) - rank(b) || compare(a.path, b.path));
}
