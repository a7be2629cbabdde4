import type { TargetFolder, TargetMailbox } from '../../ports/mail-target.ts';

/** From the lowest to the highest of some UIDs; there may be more of them than a call takes arguments. */
export function spanOf(uids: readonly number[]): { readonly from: number; readonly to: number } {
  return { from: uids.reduce((a, b) => Math.min(a, b)), to: uids.reduce((a, b) => Math.max(a, b)) };
}

/** Which of these UIDs the folder has, and others between them. */
export async function uidsThere(
  target: Pick<TargetMailbox, 'listItems'>,
  folder: TargetFolder,
  uids: readonly number[],
): Promise<ReadonlySet<number>> {
  if (uids.length === 0) return new Set();
  return new Set((await target.listItems(folder, spanOf(uids))).map(({ uid }) => uid));
}
