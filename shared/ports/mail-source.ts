import type { ItemClass } from '../domain/items/item-class.ts';
import type { FolderState, ItemListing, SourceFolder } from '../domain/mail.ts';

/**
 * Where an item's octets go while they are read. `chunk` and `end` may return a promise: the source then stops reading
 * its socket until it resolves (back-pressure), so that memory stays flat whatever the size of a message. Chunks are
 * only valid during the call: a sink that keeps one copies it.
 */
export interface ItemSink {
  /** `size`: octets that follow, exactly (the literal's length, not what a listing claimed). */
  begin(item: { readonly uid: number; readonly size: number }): void | Promise<void>;
  chunk(octets: Uint8Array): void | Promise<void>;
  end(): void | Promise<void>;
}

/** Flags as they are now, and what is gone, since a state the caller knows. */
export interface FolderChanges {
  /** Items whose flags are (or may have) changed; all items where the server cannot tell (no CONDSTORE). */
  readonly flags: readonly { readonly uid: number; readonly flags: readonly string[] }[];
  /** UIDs that exist now, ascending; undefined where `vanished` answers instead (QRESYNC). */
  readonly present?: readonly number[] | undefined;
  /** UIDs below the known UIDNEXT that are gone (QRESYNC). */
  readonly vanished?: readonly number[] | undefined;
}

/**
 * One open source mailbox. Nothing here alters it: EXAMINE, BODY.PEEK.
 *
 * Calls may be made without awaiting earlier ones: a source pipelines them on its connections and answers in order.
 * Every method rejects with one of the five kinds; TransientError where the connection is lost, after which the
 * mailbox is closed and is opened anew by the next slice.
 */
export interface SourceMailbox {
  /**
   * The source half of the pair's identity: stable over batches, whatever the CSV called it; holds host and
   * lower-cased login (and UserRoot), no secret.
   */
  readonly identity: string;
  /** Server name and capabilities for the verification report. */
  readonly description: string;
  /**
   * False where the server makes a message anew each time it is read, so that two readings differ in their octets: what
   * is the same is then told by fingerprint.
   */
  readonly stableOctets: boolean;

  /**
   * Where the source can export: from now on `readItems` hands out items of these classes with their FastTransfer streams
   * (items/exported-item.ts), header sections as ever. Called before anything is read, where the target takes such.
   */
  readonly exportItems?: ((classes: readonly ItemClass[]) => void) | undefined;

  /**
   * Every folder of the personal namespace (or below UserRoot), in no particular order: those of mail, and of `classes`
   * where the source has them. The others are left out.
   */
  listFolders(classes?: readonly ItemClass[]): Promise<ListedFolders>;

  /**
   * The same as it was when the mailbox was opened, where it was asked for then and nothing was asked since; undefined
   * otherwise. For who plans at once: it costs no round trip of its own.
   */
  foldersAtOpening?(): Promise<ListedFolders> | undefined;

  /** One state per folder, in order, pipelined (STATUS, LIST-STATUS). */
  folderStates(folders: readonly SourceFolder[]): Promise<readonly (FolderState | 'missing')[]>;

  /**
   * Items of a folder with `from <= uid <= to`, ascending. Rejects with ConflictError FOLDER_CHANGED when the folder's
   * UIDVALIDITY is not `uidValidity`.
   */
  listItems(
    folder: SourceFolder,
    range: { readonly uidValidity: number; readonly from: number; readonly to: number },
  ): Promise<readonly ItemListing[]>;

  /** What changed since `known` among the items below `known.uidNext`. */
  changesSince(folder: SourceFolder, known: FolderState): Promise<FolderChanges>;

  /**
   * Streams items to the sink in ascending UID order. Items that are gone are simply not delivered: the caller
   * compares. An item the server cannot read (NO, BAD, NIL body) is reported in `unreadable`.
   */
  readItems(
    folder: SourceFolder,
    request: { readonly uidValidity: number; readonly uids: readonly number[]; readonly headersOnly?: boolean },
    sink: ItemSink,
  ): Promise<{ readonly unreadable: readonly UnreadableItem[] }>;

  close(): Promise<void>;
}

/** An item that is there and that the server does not deliver. */
export interface UnreadableItem {
  readonly uid: number;
  /** The server's words. */
  readonly text: string;
  /** Why, where the server says it; ITEM_UNREADABLE otherwise. */
  readonly code?: 'ITEM_CORRUPT' | 'ITEM_NOT_CONVERTIBLE' | 'ITEM_UNREADABLE' | undefined;
}

/**
 * A folder that is deliberately not copied: shared, public, other users', views over other folders (\All, \Flagged,
 * searches), hidden ones, and those of calendars, contacts, tasks and notes where the target does not take them.
 */
export interface LeftOutFolder {
  readonly name: string;
  readonly reason: 'shared-namespace' | 'other-users' | 'virtual' | 'hidden' | 'not-mail';
  /** How many items it holds, where the server says so. */
  readonly items?: number | undefined;
}

export interface ListedFolders {
  readonly folders: readonly SourceFolder[];
  readonly leftOut: readonly LeftOutFolder[];
}

/** Everything needed to open one source mailbox. */
export interface MailboxCredentials {
  /** EmailAddress of the row. */
  readonly emailAddress: string;
  readonly userName: string;
  readonly password?: string | undefined;
  readonly userRoot?: string | undefined;
}

export interface MailSource {
  /**
   * Connects and signs in. MailboxBlockedError SOURCE_SIGN_IN_FAILED, ConfigurationError for the endpoint's settings,
   * TransientError otherwise. `signal` ends everything at once: the worker closes its sockets before its lease ends.
   */
  open(credentials: MailboxCredentials, signal: AbortSignal): Promise<SourceMailbox>;
}
