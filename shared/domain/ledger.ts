import { z } from 'zod';
import { LedgerHead } from './pair.ts';

/** How an item ended. `gone`: copied once, the source no longer has it; outside the sum. */
export const ItemOutcome = z.enum(['copied', 'skipped', 'failed', 'doubtful', 'vanished', 'gone']);
export type ItemOutcome = z.infer<typeof ItemOutcome>;

/** The record of one item: written once, never changed; a later pass writes a new index. */
export const ItemRecord = z.object({
  uid: z.int(),
  outcome: ItemOutcome,
  /** Octets as read (listed, where it was not read). */
  size: z.int(),
  internalDate: z.string(),
  /** Flags as the target was last given them. */
  flags: z.array(z.string()),
  /** Digest as read, base64 SHA-256; absent where the item was not read. */
  sha256: z.string().optional(),
  /** Of the canonical form, only where it differs. */
  canonical: z.string().optional(),
  fingerprint: z.string().optional(),
  /** False: no Message-ID, so an equal fingerprint is only a doubt. */
  certain: z.boolean().optional(),
  /** UID at the target; absent where it is not known. */
  target: z.int().optional(),
  /** What it was matched with: target folder and UID there, before it was moved. Absent where it was written. */
  from: z.object({ folder: z.string(), uid: z.int() }).optional(),
  /** Reason code of the catalogue for all but `copied`. */
  code: z.string().optional(),
  /** The server's words, shortened. */
  text: z.string().optional(),
});
export type ItemRecord = z.infer<typeof ItemRecord>;

/** Whether there is, or was, something of ours at the target. */
export function isCopy({ outcome }: Pick<ItemRecord, 'outcome'>): boolean {
  return outcome === 'copied' || outcome === 'gone';
}

/** One committed page. Only segments reachable from the pair's ledgerHead count. */
export const LedgerSegment = z.object({
  schema: z.literal(1),
  pair: z.string(),
  /** Number of the pass in the pair's life (plan key), page in the pass, token of the writer. */
  plan: z.string(),
  page: z.int(),
  token: z.int(),
  previous: LedgerHead.nullable(),
  /** Index of the folder in the plan, and its name for a person who reads the object. */
  folder: z.int(),
  folderId: z.string(),
  range: z.object({ from: z.int(), to: z.int() }),
  targetUidValidity: z.int(),
  items: z.array(ItemRecord),
});
export type LedgerSegment = z.infer<typeof LedgerSegment>;
