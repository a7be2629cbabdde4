import { createHash } from 'node:crypto';
import { inCopyOrder, mapFolders, type MappedFolder } from '../../domain/folder-mapping.ts';
import { folderSelection } from '../../domain/folder-pattern.ts';
import { internalDateSeconds } from '../../domain/internal-date.ts';
import type { ItemClass } from '../../domain/items/item-class.ts';
import type { IndexFolder, LedgerIndex } from '../../domain/ledger-index.ts';
import type { FolderState, SourceFolder } from '../../domain/mail.ts';
import type { TargetFolder } from '../../ports/mail-target.ts';
import type { CopyContext } from './copy-context.ts';
import { readParts } from './index-parts.ts';
import { findMoved, renamedThere } from './find-moved.ts';
import { isSame } from './folders-aside.ts';
import { selectItems } from './item-cap.ts';
import { encodeObject, readNamed, storeOnce } from './ledger.ts';
import type { ListingsAhead } from './listings-ahead.ts';
import { isContinued } from './source-changes.ts';
import { PassPlan, type PlannedFolder } from './pass-plan.ts';

/**
 * Decides what the pass is about: which folders, where they go, which UIDs. Folders are made at the target, also empty
 * ones. Run twice (the worker was killed before the plan was noted) it finds the folders that are there and plans again.
 */
export async function planPass(
  context: CopyContext,
  previous: LedgerIndex | null,
  listings: ListingsAhead,
): Promise<string> {
  const { source, target } = context;
  // What another worker made or renamed meanwhile would be made once more, under another name.
  const opening = context.aloneSinceOpening ? { source, target } : undefined;
  const [listed, atTarget] = await Promise.all([
    opening?.source.foldersAtOpening?.() ?? source.listFolders(target.profile.classes),
    opening?.target.foldersAtOpening?.() ?? target.listFolders(),
  ]);
  const selected = folderSelection(context.options, listed.folders);
  const chosen = inCopyOrder(listed.folders.filter((folder) => selected(folder.path)));
  const excluded = listed.folders.filter((folder) => folder.selectable && !selected(folder.path));
  // While folders are made at the target, the source tells about its own.
  const selectable = chosen.filter((folder) => folder.selectable);
  const [places, sourceStates] = await Promise.all([
    placeFolders(context, { chosen, atTarget, previous }),
    statesAtSource(context, selectable, { previous, listings }),
  ]);
  const planned = await withStates(context, { places, atTarget, sourceStates }, previous);
  const [elsewhere, selection] = await Promise.all([
    findElsewhere(context, { folders: planned.folders, atTarget, previous }),
    selectItems(context, planned.folders, previous),
  ]);
  const { lease, services } = context;
  const startedAt = new Date(services.clock.now()).toISOString();
  const prefix = `ledger/${lease.pair.id}/${startedAt.replace(/[-:.]/g, '')}-${String(lease.pair.token)}`;
  const plan: PassPlan = {
    schema: 1,
    pair: lease.pair.id,
    prefix,
    startedAt,
    folders: [...selection.folders],
    refused: planned.refused,
    elsewhere: [...elsewhere],
    leftOut: [...listed.leftOut, ...excluded.map((folder) => ({ name: folder.path.join('/'), reason: 'excluded' }))],
    cutOff: selection.cutOff,
  };
  const object = encodeObject(`${prefix}/plan.json`, plan);
  await storeOnce(services.objects, object);
  return object.head.key;
}

/**
 * In a first pass everything is to be listed: that is asked for as soon as the states are known. Later, what a folder does
 * not show as changed is not looked at. A server answers for one folder after the other: what is moved between two answers
 * shows where it came, and not where it left. So where something came, those that seem unchanged are asked once more.
 */
