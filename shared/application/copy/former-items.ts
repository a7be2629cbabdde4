import { internalDateSeconds } from '../../domain/internal-date.ts';
import { isCopy, type ItemRecord } from '../../domain/ledger.ts';
import type { IndexFolder, LedgerIndex } from '../../domain/ledger-index.ts';
import type { TargetFolder } from '../../ports/mail-target.ts';
import type { CopyContext } from './copy-context.ts';
import { readParts } from './index-parts.ts';
import type { KnownItem } from './known-item.ts';
import { placeOf, takenPlaces } from './taken-places.ts';
import { isAtTarget, targetNow, type PassPlan } from './pass-plan.ts';
import type { RenumberedFolders } from './renumbered-folders.ts';
import { uidsThere } from './uid-span.ts';

/** A folder of the previous index, and where its target folder is now. */
interface Place {
  readonly entry: IndexFolder;
  readonly target: TargetFolder;
}

/**
 * What earlier passes, or an earlier plan of this one, found gone from its folder: a message may be moved at the source at
 * any moment of a pass, and then leaves its old folder in one pass and turns up in its new one only in the next. Its copy
 * stands for the first equal item that comes, and is moved after it instead of being written twice. A copy that is not
 * there any more stands for nothing: it was moved before, or its user deleted it.
 */
export class FormerItems {
  readonly #context: CopyContext;
  readonly #plan: PassPlan;
  readonly #renumbered: RenumberedFolders;
  readonly #places: readonly Place[];
  /** By second, what nobody asked for yet; read when the first page has something to match. */
  #left: Promise<Map<number, { readonly record: ItemRecord; readonly place: Place }[]>> | undefined;
  #taken: Promise<ReadonlySet<string>> | undefined;

  constructor(
    context: CopyContext,
    plan: PassPlan,
    about: { readonly previous: LedgerIndex | null; readonly renumbered: RenumberedFolders },
  ) {
    this.#context = context;
    this.#plan = plan;
    this.#renumbered = about.renumbered;
    const folders = about.previous?.folders ?? [];
    this.#places = folders.flatMap((entry, at) =>
      entry.former.length === 0 || !isAtTarget(plan, at) ? [] : [{ entry, target: targetNow(plan, at, entry) }],
    );
  }

  get isEmpty(): boolean {
    return this.#places.length === 0;
  }

  /**
   * What there is with an INTERNALDATE of one of these seconds, each once, for items of this folder: without UIDPLUS nothing
   * can be moved safely, and there it is what is in it already.
   */
  async ofSeconds(seconds: ReadonlySet<number>, here: Pick<TargetFolder, 'id'>): Promise<readonly KnownItem[]> {
    if (this.isEmpty) return [];
    this.#left ??= this.#read();
    const left = await this.#left;
    const mayStand = (place: Place): boolean => this.#context.target.profile.uidPlus || place.target.id === here.id;
    const asked = [...seconds].flatMap((second) => left.get(second) ?? []).filter(({ place }) => mayStand(place));
    for (const second of seconds)
      left.set(
        second,
        (left.get(second) ?? []).filter(({ place }) => !mayStand(place)),
      );
    const found: KnownItem[] = [];
    for (const [place, some] of Map.groupBy(asked, (item) => item.place)) {
      const records = some.map(({ record }) => record);
      found.push(...(await this.#there(place, records)));
    }
    if (found.length === 0) return [];
    this.#taken ??= takenPlaces(this.#context, this.#plan);
    const taken = await this.#taken;
    return found.filter(({ record, target }) => !taken.has(placeOf(target.id, record.target)));
  }

  async #read(): Promise<Map<number, { readonly record: ItemRecord; readonly place: Place }[]>> {
    const bySecond = new Map<number, { readonly record: ItemRecord; readonly place: Place }[]>();
    for (const place of this.#places) {
      for await (const records of readParts(this.#context.services.objects, place.entry.former)) {
        for (const record of records) {
          // Folders that are missing at the source keep all their records here, whatever came of the items.
          if (!isCopy(record)) continue;
          const second = internalDateSeconds(record.internalDate);
          const known = bySecond.get(second);
          if (known === undefined) bySecond.set(second, [{ record, place }]);
          else known.push({ record, place });
        }
      }
    }
    return bySecond;
  }

  async #there({ entry, target }: Place, records: readonly ItemRecord[]): Promise<readonly KnownItem[]> {
    const [state] = await this.#context.target.folderStates([target]);
    if (state === undefined || state === 'missing') return [];
    const { uidValidity } = state;
    const named = uidValidity === entry.targetState.uidValidity ? records.filter(hasTarget) : [];
    const others = records.filter((record) => !named.includes(record));
    const located =
      others.length === 0
        ? []
        : await this.#renumbered.locate(
            target,
            state,
            others.map((record) => [record, { record }]),
          );
    const uids = await uidsThere(
      this.#context.target,
      target,
      named.flatMap((record) => record.target ?? []),
    );
    const still = named.filter((record) => uids.has(record.target ?? 0));
    const there = [...still, ...located.map(([, { record }]) => record)];
    // No ledger may name them any more: where a move of them is lost, its journal tells what they are.
    return there
      .filter(hasTarget)
      .map((record) => ({ record: { ...record, outcome: 'copied' }, target, uidValidity, unnamed: true }));
  }
}

function hasTarget({ target }: ItemRecord): boolean {
  return target !== undefined;
}
