import type { PassState } from '../../domain/pair.ts';
import type { Page } from './page.ts';

/** Times that workers may stop at one item, in a row. */
const itemFailures = 3;

/** Items of a source folder of the plan at which workers stopped too often: they are not read again in this pass. */
export function givenUp({ givenUp: items = [] }: PassState, folder: number): ReadonlySet<number> {
  return new Set(items.filter((item) => item.folder === folder).map(({ uid }) => uid));
}

/** A worker stopped at this item. */
export function blamed(
  { suspect, givenUp: items = [] }: PassState,
  { folder, uid }: { readonly folder: number; readonly uid: number },
): Pick<PassState, 'suspect' | 'givenUp'> {
  const times = suspect?.folder === folder && suspect.uid === uid ? suspect.times + 1 : 1;
  if (times < itemFailures) return { suspect: { folder, uid, times } };
  return { suspect: null, givenUp: [...items, { folder, uid }] };
}

/** Nobody is suspected any more once pages are committed; what their records name needs no other mention. */
export function acquitted(
  { givenUp: items = [] }: PassState,
  committed: readonly Page[],
): Pick<PassState, 'suspect' | 'givenUp'> {
  const left = items.filter(
    ({ folder, uid }) => !committed.some((page) => page.folderIndex === folder && page.from <= uid && uid <= page.to),
  );
  return { suspect: null, givenUp: left };
}
