import { createHash } from 'node:crypto';
import { z } from 'zod';
import { PassKind } from './batch.ts';
import { ItemCounts } from './mailbox-job.ts';

/**
 * The PASS item: all that a pair keeps between pages, at most 4 KB. One lease a pair: only who holds `token` may write.
 * Longer things (folder plan, index, item lists) are write-once objects that it names.
 */
export const PageIntent = z.object({
  /** Page number in the pass, counted up; names the segment `<page>-<token>`. */
  page: z.int(),
  /** Index into the pass plan's folders. */
  folder: z.int(),
  /** Inclusive UID range at the source; its members are a listing of that range, filtered by the plan. */
  from: z.int(),
  to: z.int(),
  /** The target folder's UIDNEXT before: what is ours and unsettled lies at or above. Its UIDVALIDITY is in the plan. */
  uidNext: z.int(),
  /** How often this page was begun. */
  attempt: z.int(),
});
export type PageIntent = z.infer<typeof PageIntent>;

/** Where a pass stands: everything above `below` in `folder`, and all earlier folders, is committed. */
export const Cursor = z.object({
  folder: z.int(),
  /** Items with uid < below of this folder are still to do. */
  below: z.int(),
  page: z.int(),
});
export type Cursor = z.infer<typeof Cursor>;

export const LedgerHead = z.object({ key: z.string(), sha256: z.string() });
export type LedgerHead = z.infer<typeof LedgerHead>;

export const PassState = z.object({
  kind: PassKind,
  /** Batch and Batch.passNumber it serves: a later batch, or pass, makes one of its own once this is done. */
  batch: z.string(),
  number: z.int(),
  startedAt: z.iso.datetime(),
  /** Object key of the plan (folders, ranges, cut-off); null until the first slice wrote it. */
  plan: z.string().nullable(),
  phase: z.enum(['plan', 'changes', 'copy', 'verify', 'close', 'done']),
  cursor: Cursor,
  /** Pages that may be partly at the target. Empty: nothing is open. */
  intent: z.array(PageIntent),
  /**
   * Epoch ms after which no octet was sent under the intent; 0 while that is unknown (a worker is at it, or was
   * killed): the next holder of the lease sets it to the time it took over.
   */
  lastSentAt: z.int(),
  /** Times in a row that the open window was left behind without a commit; throttling does not count. */
  failures: z.int(),
  /** The window was left behind for a reason that is not its own (throttled, stopped). */
  excused: z.boolean(),
  /** The item at which workers stopped last, and how often in a row. */
  suspect: z.object({ folder: z.int(), uid: z.int(), times: z.int() }).nullable(),
  /** Items of pages not committed yet at which workers stopped too often: they are not read again. */
  givenUp: z.array(z.object({ folder: z.int(), uid: z.int() })).optional(),
  /** Object key of what was read of source items of open pages before the line broke; absent while there is none. */
  digested: z.string().nullable().optional(),
  counters: ItemCounts,
  /** Object key of the folders in which something was settled: looked at again for late twins. */
  settled: z.string().nullable(),
  /** Object key of what changed at the source among items copied earlier; null before that was looked at. */
  changes: z.string().nullable(),
  /** Object key of what is done of the close (folders, place in the chain); absent before a slice left it unfinished. */
  closing: z.string().nullable().optional(),
  /** Object key of the plan's folders that are not what they were when the pass began; absent while there are none. */
  aside: z.string().nullable().optional(),
  /** A folder turned out not to be what it was: the next slice finds out which. */
  folderChanged: z.boolean().optional(),
  /** Times that the pass was planned anew because folders were not what they had been. */
  replans: z.int().optional(),
  /** Object key of moves at the target that were begun and that no committed page names yet. */
  moving: z.string().nullable().optional(),
  /** Key of the pair's fingerprints, base64; carried from pass to pass. */
  fingerprintKey: z.string(),
});
export type PassState = z.infer<typeof PassState>;

export const PairItem = z.object({
  schema: z.literal(1),
  id: z.string(),
  source: z.string(),
  target: z.string(),
  /** Counted up by every taking of the lease, never reset. */
  token: z.int(),
  /** Epoch ms; 0: free. */
  leaseUntil: z.int(),
  /** Nonce of the taking, to recognise one's own write when its reply was lost. */
  holder: z.string(),
  pass: PassState.nullable(),
  /** Newest committed segment of the chain since the last compaction; null when all is in the index. */
  ledgerHead: LedgerHead.nullable(),
  /** Object key and hash of the compacted index (one sorted part a folder); null before the first pass ended. */
  index: LedgerHead.nullable(),
});
export type PairItem = z.infer<typeof PairItem>;

/**
 * The account of an identity without its server: `imap://old.test/Ann@contoso.test#Shared` is `ann`. Names of servers
 * change and are many; a log-in name loses or gains its domain. What is equal here may be one mailbox, what differs is
 * another one.
 */
export function accountOf(identity: string): string {
  const login = identity.replace(/^[a-z-]+:\/\/[^/]*\//, '').replace(/#.*$/, '');
  const bare = login.replace(/^.*\\/, '').replace(/@.*$/, '');
  return (bare === '' ? login : bare).toLowerCase();
}

/** Below this lies what is kept of an Exchange mailbox as a source: by its address alone, since its servers have many names. */
export function exchangeMapsPrefix(emailAddress: string): string {
  return `ledger/exchange/${createHash('sha256').update(emailAddress.toLowerCase()).digest('hex').slice(0, 32)}/`;
}

/** The same by the identity of a source; undefined where nothing is kept of it but the pair's own ledger. */
export function sourceMapsPrefix(identity: string): string | undefined {
  const emailAddress = /^exchange:\/\/[^/]*\/(.+)$/.exec(identity)?.[1];
  return emailAddress === undefined ? undefined : exchangeMapsPrefix(emailAddress);
}

/** Below this lies which UID stands for which item of a mailbox of Exchange Online, by the identity of the target. */
export function onlineMapsPrefix(identity: string): string {
  return `ledger/exchange-online/${createHash('sha256').update(identity).digest('hex').slice(0, 32)}/`;
}

/** The same; undefined where the target's items have UIDs of their own. */
export function targetMapsPrefix(identity: string): string | undefined {
  return identity.startsWith('exchange-online://') ? onlineMapsPrefix(identity) : undefined;
}
