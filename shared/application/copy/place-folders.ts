import { createHash } from 'node:crypto';
import { mapFolders, type MappedFolder } from '../../domain/folder-mapping.ts';
import type { ItemClass } from '../../domain/items/item-class.ts';
import type { IndexFolder } from '../../domain/ledger-index.ts';
import type { FolderState, SourceFolder } from '../../domain/mail.ts';
import type { TargetFolder } from '../../ports/mail-target.ts';
import type { CopyContext } from './copy-context.ts';
import { findMoved, renamedThere } from './find-moved.ts';
import { isSame } from './folders-aside.ts';
import { followRenames, isBesides, placeIn, type Places, type Rename } from './follow-renames.ts';

/** Looks at a target whose folders seem to have been renamed or made anew. */
const mostLooks = 4;

/** A source folder, and the folder of the target that it goes to. */
export interface Placed {
  readonly source: SourceFolder;
  /** Undefined: the target refused to make it. */
  readonly target: TargetFolder | undefined;
  readonly targetState: FolderState | 'missing' | undefined;
  /** Why the name differs at the target; null where it does not. */
  readonly why: string | null;
  /** What the target said when it refused. */
  readonly refusal: string;
}

interface Found {
  readonly chosen: readonly SourceFolder[];
  /** What the previous index says of a source folder; undefined: it is new. */
  readonly entryOf: (source: SourceFolder) => IndexFolder | undefined;
  readonly atTarget: readonly TargetFolder[];
}

/** Finds or makes the target folder of each source folder. What an earlier pass decided stays. */
export async function placeFolders(context: CopyContext, first: Found): Promise<readonly Placed[]> {
  const { chosen, entryOf } = first;
  const { found, left } = await lookAtTarget(context, first);
  const isRenamed = (source: SourceFolder): boolean => (entryOf(source)?.source.id ?? source.id) !== source.id;
  const mapAll = (places: Places): ReadonlyMap<SourceFolder, MappedFolder> => mapAllFolders(context, found, places);
  const wishes = mapAll(new Map([...left.places].filter(([source]) => !isRenamed(source))));
  const renames = [...wishes].flatMap(([source, { target: path }]): Rename[] => {
    const there = left.places.get(source);
    if (there === undefined || !isRenamed(source)) return [];
    return left.unmoved.has(source) || isBesides(there.path, path) ? [{ source, path }] : [];
  });
  const wished = [...wishes.values()].map(({ target }) => target);
  const { atTarget, places } = await followRenames(
    context,
    { renames, wished },
    { atTarget: found.atTarget, places: left.places },
  );
  const existing = new Map(atTarget.map((folder) => [placeIn(folder, folder.path), folder]));
  const mapped = mapAll(places);
  const wanted = chosen.map((source) => {
    const place = mapped.get(source);
    if (place === undefined) throw new Error('A folder was not mapped');
    const there = places.get(source) ?? existing.get(placeIn(source, place.target));
    return { source, place, there };
  });
  // What only holds other folders comes into being with them (RFC 9051 section 6.3.4).
  const missing = wanted.filter(({ source, there }) => source.selectable && there?.selectable !== true);
  const unknown = wanted.flatMap(({ source, there }) =>
    source.selectable && there?.selectable === true && !left.states.has(source) ? [there] : [],
  );
  const [creations, states] = await Promise.all([createAll(context, missing), targetStatesOf(context, unknown)]);
  const untold = [...creations.values()].flatMap(({ folder, state }) =>
    folder === undefined || state !== undefined ? [] : [folder],
  );
  const toldLater = await targetStatesOf(context, untold);
  const whyOf = (source: SourceFolder, place: MappedFolder): string | null => {
    const isMoved = left.places.has(source) && !left.unmoved.has(source);
    if (isMoved && place.why !== null && !isBesides(place.target, source.path)) return renamedThere;
    const before = entryOf(source);
    return before === undefined || isRenamed(source) ? place.why : (before.why ?? place.why);
  };
  return wanted.map(({ source, place, there }): Placed => {
    const made = creations.get(place);
    const why = made?.why ?? whyOf(source, place);
    if (made !== undefined) {
      const targetState = made.state ?? toldLater.get(made.folder?.id ?? '');
      return { source, target: made.folder, targetState, why, refusal: made.text };
    }
    const targetState = left.states.get(source) ?? states.get(there?.id ?? '');
    return { source, target: there, targetState, why, refusal: '' };
  });
}

/** Looks until two looks show the same: folders may be renamed between the list and the states. */
async function lookAtTarget(
  context: CopyContext,
  first: Found,
): Promise<{ readonly found: Found; readonly left: Awaited<ReturnType<typeof whereTheyAre>> }> {
  let found = first;
  for (let looks = 1; ; looks += 1) {
    const left = await whereTheyAre(context, found);
    if (left.isSure || looks === mostLooks) return { found, left };
    const atTarget = await context.target.listFolders();
    const idsOf = (folders: readonly TargetFolder[]): string => folders.map(({ id }) => JSON.stringify(id)).join();
    if (idsOf(atTarget) === idsOf(found.atTarget)) return { found, left };
    found = { ...found, atTarget };
  }
}

/**
 * Where the target folders of known source folders are: where we left them, if that is still the same folder; else where
 * their users, or a killed worker, renamed them to; else under the old name all the same, made anew. `unmoved`: those that
 * are where we left them; `isSure`: all are.
 */
