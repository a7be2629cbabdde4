import { z } from 'zod';
import { IndexFolder } from '../../domain/ledger-index.ts';
import { ItemCounts } from '../../domain/mailbox-job.ts';
import { LedgerHead } from '../../domain/pair.ts';
import { Difference } from '../../domain/report/mailbox-report.ts';
import type { ObjectStore } from '../../ports/object-store.ts';
import type { CopyContext } from './copy-context.ts';
import { readNamed, storeNamed } from './ledger.ts';
import type { PassPlan } from './pass-plan.ts';

/** A folder that is closed: what becomes of it in the index, and what the mailbox's result counts. */
export const ClosedFolder = z.object({
  entry: IndexFolder,
  closes: z.boolean(),
  twins: z.int(),
  /** It is not what it was when the pass began: the pass has to be planned anew. */
  aside: z.boolean(),
});
export type ClosedFolder = z.infer<typeof ClosedFolder>;

/** How far the reading of a folder's sample came: a folder may be larger than what one slice can read. */
export const SampleProgress = z.object({
  /** Items of the sample that were read, in its order, which is that of the ledger. */
  checked: z.int(),
  /** Those that were not as they had been written. */
  altered: z.array(Difference),
  alteredTotal: z.int(),
});
export type SampleProgress = z.infer<typeof SampleProgress>;

/**
 * What is done of a close: folders are closed from the plan's last to its first, as the chain of segments lists them. The
 * next slice goes on at `next` with the segment `head`. Folders in `done` whose number is not above `next` were closed
 * beside one that was not finished: their segments are passed over.
 */
export const CloseProgress = z.object({
  next: z.int(),
  head: LedgerHead.nullable(),
  /** Counted again from the segments above `head`. */
  recount: ItemCounts,
  done: z.record(z.string(), ClosedFolder),
  samples: z.record(z.string(), SampleProgress),
});
export type CloseProgress = z.infer<typeof CloseProgress>;

export function readProgress(objects: ObjectStore, key: string): Promise<CloseProgress> {
  return readNamed(objects, key, CloseProgress);
}

/**
 * Notes what is done. Stored twice, it is one object; killed before the PASS item names it, the close goes on from what
 * it named before and does the same again, under the keys of another token.
 */
export async function storeProgress(context: CopyContext, plan: PassPlan, progress: CloseProgress): Promise<void> {
  const { lease, services } = context;
  const closing = await storeNamed(services.objects, `${plan.prefix}/closing-${String(lease.pair.token)}`, progress);
  await lease.update({ pass: { closing } });
}