async function statesAtSource(
  { source }: CopyContext,
  folders: readonly SourceFolder[],
  { previous, listings }: { readonly previous: LedgerIndex | null; readonly listings: ListingsAhead },
): Promise<readonly (FolderState | 'missing')[]> {
  const states = [...(await source.folderStates(folders))];
  if (previous === null) {
    listings.ask(folders.map((folder, at) => ({ source: folder, state: states[at] })));
    return states;
  }
  // Without HIGHESTMODSEQ every folder is looked at.
  const known = new Set(previous.folders.flatMap(({ state }) => stateKey(state) ?? []));
  const reached = new Map(previous.folders.map(({ source: { id }, state }) => [id, reachKey(state)]));
  let asked = [...folders.keys()];
  let hasCome = folders.some(({ id }, at) => reachKey(states[at]) !== reached.get(id));
  while (hasCome) {
    asked = asked.filter((at) => known.has(stateKey(states[at]) ?? ''));
    const again = await source.folderStates(asked.flatMap((at) => folders[at] ?? []));
    hasCome = asked.some((at, nth) => reachKey(again[nth]) !== reachKey(states[at]));
    for (const [nth, at] of asked.entries()) states[at] = again[nth] ?? 'missing';
  }
  return states;
}

function stateKey(state: FolderState | 'missing' | undefined): string | undefined {
  if (state === undefined || state === 'missing' || state.highestModSeq === undefined) return undefined;
  return [reachKey(state), state.messages, state.highestModSeq].join(' ');
}

function reachKey(state: FolderState | 'missing' | undefined): string {
  return state === undefined || state === 'missing' ? '' : `${String(state.uidValidity)} ${String(state.uidNext)}`;
}

export function readPlan({ services }: Pick<CopyContext, 'services'>, key: string): Promise<PassPlan> {
  return readNamed(services.objects, key, PassPlan);
}

interface Placed {
  readonly source: SourceFolder;
  readonly previous: number | null;
  readonly target: TargetFolder | undefined;
  /** Undefined: not known yet. */
  readonly targetState: FolderState | 'missing' | undefined;
  readonly why: string | null;
  readonly refusal: string;
}

/** Finds or makes the target folder of each source folder. What an earlier pass decided stays. */
async function placeFolders(
  context: CopyContext,
  found: {
    readonly chosen: readonly SourceFolder[];
    readonly atTarget: readonly TargetFolder[];
    readonly previous: LedgerIndex | null;
  },
): Promise<readonly Placed[]> {
  const known = await knownFolders(context, found.chosen, found.previous);
  const mapAll = (atTarget: readonly TargetFolder[], toRename: boolean): readonly Mapped[] => {
    const places = placesOf(known, { atTarget, previous: found.previous, toRename });
    const byClass = Map.groupBy(found.chosen, classOfFolder);
    const mapped = new Map(
      [...byClass].flatMap(([itemClass, chosen]) => {
        const folders = found.atTarget.filter((folder) => classOfFolder(folder) === itemClass);
        const targets = mapFolders(chosen, { naming: context.target.naming, folders, places });
        return targets.map((place, at) => [chosen[at], place] as const);
      }),
    );
    return found.chosen.map((source) => {
      const place = mapped.get(source);
      if (place === undefined) throw new Error('A folder was not mapped');
      return { source, previous: known.get(source) ?? null, place };
    });
  };
  const places = mapAll(found.atTarget, true);
  const renames = places.filter(({ source, previous }) => {
    const before = previous === null ? undefined : found.previous?.folders[previous];
    return before !== undefined && before.source.id !== source.id;
  });
  const atTarget = await followRenames(context, renames, found);
  const existing = new Map(atTarget.map((folder) => [placeIn(classOfFolder(folder), folder.path), folder]));
  const byId = new Map(atTarget.map((folder) => [folder.id, folder]));
  const sought = mapAll(atTarget, false).map(({ source, previous, place }) => {
    const before = previous === null ? undefined : found.previous?.folders[previous];
    const renamed = before !== undefined && before.source.id !== source.id;
    const kept = before === undefined ? undefined : byId.get(before.target.id);
    const there = kept ?? existing.get(placeIn(classOfFolder(source), place.target));
    return { source, previous, place, there, before, why: renamed ? place.why : (before?.why ?? place.why) };
  });
  const moved = await findMoved(context, {
    lost: sought.flatMap(({ source, before, there }) =>
      before !== undefined && there === undefined ? [{ who: source, before }] : [],
    ),
    free: unclaimed(atTarget, sought),
  });
  const wanted = sought.map((found) => {
    const there = moved.get(found.source);
    return there === undefined ? found : { ...found, there, why: renamedThere };
  });
  // What only holds other folders comes into being with them (RFC 9051 section 6.3.4).
  const missing = wanted.filter(({ source, there }) => source.selectable && there?.selectable !== true);
  const present = wanted.flatMap(({ source, there }) =>
    source.selectable && there?.selectable === true ? [there] : [],
  );
  const [creations, states] = await Promise.all([createAll(context, missing), targetStatesOf(context, present)]);
  return wanted.map(({ source, previous, place, there, why }) => {
    const made = creations.get(place);
    if (made === undefined)
      return { source, previous, target: there, targetState: states.get(there?.id ?? ''), why, refusal: '' };
    const { folder: target, state: targetState } = made;
    return { source, previous, target, targetState, why: made.why ?? why, refusal: made.text };
  });
}

