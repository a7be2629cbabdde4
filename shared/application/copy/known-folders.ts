import { internalDateSeconds } from '../../domain/internal-date.ts';
import type { ItemRecord } from '../../domain/ledger.ts';
import type { IndexFolder, LedgerIndex } from '../../domain/ledger-index.ts';
import type { FolderState, ItemListing, SourceFolder } from '../../domain/mail.ts';
import type { CopyContext } from './copy-context.ts';
import { readParts } from './index-parts.ts';
import { isSameLook, lookAgain, mailboxIdOf, type SourceLook } from './look-at-source.ts';
import { isContinued } from './source-changes.ts';

/** Looks at a source whose folders seem to have been renamed or made anew. */
const mostLooks = 4;

/** Items of a folder that are compared before it is taken for one of another name. */
const comparedItems = 50;

/** The source's folders, and the position of each in the previous index. */
export interface KnownFolders extends SourceLook {
  readonly known: ReadonlyMap<SourceFolder, number>;
}

/**
 * Where each source folder stands in the previous index. A folder that is not where it was, or not what it was, was
 * renamed or made anew, maybe between the list and the states: that is believed when two looks show the same.
 */
export async function knownFolders(
  context: CopyContext,
  first: SourceLook,
  previous: LedgerIndex,
): Promise<KnownFolders> {
  let look = first;
  for (let looks = 1; ; looks += 1) {
    const { known, isSure } = await find(context, look, previous);
    if (isSure || looks === mostLooks) return { ...look, known };
    const again = await lookAgain(context, previous);
    if (isSameLook(look, again)) return { ...look, known };
    look = again;
  }
}

/** What a folder is told by: of the previous index, and of the source. */
interface Keys {
  readonly ofFolder: (folder: IndexFolder) => string | undefined;
  readonly ofSource: (source: SourceFolder) => string | undefined;
}

/**
 * By its MAILBOXID (RFC 8474), which names it for good; by its name, where it goes on under it; where it does not, by what
 * it holds, since folders may have taken each other's names; and by its name all the same where it is nowhere else: then
 * it was made anew. `isSure`: all that we know are there and go on.
 */
async function find(
  context: CopyContext,
  look: SourceLook,
  previous: LedgerIndex,
): Promise<{ readonly known: ReadonlyMap<SourceFolder, number>; readonly isSure: boolean }> {
  const { chosen, states } = look;
  const known = new Map<SourceFolder, number>();
  const free = new Map(previous.folders.entries());
  const take = (source: SourceFolder, at: number): void => {
    known.set(source, at);
    free.delete(at);
  };
  /** Each source folder takes the first that is free, has the same key and fits. */
  const takeBy = (keys: Keys, fits: (source: SourceFolder, folder: IndexFolder) => boolean): void => {
    const byKey = Map.groupBy(free, ([, folder]) => keys.ofFolder(folder));
    for (const source of chosen) {
      const key = known.has(source) ? undefined : keys.ofSource(source);
      const [at] =
        (key === undefined ? [] : byKey.get(key))?.find(([one, folder]) => free.has(one) && fits(source, folder)) ?? [];
      if (at !== undefined) take(source, at);
    }
  };
  const ids: Keys = { ofFolder: ({ source }) => source.mailboxId, ofSource: (source) => mailboxIdOf(source, states) };
  const names: Keys = { ofFolder: ({ source }) => source.id, ofSource: ({ id }) => id };
  // One that was missing may have been met again since under another name.
  takeBy(ids, (_, folder) => !folder.missing);
  takeBy(ids, () => true);
  takeBy(names, (source, folder) => !folder.missing && goesOn(folder, states.get(source)));
  for (const source of chosen.filter((one) => !known.has(one))) {
    const candidates = [...free].map(([at, folder]) => ({ folder, at }));
    const before = await renamedFrom(context, { source, look }, candidates);
    if (before !== null) take(source, before);
  }
  const isSure = free.values().every(({ missing }) => missing);
  takeBy(names, () => true);
  return { known, isSure };
}

/** Nothing speaks against it that the folder of this name is the one that we know. */
function goesOn({ state: before }: IndexFolder, now: FolderState | 'missing' | undefined): boolean {
  return now !== 'missing' && (now === undefined || isContinued(before, now));
}

interface Candidate {
  readonly folder: IndexFolder;
  readonly at: number;
}

/**
 * A folder may be one we know under another name: the same UIDVALIDITY with the same items at the same UIDs. UIDVALIDITY
 * alone proves nothing, since some servers give every folder the same; but where no item that we know is left, or none was
 * ever committed, it is enough that no other folder has it.
 */
async function renamedFrom(
  context: CopyContext,
  { source, look: { states } }: { readonly source: SourceFolder; readonly look: SourceLook },
  candidates: readonly Candidate[],
): Promise<number | null> {
  const state = states.get(source);
  if (state === undefined || state === 'missing') return null;
  // Where both have an identifier, it has told already that they are not the same.
  const hasId = mailboxIdOf(source, states) !== undefined;
  const like = candidates.filter(
    ({ folder }) =>
      !folder.missing && isContinued(folder.state, state) && !(hasId && folder.source.mailboxId !== undefined),
  );
  const verdicts: ('same' | 'another' | 'empty')[] = [];
  for (const { folder, at } of like) {
    const verdict = await compareItems(context, { source, state }, folder);
    if (verdict === 'same') return at;
    verdicts.push(verdict);
  }
  const sameValidity = states
    .values()
    .filter((other) => other !== 'missing' && other.uidValidity === state.uidValidity);
  const [only] = like;
  return verdicts.length === 1 && verdicts[0] === 'empty' && [...sameValidity].length === 1 ? (only?.at ?? null) : null;
}

/** By the newest items that we know and the folder still has; 'empty': it has none of those that we know. */
async function compareItems(
  context: CopyContext,
  { source, state }: { readonly source: SourceFolder; readonly state: FolderState },
  folder: IndexFolder,
): Promise<'same' | 'another' | 'empty'> {
  for (const part of folder.parts.toReversed()) {
    for await (const records of readParts(context.services.objects, [part])) {
      const copied = records.filter((record) => record.outcome === 'copied');
      for (const some of [copied.slice(-comparedItems), copied]) {
        const range = { uidValidity: state.uidValidity, from: some[0]?.uid ?? 1, to: some.at(-1)?.uid ?? 0 };
        const listed = new Map((await context.source.listItems(source, range)).map((item) => [item.uid, item]));
        if (listed.size > 0)
          return some.filter((one) => isLike(one, listed)).length === listed.size ? 'same' : 'another';
      }
    }
  }
  return 'empty';
}

function isLike({ uid, size, internalDate }: ItemRecord, listed: ReadonlyMap<number, ItemListing>): boolean {
  const item = listed.get(uid);
  return item?.size === size && internalDateSeconds(item.internalDate) === internalDateSeconds(internalDate);
}
