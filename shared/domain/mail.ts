import type { ItemClass } from './items/item-class.ts';

/** Neutral words for mail: what sources hand out and targets take, whatever the protocol. */

/**
 * Well-known folders, by role, whatever the language (RFC 6154 special-use; `inbox` from RFC 9051); the last four are a
 * mailbox's own calendar, contacts, tasks and notes.
 */
export type FolderRole =
  | 'inbox'
  | 'sent'
  | 'drafts'
  | 'trash'
  | 'junk'
  | 'archive'
  | 'all'
  | 'flagged'
  | 'important'
  | 'calendar'
  | 'contacts'
  | 'tasks'
  | 'notes';

export interface SourceFolder {
  /** The server's own name of the folder, as bytes on the wire decode to it; what `ItemReader` takes. */
  readonly id: string;
  /** Path below the mailbox's root (personal prefix and UserRoot removed), decoded, outermost first. Inbox: ['INBOX']. */
  readonly path: readonly string[];
  readonly role?: FolderRole | undefined;
  /** False for \Noselect and \NonExistent: such a folder holds no items and comes into being with its children. */
  readonly selectable: boolean;
  /** The server's identifier of the folder, which survives renames, where the list tells it; its state may, too. */
  readonly mailboxId?: string | undefined;
  /** Absent: mail. Items of other classes are delivered as entities, see items/item-entity.ts. */
  readonly itemClass?: ItemClass | undefined;
}

/** What a server tells of a folder without listing it; equal states mean nothing happened in it. */
export interface FolderState {
  readonly uidValidity: number;
  readonly uidNext: number;
  readonly messages: number;
  /** RFC 7162; undefined where the server or the folder has none: flag changes then need a listing to be seen. */
  readonly highestModSeq?: string | undefined;
  /** RFC 8474 MAILBOXID, where the server tells it: that of the very folder whose UIDVALIDITY this is. */
  readonly mailboxId?: string | undefined;
}

/** One item of a listing. */
export interface ItemListing {
  readonly uid: number;
  /** Octets, as the server claims (RFC822.SIZE): servers may be wrong; the literal's length decides. */
  readonly size: number;
  /** INTERNALDATE as on the wire, `dd-Mon-yyyy hh:mm:ss +zzzz` (RFC 9051 date-time): the zone is kept. */
  readonly internalDate: string;
  /** Flags and keywords without \Recent. */
  readonly flags: readonly string[];
  /** Item class of what does not belong into its folder (a contact among deleted items, say): listed as skipped. */
  readonly notMail?: string | undefined;
  /** At a target: what it could not take of the item when it was written, in words. */
  readonly losses?: readonly string[] | undefined;
}

/** What is written with an item. */
export interface ItemEnvelope {
  readonly internalDate: string;
  readonly flags: readonly string[];
  /** Octets that will follow, exactly. */
  readonly size: number;
}

/** What a target can be relied on for; probed by `endpoint test`, decides how sameness is decided. */
export interface TargetProfile {
  /** `bytes`: the canonical form (CRLF, no NUL) comes back as sent. `fingerprint`: the server alters messages. */
  readonly sameness: 'bytes' | 'fingerprint';
  /** False where the server dates messages itself: dates then tell nothing of what is there. */
  readonly dates?: boolean | undefined;
  readonly multiAppend: boolean;
  readonly nonSyncLiterals: boolean;
  readonly uidPlus: boolean;
  readonly condStore: boolean;
  /** Octets; RFC 7889 APPENDLIMIT, undefined where the server names none. */
  readonly appendLimit?: number | undefined;
  /**
   * Octets that the target's administrator may have allowed instead: `maxItemBytes` may go so far beyond `appendLimit`.
   * Absent: `appendLimit` is final.
   */
  readonly mostAppendLimit?: number | undefined;
  /** False where the target has no mark for messages that are to be deleted: nobody looks for it there. */
  readonly marksDeleted?: boolean | undefined;
  /** False where the server refuses keywords (no \* in PERMANENTFLAGS). */
  readonly keywords: boolean;
  /** What it can write besides mail; absent: nothing. Folders of other classes are left out and listed. */
  readonly classes?: readonly ItemClass[] | undefined;
}
