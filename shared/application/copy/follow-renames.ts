import type { SourceFolder } from '../../domain/mail.ts';
import type { TargetFolder } from '../../ports/mail-target.ts';
import type { CopyContext } from './copy-context.ts';

/** A known folder of the source that has another name now, and the path that it is to have at the target. */
export interface Rename {
  readonly source: SourceFolder;
  readonly path: readonly string[];
}

/** Target folders of known source folders. */
export type Places = ReadonlyMap<SourceFolder, TargetFolder>;

interface Found {
  readonly atTarget: readonly TargetFolder[];
  readonly places: Places;
}

/**
 * Renames at the target what was renamed at the source, as long as a name becomes free that another one is to have. What is
 * below a folder goes along with it (RFC 9051 section 6.3.6), and by itself only where that stays. A folder whose name is
 * to be another one's, and whose own is not free, steps aside: where two have taken each other's names, until the other one
 * has gone. Killed in between, it is found where it stepped to.
 */
export async function followRenames(
  context: CopyContext,
  { renames, wished }: { readonly renames: readonly Rename[]; readonly wished: readonly (readonly string[])[] },
  found: Found,
): Promise<Found> {
  const renaming = new Renaming(context, found);
  const left = new Set(renames);
  const stepping = new Set(renames);
  const isInTheWay = (one: Rename): boolean =>
    stepping.has(one) && wished.some((path) => isSamePath(path, renaming.placeOf(one)?.path ?? []));
  while (left.size > 0) {
    const due = renaming.uppermost(left);
    const ended: Rename[] = [];
    for (const one of due) if (renaming.isThere(one) || (await renaming.rename(one, one.path))) ended.push(one);
    const stepper = ended.length > 0 ? undefined : due.find(isInTheWay);
    if (stepper !== undefined) {
      stepping.delete(stepper);
      await renaming.stepAside(stepper);
      continue;
    }
    // Where nothing moves any more, those stay.
    for (const one of ended.length > 0 ? ended : due) left.delete(one);
  }
  return renaming.found;
}

class Renaming {
  readonly #context: CopyContext;
  #found: Found;

  constructor(context: CopyContext, found: Found) {
    this.#context = context;
    this.#found = found;
  }

  get found(): Found {
    return this.#found;
  }

  placeOf({ source }: Rename): TargetFolder | undefined {
    return this.#found.places.get(source);
  }

  isThere(one: Rename): boolean {
    const there = this.placeOf(one);
    return there !== undefined && isSamePath(there.path, one.path);
  }

  /** Those that lie below none of the others. */
  uppermost(renames: ReadonlySet<Rename>): readonly Rename[] {
    const placeAbove = (one: Rename, levels: number): string | undefined => {
      const there = this.placeOf(one);
      return there === undefined ? undefined : placeIn(there, there.path.slice(0, there.path.length - levels));
    };
    const places = new Set([...renames].map((one) => placeAbove(one, 0)));
    const isBelow = (one: Rename): boolean =>
      (this.placeOf(one)?.path ?? []).some((_, levels) => levels > 0 && places.has(placeAbove(one, levels)));
    return [...renames].filter((one) => !isBelow(one));
  }

  /** False: it cannot have that name. */
  async rename(one: Rename, path: readonly string[]): Promise<boolean> {
    const from = this.placeOf(one);
    if (from?.selectable !== true || this.#isTaken(from, path)) return false;
    const { target } = this.#context;
    // Some folders may not be renamed: then it stays as it is.
    if (!isSamePath((await target.renameFolder(from, path)).path, path)) return false;
    const atTarget = await target.listFolders();
    this.#found = { atTarget, places: placesAfter({ places: this.#found.places, atTarget }, { from, to: path }) };
    return true;
  }

  /** Gives it a name that nobody has, close to the one that is wanted. */
  async stepAside(one: Rename): Promise<void> {
    const from = this.placeOf(one);
    if (from === undefined) return;
    const besides = (copy: number): readonly string[] => [
      ...one.path.slice(0, -1),
      `${one.path.at(-1) ?? '_'} (${String(copy)})`,
    ];
    let copy = 2;
    while (this.#isTaken(from, besides(copy))) copy += 1;
    await this.rename(one, besides(copy));
  }

  #isTaken(from: TargetFolder, path: readonly string[]): boolean {
    const { caseInsensitive } = this.#context.target.naming;
    const keyOf = (place: string): string => (caseInsensitive ? place.toLowerCase() : place);
    const wanted = keyOf(placeIn(from, path));
    return this.#found.atTarget.some(
      (folder) => folder.id !== from.id && keyOf(placeIn(folder, folder.path)) === wanted,
    );
  }
}

/** True: the path of a folder that stepped aside for another one while it was to have `wanted`. */
export function isBesides(path: readonly string[], wanted: readonly string[]): boolean {
  const [name, ...above] = [...path].reverse();
  const [wantedName, ...wantedAbove] = [...wanted].reverse();
  return isSamePath(above, wantedAbove) && name?.replace(/ \(\d+\)$/, '') === wantedName;
}

/** Where known folders are once one of them, with all below it, has another path. */
function placesAfter(
  now: { readonly places: Places; readonly atTarget: readonly TargetFolder[] },
  { from, to }: { readonly from: TargetFolder; readonly to: readonly string[] },
): Places {
  const byPlace = new Map(now.atTarget.map((folder) => [placeIn(folder, folder.path), folder]));
  return new Map(
    [...now.places].flatMap(([source, folder]) => {
      const isBelow = placeIn(folder, folder.path.slice(0, from.path.length)) === placeIn(from, from.path);
      const path = isBelow ? [...to, ...folder.path.slice(from.path.length)] : folder.path;
      const there = byPlace.get(placeIn(folder, path));
      return there === undefined ? [] : [[source, there] as const];
    }),
  );
}

/** Folders of different classes are apart: at some targets they may have the same name. */
export function placeIn({ itemClass = 'mail' }: Pick<SourceFolder, 'itemClass'>, path: readonly string[]): string {
  return [itemClass, ...path].join('\0');
}

function isSamePath(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((name, at) => name === b[at]);
}
