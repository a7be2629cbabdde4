import type { IndexFolder, LedgerIndex } from '../../domain/ledger-index.ts';
import type { FolderState, SourceFolder } from '../../domain/mail.ts';
import type { TargetFolder } from '../../ports/mail-target.ts';
import type { CopyContext } from './copy-context.ts';
import { findMoved } from './find-moved.ts';
import { isSame } from './folders-aside.ts';
import { selectItems } from './item-cap.ts';
import { knownFolders, type KnownFolders } from './known-folders.ts';
import { encodeObject, readNamed, storeOnce } from './ledger.ts';
import type { ListingsAhead } from './listings-ahead.ts';
import { choose, mailboxIdOf, statesAtSource, type SourceLook } from './look-at-source.ts';
import { PassPlan, type PlannedFolder } from './pass-plan.ts';
import { placeFolders, type Placed } from './place-folders.ts';
import { isContinued } from './source-changes.ts';

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
  const first = choose(context, listed);
  const looking = lookAtSource(context, first, { previous, listings });
  // A rejection is met where it is awaited; until then it must not count as unhandled.
  looking.catch(() => undefined);
  // Where nothing is known, folders are made at the target while the source tells about its own.
  const { chosen, known } = previous === null ? { ...first, known: new Map<SourceFolder, number>() } : await looking;
  const entryOf = (folder: SourceFolder): IndexFolder | undefined => previous?.folders[known.get(folder) ?? -1];
  const [places, look] = await Promise.all([placeFolders(context, { chosen, entryOf, atTarget }), looking]);
  const planned = planFolders(context, { places, look, known, previous });
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
    leftOut: [...look.leftOut],
    cutOff: selection.cutOff,
  };
  const object = encodeObject(`${prefix}/plan.json`, plan);
  await storeOnce(services.objects, object);
  return object.head.key;
}

export function readPlan({ services }: Pick<CopyContext, 'services'>, key: string): Promise<PassPlan> {
  return readNamed(services.objects, key, PassPlan);
}

/** In a first pass everything is to be listed: that is asked for as soon as the states are known. */
async function lookAtSource(
  context: CopyContext,
  first: Omit<SourceLook, 'states'>,
  { previous, listings }: { readonly previous: LedgerIndex | null; readonly listings: ListingsAhead },
): Promise<KnownFolders> {
  const states = await statesAtSource(context, first.chosen, previous);
  const look = { ...first, states };
  if (previous !== null) return knownFolders(context, look, previous);
  listings.ask([...states].map(([source, state]) => ({ source, state })));
  return { ...look, known: new Map() };
}

function planFolders(
  { copyDoubtful }: CopyContext,
  found: {
    readonly places: readonly Placed[];
    readonly look: SourceLook;
    readonly known: ReadonlyMap<SourceFolder, number>;
    readonly previous: LedgerIndex | null;
  },
): Pick<PassPlan, 'folders' | 'refused'> {
  const folders: PlannedFolder[] = [];
  const refused: PassPlan['refused'] = [];
  const { states } = found.look;
  for (const place of found.places.filter(({ source }) => source.selectable)) {
    const state = states.get(place.source);
    // Gone since it was listed: the next pass sees where it went.
    if (state === undefined || state === 'missing') continue;
    const source = sourceOf(place.source, mailboxIdOf(place.source, states));
    const { target, targetState: there } = place;
    if (target === undefined || there === undefined || there === 'missing') {
      refused.push({ source, messages: state.messages, text: place.refusal.slice(0, 200) });
      continue;
    }
    const at = found.known.get(place.source) ?? null;
    const before = at === null ? undefined : found.previous?.folders[at];
    folders.push(plannedFolder({ source, why: place.why, target, state, there, copyDoubtful }, { at, before }));
  }
  return { folders, refused };
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
    readonly source: PlannedFolder['source'];
    readonly why: string | null;
    readonly target: TargetFolder;
    readonly state: FolderState;
    readonly there: FolderState;
    readonly copyDoubtful: boolean;
  },
  { at, before }: { readonly at: number | null; readonly before: IndexFolder | undefined },
): PlannedFolder {
  const { source, why, target, state, there, copyDoubtful } = found;
  // Where items failed, or were never listed, the folder is matched anew: what is at the target stays, the rest is tried.
  const open = (before?.result.failed ?? 0) + (copyDoubtful ? (before?.result.doubtful ?? 0) : 0);
  // What a folder held that was missing may stand for something else by now.
  const settled = before?.closes === true && !before.missing && open === 0;
  // Where the target's UIDs are other ones now, what the ledger names is looked for by what it is.
  const sameTarget = before?.targetState.uidValidity === there.uidValidity;
  const same = settled && sameTarget && isContinued(before.state, state);
  return {
    source,
    state: stateOf(state),
    from: same ? before.state.uidNext : 1,
    target: { id: target.id, path: [...target.path] },
    targetState: stateOf(there),
    baseline: sameTarget ? before.baseline : there.uidNext,
    why,
    previous: same ? at : null,
    rekey: same ? null : at,
    changed: !same || !sameState(before.state, state),
    targetChanged: !sameTarget || before.target.id !== target.id || !sameState(before.targetState, there),
  };
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

function sourceOf(folder: SourceFolder, mailboxId: string | undefined): PlannedFolder['source'] {
  return {
    id: folder.id,
    path: [...folder.path],
    selectable: folder.selectable,
    ...(folder.role === undefined ? {} : { role: folder.role }),
    ...(mailboxId === undefined ? {} : { mailboxId }),
    ...(folder.itemClass === undefined ? {} : { itemClass: folder.itemClass }),
  };
}

export function stateOf(state: FolderState): PlannedFolder['state'] {
  const { uidValidity, uidNext, messages, highestModSeq } = state;
  return { uidValidity, uidNext, messages, ...(highestModSeq === undefined ? {} : { highestModSeq }) };
}
