import { internalDateSeconds } from '../../domain/internal-date.ts';
import type { CopyContext } from './copy-context.ts';
import type { KnownItem } from './known-item.ts';
import { readMoves, type Move } from './move-journal.ts';
import type { Page } from './page.ts';
import { uidsThere } from './uid-span.ts';

/** By page number and UID at the source: what a killed worker had moved. */
export type SettledMoves = ReadonlyMap<number, ReadonlyMap<number, KnownItem>>;

/**
 * Which of the items that settling found in the folders of open pages are there because a killed worker moved them: their
 * records stand for them, and for no equal ones. The others were written.
 */
export async function settledMoves(context: CopyContext, redo: readonly Page[]): Promise<SettledMoves> {
  const found = redo.filter(({ already }) => already.size > 0);
  const moves = found.length === 0 ? [] : await readMoves(context);
  const settled = new Map<number, ReadonlyMap<number, KnownItem>>();
  for (const [folder, pages] of Map.groupBy(found, (page) => page.folderIndex)) {
    const begun = moves.filter((move) => move.folder === folder);
    const moved = (await Promise.all(begun.map((move) => movedAway(context, move)))).flat();
    for (const page of pages) settled.set(page.number, takeMoved(context, page, moved));
  }
  return settled;
}

/** Those that are not any more where they were. */
async function movedAway({ target }: CopyContext, { items }: Move): Promise<readonly KnownItem[]> {
  const [first] = items;
  const uids = items.flatMap(({ record }) => record.target ?? []);
  if (first === undefined || uids.length === 0) return [];
  const there = await uidsThere(target, first.target, uids);
  return items.filter(({ record }) => !there.has(record.target ?? 0));
}

function takeMoved({ source }: CopyContext, page: Page, moved: KnownItem[]): ReadonlyMap<number, KnownItem> {
  const dates = new Map(page.items.map(({ listing }) => [listing.uid, internalDateSeconds(listing.internalDate)]));
  const taken = new Map<number, KnownItem>();
  for (const [uid, { fingerprint, sha256 }] of page.already) {
    const at = moved.findIndex(
      ({ record }) =>
        record.fingerprint === fingerprint &&
        internalDateSeconds(record.internalDate) === dates.get(uid) &&
        (!source.stableOctets || record.sha256 === sha256),
    );
    const [known] = at === -1 ? [] : moved.splice(at, 1);
    if (known !== undefined) taken.set(uid, known);
  }
  return taken;
}
