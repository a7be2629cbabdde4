import { internalDateSeconds } from '../../domain/internal-date.ts';
import { ConflictError } from '../../domain/errors.ts';
import { canonicalDigest } from '../../domain/item-digest.ts';
import type { ItemRecord } from '../../domain/ledger.ts';
import type { FolderState, ItemListing } from '../../domain/mail.ts';
import type { TargetFolder } from '../../ports/mail-target.ts';
import type { CopyContext } from './copy-context.ts';
import { digestItems, type DigestedItem } from './digest-items.ts';
import type { PassPlan, PlannedFolder } from './pass-plan.ts';
import { samenessOf } from './sameness.ts';
import { uidsOfOthers } from './uids-of-others.ts';

/** UIDs of one listing request. */
const listingSpan = 10_000;

interface Known {
  readonly record: ItemRecord;
}

/**
 * Target folders whose UIDVALIDITY changed, so that the ledger's UIDs name nothing there any more. What left such a folder
 * at the source is looked for by its octets (or fingerprint) and second. As many as the source's folder still has of a kind
 * stay for those, which find them when their pages come: they take the lowest UIDs, and what is to leave takes the highest.
 * An item that is not found was deleted by its user, and stays so.
 */
export class RenumberedFolders {
  readonly #context: CopyContext;
  readonly #plan: PassPlan;

  constructor(context: CopyContext, plan: PassPlan) {
    this.#context = context;
    this.#plan = plan;
  }

  /** The same matches, whose records have the UIDs of now; undefined where the folder has no such item to spare. */
  async locate<Item, Match extends Known>(
    folder: TargetFolder,
    state: FolderState,
    matches: readonly (readonly [Item, Match])[],
  ): Promise<readonly (readonly [Item, Match])[]> {
    const wanted = new Set(matches.map(([, { record }]) => internalDateSeconds(record.internalDate)));
    const there = await this.#atTarget(folder, state, wanted);
    const planned = this.#plan.folders.find(({ target }) => target.id === folder.id);
    const staying = planned === undefined ? [] : await this.#atSource(planned, wanted).catch(nothingIfChanged);
    const spare = new Map(
      [...Map.groupBy(there, (item) => this.#kindOf(item))].map(([kind, items]) => {
        const needed = staying.filter((item) => this.#kindOf(item) === kind).length;
        return [kind, items.sort((a, b) => a.uid - b.uid).slice(needed)];
      }),
    );
    return matches.map(([item, match]) => {
      const found = spare.get(this.#kindOf(recorded(match.record)))?.pop();
      return [item, { ...match, record: { ...match.record, target: found?.uid } }];
    });
  }

  #kindOf({ seconds, canonical, fingerprint }: Pick<DigestedItem, 'seconds' | 'canonical' | 'fingerprint'>): string {
    return `${String(seconds)} ${samenessOf(this.#context) === 'bytes' ? canonical : fingerprint}`;
  }

  async #atTarget(folder: TargetFolder, state: FolderState, wanted: ReadonlySet<number>): Promise<DigestedItem[]> {
    const others = await uidsOfOthers(this.#context, { target: folder, targetState: state });
    const dated: ItemListing[] = [];
    for (let from = 1; from < state.uidNext; from += listingSpan) {
      const listed = await this.#context.target.listItems(folder, { from, to: from + listingSpan - 1 });
      dated.push(
        ...listed.filter(({ uid, internalDate }) => !others.has(uid) && wanted.has(internalDateSeconds(internalDate))),
      );
    }
    return digestItems(this.#context, { side: 'target', folder }, dated);
  }

  /** What the folder has at the source as this pass sees it. Not what came into one that is continued: no record has that. */
  async #atSource(planned: PlannedFolder, wanted: ReadonlySet<number>): Promise<DigestedItem[]> {
    const { source, state } = planned;
    const { uidValidity } = state;
    const uidNext = planned.previous === null ? state.uidNext : Math.min(planned.from, state.uidNext);
    const dated: ItemListing[] = [];
    for (let from = 1; from < uidNext; from += listingSpan) {
      const range = { uidValidity, from, to: Math.min(from + listingSpan, uidNext) - 1 };
      const listed = await this.#context.source.listItems(source, range);
      dated.push(...listed.filter(({ internalDate }) => wanted.has(internalDateSeconds(internalDate))));
    }
    return digestItems(this.#context, { side: 'source', folder: source, uidValidity }, dated);
  }
}

/** The folder is gone at the source, or made anew: what is in it then is matched when the pass is planned anew. */
function nothingIfChanged(error: unknown): DigestedItem[] {
  if (error instanceof ConflictError && error.code === 'FOLDER_CHANGED') return [];
  throw error;
}

function recorded(record: ItemRecord): Pick<DigestedItem, 'seconds' | 'canonical' | 'fingerprint'> {
  const { sha256 = '', canonical, fingerprint = '', internalDate } = record;
  return {
    seconds: internalDateSeconds(internalDate),
    canonical: canonicalDigest({ sha256, ...(canonical === undefined ? {} : { canonical }) }),
    fingerprint,
  };
}
