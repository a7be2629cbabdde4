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
    const due = [...left].filter((one) => ![...left].some((other) => renaming.isBelow(one, other)));
    const ended: Rename[] = [];
    for (const one of due) if (renaming.isThere(one) || (await renaming.rename(one, one.path))) ended.push(one);
    const stepper = ended.length > 0 ? undefined : due.find(isInTheWay);
    if (stepper !== undefined) {
      stepping.delete(stepper);
      await renaming.rename(stepper, renaming.besides(stepper.path));
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

  /** True: the first one lies below the other. */
  isBelow(one: Rename, other: Rename): boolean {
    const [path, above] = [this.placeOf(one)?.path ?? [], this.placeOf(other)?.path ?? []];
    return above.length > 0 && path.length > above.length && isSamePath(path.slice(0, above.length), above);
  }

  /** False: it cannot have that name. */
  async rename(one: Rename, path: readonly string[]): Promise<boolean> {
    const from = this.placeOf(one);
    if (from?.selectable !== true || this.#isTaken(path)) return false;
    const { target } = this.#context;
    // Some folders may not be renamed: then it stays as it is.
    if (!isSamePath((await target.renameFolder(from, path)).path, path)) return false;
    const atTarget = await target.listFolders();
    this.#found = { atTarget, places: placesAfter({ places: this.#found.places, atTarget }, { from, to: path }) };
    return true;
  }

  /** A name that nobody has, close to the one that is wanted. */
  besides(path: readonly string[]): readonly string[] {
    for (let copy = 2; ; copy += 1) {
      const candidate = [...path.slice(0, -1), `${path.at(-1) ?? '_'} (${String(copy)})`];
      if (!this.#isTaken(candidate)) return candidate;
    }
  }

  #isTaken(path: readonly string[]): boolean {
    const { caseInsensitive } = this.#context.target.naming;
    const keyOf = (one: readonly string[]): string => (caseInsensitive ? one.join('\0').toLowerCase() : one.join('\0'));
    return this.#found.atTarget.some((folder) => keyOf(folder.path) === keyOf(path));
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
  return new Map(
    [...now.places].flatMap(([source, folder]) => {
      const isBelow = isSamePath(folder.path.slice(0, from.path.length), from.path) && isOfClass(folder, from);
      const path = isBelow ? [...to, ...folder.path.slice(from.path.length)] : folder.path;
      const there = now.atTarget.find((one) => isSamePath(one.path, path) && isOfClass(one, folder));
      return there === undefined ? [] : [[source, there] as const];
    }),
  );
}

function isOfClass({ itemClass: a = 'mail' }: TargetFolder, { itemClass: b = 'mail' }: TargetFolder): boolean {
  return a === b;
}

function isSamePath(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((name, at) => name === b[at]);
}
