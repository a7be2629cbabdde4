import { MailboxBlockedError } from '../../domain/errors.ts';
import type { PassState } from '../../domain/pair.ts';
import type { Page } from './page.ts';

type Blame = Pick<PassState, 'suspect' | 'givenUp'>;

/** Times that workers may stop at one item, in a row. */
const itemFailures = 3;

/** Items that the PASS item names at once, so that it stays within 4 KB: where more stop workers, it is not the items. */
const mostGivenUp = 30;

/** Items of a source folder of the plan at which workers stopped too often: they are not read again in this pass. */
export function givenUp({ givenUp: items = [] }: Blame, folder: number): ReadonlySet<number> {
  return new Set(items.filter((item) => item.folder === folder).map(({ uid }) => uid));
}

/** A worker stopped at this item. Throws MailboxBlockedError where that happens at more of them than can be named. */
export function blamed(
  { suspect, givenUp: items = [] }: Blame,
  { folder, uid }: { readonly folder: number; readonly uid: number },
): Blame {
  const times = suspect?.folder === folder && suspect.uid === uid ? suspect.times + 1 : 1;
  if (times < itemFailures) return { suspect: { folder, uid, times } };
  if (items.length === mostGivenUp) {
    const message = `Workers stop at one message after another: at ${String(mostGivenUp)} of those being copied, and at more.`;
    throw new MailboxBlockedError({ code: 'ITEM_STOPS_WORKER', message });
  }
  return { suspect: null, givenUp: [...items, { folder, uid }] };
}

/** Nobody is suspected any more once pages are committed; what their records name needs no other mention. */
export function acquitted({ givenUp: items = [] }: Blame, committed: readonly Page[]): Blame {
  const left = items.filter(
    ({ folder, uid }) => !committed.some((page) => page.folderIndex === folder && page.from <= uid && uid <= page.to),
  );
  return { suspect: null, givenUp: left };
}
