import type { FolderState, ItemListing, SourceFolder } from '../../domain/mail.ts';
import type { SourceMailbox } from '../../ports/mail-source.ts';
import type { PageLimits } from './page.ts';
import { expectedIn, mayListAhead, rangeBelow, type Range } from './page-planner.ts';

type Lister = Pick<SourceMailbox, 'listItems'>;

/**
 * Listings of a first pass that are asked for while its plan is made: the source tells what is in its folders while the
 * target makes its own. They are those that a page planner asks for first, each for whoever asks first.
 */
export class ListingsAhead implements Lister {
  readonly #source: Lister;
  readonly #limits: Pick<PageLimits, 'listing'>;
  readonly #listings = new Map<string, Promise<readonly ItemListing[]>>();

  constructor(source: Lister, limits: Pick<PageLimits, 'listing'>) {
    this.#source = source;
    this.#limits = limits;
  }

  /** In the order in which they will be copied. */
  ask(
    folders: readonly { readonly source: SourceFolder; readonly state: FolderState | 'missing' | undefined }[],
  ): void {
    let ahead = 0;
    for (const { source, state } of folders) {
      if (state === undefined || state === 'missing') continue;
      const range = rangeBelow(state.uidNext, { state, from: 1 }, this.#limits);
      if (range === undefined) continue;
      if (!mayListAhead(ahead, this.#listings.size)) return;
      ahead += expectedIn(range, { state }, this.#limits);
      const items = this.#source.listItems(source, range);
      // The rejection is met when the listing is awaited; one that nobody comes for must not count as unhandled.
      items.catch(() => undefined);
      this.#listings.set(keyOf(source, range), items);
    }
  }

  listItems(folder: SourceFolder, range: Range): Promise<readonly ItemListing[]> {
    const key = keyOf(folder, range);
    const asked = this.#listings.get(key);
    this.#listings.delete(key);
    return asked ?? this.#source.listItems(folder, range);
  }
}

function keyOf({ id }: SourceFolder, { uidValidity, from, to }: Range): string {
  return [uidValidity, from, to, id].join(' ');
}