/** Folders of different classes are apart: at some targets they may have the same name. */
function classOfFolder({ itemClass = 'mail' }: Pick<SourceFolder, 'itemClass'>): ItemClass {
  return itemClass;
}

function placeIn(itemClass: ItemClass, path: readonly string[]): string {
  return [itemClass, ...path].join('\0');
}

interface Mapped {
  readonly source: SourceFolder;
  readonly previous: number | null;
  readonly place: MappedFolder;
}

/**
 * Folders of the target that are where we left them: no other source folder may get them, whatever a name says. Not those
 * that are to be renamed.
 */
function placesOf(
  known: ReadonlyMap<SourceFolder, number>,
  about: {
    readonly atTarget: readonly TargetFolder[];
    readonly previous: LedgerIndex | null;
    readonly toRename: boolean;
  },
): ReadonlyMap<SourceFolder, readonly string[]> {
  const byId = new Map(about.atTarget.map((folder) => [folder.id, folder.path]));
  const places = new Map<SourceFolder, readonly string[]>();
  for (const [source, at] of known) {
    const before = about.previous?.folders[at];
    const path = byId.get(before?.target.id ?? '');
    if (before === undefined || path === undefined) continue;
    if (!about.toRename || before.source.id === source.id) places.set(source, path);
  }
  return places;
}

/** Where each source folder stands in the previous index, by name or, where its name is new, by what it holds. */
async function knownFolders(
  context: CopyContext,
  chosen: readonly SourceFolder[],
  previous: LedgerIndex | null,
): Promise<Map<SourceFolder, number>> {
  const known = new Map<SourceFolder, number>();
  if (previous === null) return known;
  // A MAILBOXID (RFC 8474) names the folder for good, whatever it is called now.
  for (const source of chosen) {
    const at = previous.folders.findIndex(({ source: { mailboxId } }) => mailboxId === source.mailboxId);
    if (source.mailboxId !== undefined && at !== -1) known.set(source, at);
  }
  const names = new Set(chosen.map((source) => source.id));
  const byId = new Map(previous.folders.map((folder, at) => [folder.source.id, at]));
  const unknown: SourceFolder[] = [];
  for (const source of chosen) {
    if (known.has(source)) continue;
    const at = byId.get(source.id);
    if (at !== undefined && ![...known.values()].includes(at)) known.set(source, at);
    else if (source.selectable) unknown.push(source);
  }
  const found = new Set(known.values());
  const vanished = previous.folders.flatMap((folder, at) =>
    names.has(folder.source.id) || found.has(at) ? [] : [{ folder, at }],
  );
  if (unknown.length === 0 || vanished.length === 0) return known;
  const states = await context.source.folderStates(unknown);
  for (const [at, source] of unknown.entries()) {
    const state = states[at];
    if (state === undefined || state === 'missing') continue;
    const taken = new Set(known.values());
    const candidates = vanished.filter((candidate) => !taken.has(candidate.at));
    const before = await renamedFrom(context, { source, state }, candidates);
    if (before !== null) known.set(source, before);
  }
  return known;
}

