import { internalDateSeconds } from '../../domain/internal-date.ts';
import type { ItemRecord } from '../../domain/ledger.ts';
import type { IndexFolder, LedgerIndex } from '../../domain/ledger-index.ts';
import type { ItemListing } from '../../domain/mail.ts';
import type { TargetFolder } from '../../ports/mail-target.ts';
import type { CopyContext } from './copy-context.ts';
import { digestItems } from './digest-items.ts';
import { readParts } from './index-parts.ts';
import type { KnownItem } from './known-item.ts';
import type { PassPlan } from './pass-plan.ts';
import { uidsOfOthers } from './uids-of-others.ts';

/** A target folder that may hold something of ours that no record names, and where in it. */
interface Place {
  readonly target: TargetFolder;
  readonly uidValidity: number;
  readonly from: number;
  /** Exclusive: what came later is of this pass. */
  readonly below: number;
  readonly named: IndexFolder['parts'];
}

/**
 * What a pass wrote in a window that was lost, and what had left its folder at the source when the window was settled: no
 * page had it any more, so no record names it. It is the source's all the same, wherever it is there now, and is moved
 * after it instead of being written twice. So it is also with a folder that has no place in this plan: its source folder
 * is gone, or the one that we know has another name now and this one took its place. Where users are at work, what is in
 * such a place may be their doing, and stays.
 */
export class LeftBehind {
  readonly #context: CopyContext;
  readonly #places: readonly Place[];
  readonly #listed = new Map<Place, Promise<readonly ItemListing[]>>();

  private constructor(context: CopyContext, places: readonly Place[]) {
    this.#context = context;
    this.#places = places;
  }

  static async open(context: CopyContext, plan: PassPlan, previous: LedgerIndex | null): Promise<LeftBehind> {
    // Without UIDPLUS nothing can be moved safely.
    if (context.options.usersAtWork || !context.target.profile.uidPlus) return new LeftBehind(context, []);
    const places: Place[] = [];
    for (const [at, before] of (previous?.folders ?? []).entries()) {
      const place = before.missing ? undefined : await placeOf(context, plan, { at, before });
      if (place !== undefined) places.push(place);
    }
    return new LeftBehind(context, places);
  }

  get isEmpty(): boolean {
    return this.#places.length === 0;
  }

  /** What there is with an INTERNALDATE of one of these seconds. */
  async ofSeconds(seconds: ReadonlySet<number>): Promise<readonly KnownItem[]> {
    const found: KnownItem[] = [];
    for (const place of this.#places) {
      const listed = this.#listed.get(place) ?? this.#unnamed(place);
      this.#listed.set(place, listed);
      const some = (await listed).filter((item) => seconds.has(internalDateSeconds(item.internalDate)));
      for (const record of await this.#records(place, some))
        found.push({ record, target: place.target, uidValidity: place.uidValidity, unnamed: true });
    }
    return found;
  }

  async #unnamed({ target, from, below, named, uidValidity }: Place): Promise<readonly ItemListing[]> {
    const listed = await this.#context.target.listItems(target, { from, to: below - 1 });
    if (listed.length === 0) return [];
    const uids = new Set(await uidsOfOthers(this.#context, { target, targetState: { uidValidity } }));
    for await (const records of readParts(this.#context.services.objects, named)) {
      for (const record of records) if (record.target !== undefined) uids.add(record.target);
    }
    return listed.filter((item) => !uids.has(item.uid));
  }

  async #records({ target }: Place, items: readonly ItemListing[]): Promise<readonly ItemRecord[]> {
    const listings = new Map(items.map((item) => [item.uid, item]));
    const digested = await digestItems(this.#context, { side: 'target', folder: target }, items);
    return digested.flatMap(({ uid, sha256, canonical, fingerprint, certain, size }): ItemRecord[] => {
      const item = listings.get(uid);
      if (item === undefined) return [];
      const { internalDate, flags } = item;
      const digests = { sha256, ...(canonical === sha256 ? {} : { canonical }), fingerprint, certain };
      return [{ uid, outcome: 'copied', size, internalDate, flags: [...flags], ...digests, target: uid }];
    });
  }
}

async function placeOf(
  context: CopyContext,
  plan: PassPlan,
  { at, before }: { readonly at: number; readonly before: IndexFolder },
): Promise<Place | undefined> {
  if (before.settledFrom === null) return undefined;
  const planned = plan.folders.find((folder) => folder.previous === at || folder.rekey === at);
  const isPlanned = planned?.target.id === before.target.id;
  const target: TargetFolder = { ...before.target, selectable: true };
  const now = isPlanned ? planned.targetState : (await context.target.folderStates([target]))[0];
  if (now === undefined || now === 'missing') return undefined;
  const { uidValidity, uidNext: below } = now;
  if (uidValidity === before.targetState.uidValidity)
    return { target, uidValidity, from: before.settledFrom, below, named: [...before.parts, ...before.former] };
  // Made anew: a folder of the plan is matched item by item, and what was compared since is not ours alone.
  return isPlanned || before.closes ? undefined : { target, uidValidity, from: 1, below, named: [] };
}