async function whereTheyAre(
  context: CopyContext,
  { chosen, entryOf, atTarget }: Found,
): Promise<{
  readonly places: Places;
  readonly states: ReadonlyMap<SourceFolder, FolderState>;
  readonly unmoved: ReadonlySet<SourceFolder>;
  readonly isSure: boolean;
}> {
  const byId = new Map(atTarget.map((folder) => [folder.id, folder]));
  const placed = chosen.flatMap((source) => {
    const before = entryOf(source);
    return before === undefined ? [] : [{ source, before, there: byId.get(before.target.id) }];
  });
  const told = await targetStatesOf(
    context,
    placed.flatMap(({ there }) => (there?.selectable === true ? [there] : [])),
  );
  const places = new Map<SourceFolder, TargetFolder>();
  const states = new Map<SourceFolder, FolderState>();
  const isUnmoved = ({ before, there }: (typeof placed)[number]): boolean =>
    there !== undefined && isSame(told.get(there.id), before.targetState);
  const unmoved = new Set(placed.filter(isUnmoved).map(({ source }) => source));
  for (const { source, there } of placed) {
    const state = told.get(there?.id ?? '');
    if (there === undefined || state === undefined || state === 'missing' || !unmoved.has(source)) continue;
    places.set(source, there);
    states.set(source, state);
  }
  const lost = placed.filter(({ source }) => !unmoved.has(source));
  const taken = new Set([...places.values()].map(({ id }) => id));
  const free = atTarget.filter(({ id, selectable }) => selectable && !taken.has(id));
  const moved = await findMoved(context, { lost: lost.map(({ source, before }) => ({ who: source, before })), free });
  for (const [source, folder] of moved) {
    places.set(source, folder);
    taken.add(folder.id);
  }
  for (const { source, there } of lost) {
    if (there === undefined || places.has(source) || taken.has(there.id)) continue;
    places.set(source, there);
    unmoved.add(source);
    taken.add(there.id);
  }
  return { places, states, unmoved, isSure: lost.length === 0 };
}

function mapAllFolders(
  { target }: CopyContext,
  { chosen, atTarget }: Found,
  places: Places,
): ReadonlyMap<SourceFolder, MappedFolder> {
  const kept = new Map([...places].map(([source, { path }]) => [source, path]));
  const byClass = Map.groupBy(chosen, classOfFolder);
  return new Map(
    [...byClass].flatMap(([itemClass, some]) => {
      const folders = atTarget.filter((folder) => classOfFolder(folder) === itemClass);
      const mapped = mapFolders(some, { naming: target.naming, folders, places: kept });
      return some.flatMap((source, at) => (mapped[at] === undefined ? [] : [[source, mapped[at]] as const]));
    }),
  );
}

function classOfFolder({ itemClass = 'mail' }: Pick<SourceFolder, 'itemClass'>): ItemClass {
  return itemClass;
}

interface Made {
  readonly folder: TargetFolder | undefined;
  readonly state: FolderState | 'missing' | undefined;
  readonly why: string | null;
  readonly text: string;
}

/** Creates folders; a refused name is tried once more in plain letters, since servers forbid what no rule foresees. */
async function createAll(
  context: CopyContext,
  missing: readonly { readonly source: SourceFolder; readonly place: MappedFolder }[],
): Promise<Map<MappedFolder, Made>> {
  const made = new Map<MappedFolder, Made>();
  for (const [itemClass, some] of Map.groupBy(missing, ({ source }) => classOfFolder(source)))
    await createOf(context, { itemClass, places: some.map(({ place }) => place) }, made);
  return made;
}

async function createOf(
  context: CopyContext,
  { itemClass, places }: { readonly itemClass: ItemClass; readonly places: readonly MappedFolder[] },
  made: Map<MappedFolder, Made>,
): Promise<void> {
  const first = await context.target.createFolders(
    places.map((place) => place.target),
    itemClass,
  );
  for (const [at, place] of places.entries()) {
    const creation = first[at];
    if (creation === undefined) throw new Error('The target answered fewer folders than were asked for');
    if (creation.outcome !== 'refused') {
      made.set(place, { folder: creation.folder, state: creation.state, why: null, text: '' });
      continue;
    }
    const [plain] = await context.target.createFolders([plainName(place.target)], itemClass);
    made.set(
      place,
      plain === undefined || plain.outcome === 'refused'
        ? { folder: undefined, state: undefined, why: null, text: creation.text }
        : { folder: plain.folder, state: plain.state, why: 'the target refused the name', text: '' },
    );
  }
}

function plainName(path: readonly string[]): readonly string[] {
  const last = path.at(-1) ?? '';
  const mark = createHash('sha256').update(last).digest('hex').slice(0, 6);
  return [...path.slice(0, -1), `${last.replace(/[^A-Za-z0-9 ]/g, '_').slice(0, 60)} ${mark}`];
}

/** By the id of the target folder. */
type TargetStates = ReadonlyMap<string, FolderState | 'missing'>;

async function targetStatesOf(context: CopyContext, targets: readonly TargetFolder[]): Promise<TargetStates> {
  const states = targets.length === 0 ? [] : await context.target.folderStates(targets);
  return new Map(targets.map((target, at) => [target.id, states[at] ?? 'missing']));
}
