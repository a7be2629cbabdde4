import { z } from 'zod';
import { ItemOutcome } from '../ledger.ts';

/**
 * What the copy engine leaves behind for the reports of one mailbox: two objects, both rewritten by every pass. They
 * name items by folder and UID (and a hash of the Message-ID), never by subject, sender or recipient.
 */

/** A folder that is not copied, and how many items it holds where the source says so. */
export const LeftOut = z.object({ name: z.string(), reason: z.string(), items: z.int().optional() });

/**
 * How an item ended that was not plainly copied. `twin`: a late copy of ours that could not be removed safely; `partial`:
 * copied, and counted as copied, but the target could not take all of it.
 */
export const LineOutcome = z.enum([...ItemOutcome.exclude(['copied', 'gone']).options, 'twin', 'partial']);
export type LineOutcome = z.infer<typeof LineOutcome>;

/** One line of `MailboxJob.itemsReport` (JSON lines, UTF-8, LF), in any order. */
export const ItemLine = z.object({
  /** Source folder as people see it: decoded, levels joined by `/`. */
  folder: z.string(),
  uid: z.int(),
  /** Octets, as the source's listing claims. */
  size: z.int(),
  /** INTERNALDATE as on the wire, `dd-Mon-yyyy hh:mm:ss +zzzz`. */
  internalDate: z.string(),
  outcome: LineOutcome,
  /** Code of the catalogue: why. */
  code: z.string(),
  /** What happened, in words; '' where the catalogue's text says it all. */
  text: z.string(),
});
export type ItemLine = z.infer<typeof ItemLine>;

export const DifferenceKind = z.enum(['missing', 'altered', 'extra', 'flags', 'date']);
export type DifferenceKind = z.infer<typeof DifferenceKind>;

/** One item that is not at the target as the ledger says. */
export const Difference = z.object({
  /** Source folder, as in ItemLine. */
  folder: z.string(),
  /** Source UID; null for `extra`, which has no source. */
  uid: z.int().nullable(),
  /** UID at the target; null where it is unknown or the item is missing. */
  targetUid: z.int().nullable(),
  kind: DifferenceKind,
  detail: z.string(),
  /** First 16 hex digits of SHA-256 over the Message-ID: finds the message, does not tell it. */
  messageIdHash: z.string().nullable().default(null),
  /** True where users may be at work in the target: their doing, not a failure. */
  changedSince: z.boolean().default(false),
});
export type Difference = z.infer<typeof Difference>;

/** Counts of one folder; `sourceItems` = copied + skipped + failed + doubtful + vanished, or it does not close. */
export const FolderResult = z.object({
  folder: z.string(),
  /** Folder at the target, '' where none was made. */
  target: z.string(),
  sourceItems: z.int(),
  sourceBytes: z.int(),
  copied: z.int(),
  skipped: z.int(),
  failed: z.int(),
  doubtful: z.int(),
  vanished: z.int(),
  /** Octets of the copied items as read. */
  bytes: z.int(),
  /** SHA-256 (hex) over the digests of the folder's copied items, in UID order. */
  digest: z.string(),
});
export type FolderResult = z.infer<typeof FolderResult>;

/** How much was re-read at the target, and what that says. */
export const Confidence = z.object({
  mode: z.enum(['sample', 'full', 'none']),
  /** Items re-read and compared, of how many copied ones. */
  checked: z.int(),
  of: z.int(),
  /**
   * `level` (0-1): probability that the sample would have met at least one bad item, if `badShare` (0-1) of the items
   * or more were bad. 1 and 0 for `full`, 0 and 1 for `none`.
   */
  level: z.number().min(0).max(1),
  badShare: z.number().min(0).max(1),
});
export type Confidence = z.infer<typeof Confidence>;

/** `MailboxJob.verification.key`, as JSON. */
export const MailboxVerification = z.object({
  schema: z.literal(1),
  /** Version of the list of differences that servers are allowed to make. */
  rules: z.int(),
  confidence: Confidence,
  /** SHA-256 (hex) over the folders' digests: one digest for the mailbox. */
  digest: z.string(),
  /** True when every sum closes and the recount of the ledger gives the same numbers. */
  closes: z.boolean(),
  /** Names and capabilities of the servers, for the report. */
  source: z.string(),
  target: z.string(),
  verifiedAt: z.iso.datetime(),
  folders: z.array(FolderResult),
  /** At most 10,000; `differencesTotal` counts all. */
  differences: z.array(Difference),
  differencesTotal: z.int(),
  /** Folders whose name had to change at the target. */
  renamed: z.array(z.object({ source: z.string(), target: z.string(), why: z.string() })),
  /** Folders deliberately not copied. */
  leftOut: z.array(LeftOut),
});
export type MailboxVerification = z.infer<typeof MailboxVerification>;

/** The most differences a mailbox's verification names; beyond it, something is wrong as a whole. */
export const mostDifferences = 10_000;