/**
 * Renames at the target what was renamed at the source, parents first (RENAME takes the children along, RFC 9051 section
 * 6.3.6). A folder that is not where we left it was renamed by a killed worker or by the user, and stays.
 */
async function followRenames(
  context: CopyContext,
  renames: readonly Mapped[],
  found: { readonly atTarget: readonly TargetFolder[]; readonly previous: LedgerIndex | null },
): Promise<readonly TargetFolder[]> {
  let atTarget = found.atTarget;
  for (const { source, previous, place } of [...renames].sort(
    (a, b) => a.place.target.length - b.place.target.length,
  )) {
    const before = previous === null ? undefined : found.previous?.folders[previous];
    const there = atTarget.find((folder) => folder.id === before?.target.id);
    const wanted = placeIn(classOfFolder(source), place.target);
    const occupied = atTarget.some((folder) => placeIn(classOfFolder(folder), folder.path) === wanted);
    if (there?.selectable !== true || occupied) continue;
    await context.target.renameFolder(there, place.target);
    atTarget = await context.target.listFolders();
  }
  return atTarget;
}

function unclaimed(
  atTarget: readonly TargetFolder[],
  places: readonly { readonly there: TargetFolder | undefined }[],
): readonly TargetFolder[] {
  const claimed = new Set(places.map(({ there }) => there?.id));
  return atTarget.filter((folder) => folder.selectable && !claimed.has(folder.id));
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
  missing: readonly Pick<Mapped, 'source' | 'place'>[],
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

async function withStates(
  context: CopyContext,
  found: {
    readonly places: readonly Placed[];
    readonly atTarget: readonly TargetFolder[];
    /** Of the source folders that can be selected, in the order of their places. */
    readonly sourceStates: readonly (FolderState | 'missing')[];
  },
  previous: LedgerIndex | null,
): Promise<Pick<PassPlan, 'folders' | 'refused'>> {
  const named = found.places.filter((place) => place.source.selectable);
  const namedStates = await statesOfPlaces(context, named);
  const holding = await followAnew(context, { ...found, places: named, states: namedStates }, previous);
  const targetState = holding === named ? namedStates : await statesOfPlaces(context, holding);
  const folders: PlannedFolder[] = [];
  const refused: PassPlan['refused'] = [];
  for (const [at, place] of holding.entries()) {
    const state = found.sourceStates[at];
    // Gone since it was listed: the next pass sees where it went.
    if (state === undefined || state === 'missing') continue;
    const target = place.target;
    const there = target === undefined ? undefined : targetState.get(target.id);
    if (target === undefined || there === undefined || there === 'missing') {
      refused.push({ source: sourceOf(place.source), messages: state.messages, text: place.refusal.slice(0, 200) });
      continue;
    }
    folders.push(plannedFolder({ place, target, state, there, copyDoubtful: context.copyDoubtful }, previous));
  }
  return { folders, refused };
}

/** By the id of the target folder. */
type TargetStates = ReadonlyMap<string, FolderState | 'missing'>;

/** Asks about those folders alone that are not known yet. */
async function statesOfPlaces(context: CopyContext, places: readonly Placed[]): Promise<TargetStates> {
  const known = places.flatMap(({ target, targetState }) =>
    target === undefined || targetState === undefined ? [] : [[target.id, targetState] as const],
  );
  const unknown = places.flatMap(({ target, targetState }) =>
    target === undefined || targetState !== undefined ? [] : [target],
  );
  return new Map([...known, ...(await targetStatesOf(context, unknown))]);
}

async function targetStatesOf(context: CopyContext, targets: readonly TargetFolder[]): Promise<TargetStates> {
  const states = await context.target.folderStates(targets);
  return new Map(targets.map((target, at) => [target.id, states[at] ?? 'missing']));
}

/**
 * Where the folder under the known name was made anew, the one that we know may have got another name: by its user, who
 * then made one with the old name, or by a worker that was killed when it had made it.
 */
async function followAnew(
  context: CopyContext,
  found: {
    readonly places: readonly Placed[];
    readonly atTarget: readonly TargetFolder[];
    readonly states: TargetStates;
  },
  previous: LedgerIndex | null,
): Promise<readonly Placed[]> {
  const lost = found.places.flatMap((place) => {
    const before = place.previous === null ? undefined : previous?.folders[place.previous];
    const state = found.states.get(place.target?.id ?? '');
    const known = before === undefined || (state !== undefined && isSame(state, before.targetState));
    return known ? [] : [{ who: place.source, before }];
  });
  if (lost.length === 0) return found.places;
  const taken = found.places.map((place) => ({ there: place.target }));
  const moved = await findMoved(context, { lost, free: unclaimed(found.atTarget, taken) });
  if (moved.size === 0) return found.places;
  return found.places.map((place) => {
    const target = moved.get(place.source);
    return target === undefined ? place : { ...place, target, targetState: undefined, why: renamedThere };
  });
}

/**
 * Target folders that the previous index knows and the plan has not, since the source has them no more: where the list, or
 * what was renamed since it was made, does not say that they are where they were.
 */
async function findElsewhere(
  context: CopyContext,
  found: {
    readonly folders: readonly PlannedFolder[];
    readonly atTarget: readonly TargetFolder[];
    readonly previous: LedgerIndex | null;
  },
): Promise<PassPlan['elsewhere']> {
  const before = found.previous?.folders ?? [];
  const placed = new Set(found.folders.flatMap(({ previous, rekey }) => previous ?? rekey ?? []));
  const left = before.flatMap((folder, at) =>
    placed.has(at) || folder.parts.length + folder.former.length === 0 ? [] : [{ who: at, before: folder }],
  );
  if (left.length === 0) return [];
  const claimed = new Map(found.folders.map(({ target, targetState }) => [target.id, targetState]));
  const isRenamed = found.folders.some(({ previous, rekey, target }) => {
    const known = before[previous ?? rekey ?? -1];
    return known !== undefined && known.target.id !== target.id;
  });
  const isThere = (listed: readonly TargetFolder[], { target, targetState }: IndexFolder): boolean => {
    const state = claimed.get(target.id);
    // Another folder of the source may be in it, too.
    return state === undefined ? listed.some(({ id }) => id === target.id) : isSame(targetState, state);
  };
  if (!isRenamed && left.every((folder) => isThere(found.atTarget, folder.before))) return [];
  const listed = await context.target.listFolders();
  const lost = left.filter((folder) => !isThere(listed, folder.before));
  // A folder of the source that is new may have got the very one.
  const taken = new Set(found.folders.flatMap((folder) => (isKnown(folder) ? [folder.target.id] : [])));
  const free = listed.filter(({ id, selectable }) => selectable && !taken.has(id));
  const moved = await findMoved(context, { lost, free });
  return lost.map(({ who }) => {
    const target = moved.get(who);
    return { previous: who, target: target === undefined ? null : { id: target.id, path: [...target.path] } };
  });
}

function isKnown({ previous, rekey }: Pick<PlannedFolder, 'previous' | 'rekey'>): boolean {
  return previous !== null || rekey !== null;
}

function plannedFolder(
  found: {
    readonly place: Placed;
    readonly target: TargetFolder;
    readonly state: FolderState;
    readonly there: FolderState;
    readonly copyDoubtful: boolean;
  },
  previous: LedgerIndex | null,
): PlannedFolder {
  const { place, target, state, there, copyDoubtful } = found;
  const before = place.previous === null ? undefined : previous?.folders[place.previous];
  // Where items failed, or were never listed, the folder is matched anew: what is at the target stays, the rest is tried.
  const open = (before?.result.failed ?? 0) + (copyDoubtful ? (before?.result.doubtful ?? 0) : 0);
  // What a folder held that was missing may stand for something else by now.
  const settled = before?.closes === true && !before.missing && open === 0;
  // Where the target's UIDs are other ones now, what the ledger names is looked for by what it is.
  const sameTarget = before?.targetState.uidValidity === there.uidValidity;
  const same = settled && sameTarget && isContinued(before.state, state);
  return {
    source: sourceOf(place.source),
    state: stateOf(state),
    from: same ? before.state.uidNext : 1,
    target: { id: target.id, path: [...target.path] },
    targetState: stateOf(there),
    baseline: sameTarget ? before.baseline : there.uidNext,
    why: place.why,
    previous: same ? place.previous : null,
    rekey: same ? null : place.previous,
    changed: !same || !sameState(before.state, state),
    targetChanged: !sameTarget || before.target.id !== target.id || !sameState(before.targetState, there),
  };
}

/**
 * A folder that is new by name may be one we know under another: the same MAILBOXID (RFC 8474), or the same UIDVALIDITY
 * with the same items at the same UIDs. UIDVALIDITY alone proves nothing: some servers give every folder the same.
 */
async function renamedFrom(
  context: CopyContext,
  found: { readonly source: SourceFolder; readonly state: FolderState },
  candidates: readonly { readonly folder: IndexFolder; readonly at: number }[],
): Promise<number | null> {
  const { source } = found;
  for (const { folder, at } of candidates) {
    if (folder.state.uidValidity !== found.state.uidValidity || folder.state.uidNext > found.state.uidNext) continue;
    if (folder.missing) continue;
    if (folder.source.mailboxId !== undefined && source.mailboxId !== undefined) {
      if (folder.source.mailboxId === source.mailboxId) return at;
      continue;
    }
    if (await sameItems(context, found, folder)) return at;
  }
  return onlyOneLike(found.state, candidates);
}

/**
 * A folder that was given up before a page of it was committed has no items to compare, but may have some of ours at the
 * target. Taken for the same where no other has its UIDVALIDITY: then its items are looked for where they are, and
 * nothing is believed without looking.
 */
function onlyOneLike(
  state: FolderState,
  candidates: readonly { readonly folder: IndexFolder; readonly at: number }[],
): number | null {
  const like = candidates.filter(({ folder }) => !folder.missing && folder.state.uidValidity === state.uidValidity);
  const [only] = like;
  const empty = only?.folder.parts.length === 0 && only.folder.settledFrom !== null;
  return like.length === 1 && empty ? only.at : null;
}

async function sameItems(
  context: CopyContext,
  found: { readonly source: SourceFolder; readonly state: FolderState },
  folder: IndexFolder,
): Promise<boolean> {
  const last = folder.parts.at(-1);
  if (last === undefined) return false;
  for await (const records of readParts(context.services.objects, [last])) {
    const some = records.filter((record) => record.outcome === 'copied').slice(-50);
    const from = some[0]?.uid;
    const to = some.at(-1)?.uid;
    if (from === undefined || to === undefined) return false;
    const range = { uidValidity: found.state.uidValidity, from, to };
    const listed = new Map((await context.source.listItems(found.source, range)).map((item) => [item.uid, item]));
    const alike = some.filter((record) => {
      const item = listed.get(record.uid);
      return (
        item?.size === record.size &&
        internalDateSeconds(item.internalDate) === internalDateSeconds(record.internalDate)
      );
    });
    return listed.size > 0 && alike.length === listed.size;
  }
  return false;
}

/** HIGHESTMODSEQ only decides where both have one: without it, flag changes show in a listing only. */
export function sameState(before: FolderState, now: FolderState): boolean {
  return (
    before.uidValidity === now.uidValidity &&
    before.uidNext === now.uidNext &&
    before.messages === now.messages &&
    before.highestModSeq !== undefined &&
    before.highestModSeq === now.highestModSeq
  );
}

function sourceOf(folder: SourceFolder): PlannedFolder['source'] {
  return {
    id: folder.id,
    path: [...folder.path],
    selectable: folder.selectable,
    ...(folder.role === undefined ? {} : { role: folder.role }),
    ...(folder.mailboxId === undefined ? {} : { mailboxId: folder.mailboxId }),
    ...(folder.itemClass === undefined ? {} : { itemClass: folder.itemClass }),
  };
}

export function stateOf(state: FolderState): PlannedFolder['state'] {
  const { uidValidity, uidNext, messages, highestModSeq } = state;
  return { uidValidity, uidNext, messages, ...(highestModSeq === undefined ? {} : { highestModSeq }) };
}
