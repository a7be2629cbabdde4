import type { ItemClass } from '../domain/items/item-class.ts';
import type { FolderRole, FolderState, ItemEnvelope, ItemListing, TargetProfile } from '../domain/mail.ts';
import type { ItemSink, MailboxCredentials } from './mail-source.ts';

/** A folder at the target, after names were mapped. */
export interface TargetFolder {
  /** The server's own name, what the other calls take. */
  readonly id: string;
  readonly path: readonly string[];
  readonly role?: FolderRole | undefined;
  readonly selectable: boolean;
  /** Absent: mail. */
  readonly itemClass?: ItemClass | undefined;
}

/** What a target's folder names may look like; decides how source names are mapped. */
export interface NamingRules {
  /** Hierarchy separator; null where the server has no hierarchy. */
  readonly separator: string | null;
  /** Prefix of the personal namespace, e.g. `INBOX.`; '' where there is none. */
  readonly prefix: string;
  /** True where names that differ only in case collide (Exchange). */
  readonly caseInsensitive: boolean;
  /** Names at the top that the target keeps for itself; a source folder of such a name gets another one. Absent: none. */
  readonly reserved?: readonly string[] | undefined;
}

/**
 * Writes one page: the items of one folder, appended as a unit where the server can (MULTIAPPEND), one by one where
 * not. `write` and `end` return a promise only when the caller must wait (back-pressure).
 */
export interface PageWriter {
  begin(envelope: ItemEnvelope): void | Promise<void>;
  write(octets: Uint8Array): void | Promise<void>;
  /** The item's octets are complete. */
  end(): void | Promise<void>;
  /** No more items. Resolves with one outcome an item, in the order of `begin`. */
  finish(): Promise<readonly WriteOutcome[]>;
}

export type WriteOutcome =
  /** `uid` undefined: the server does not tell (no UIDPLUS); the caller finds it by a listing. */
  | {
      readonly outcome: 'written';
      readonly uid: number | undefined;
      readonly uidValidity: number | undefined;
      /** What the target could not take of the item, in words for a report; absent or empty: all is there. */
      readonly losses?: readonly string[] | undefined;
    }
  /** The server said NO to this item, or to the whole page when `atomic`: nothing of it is stored. */
  | {
      readonly outcome: 'refused';
      readonly code: 'ITEM_REFUSED' | 'ITEM_TOO_LARGE';
      readonly text: string;
      readonly atomic: boolean;
    };

/**
 * One open target mailbox. As with SourceMailbox, calls may be pipelined. TransientError TARGET_CONNECTION_LOST from
 * `finish` means that the fate of everything sent and not yet answered is unknown: the window must be settled.
 */
export interface TargetMailbox {
  readonly identity: string;
  readonly description: string;
  readonly profile: TargetProfile;
  readonly naming: NamingRules;

  /**
   * Where the target may take what a source exports: gets ready for it, and says of which classes. From then on all that
   * is written of those is such (items/exported-item.ts). Asked once, before the profile is read, where the source can.
   */
  readonly takeExports?: (() => Promise<readonly ItemClass[]>) | undefined;

  /** As in SourceMailbox. */
  foldersAtOpening?(): Promise<readonly TargetFolder[]> | undefined;

  listFolders(): Promise<readonly TargetFolder[]>;

  /**
   * Creates what does not exist and subscribes to it (ALREADYEXISTS is success); pipelined, parents first. All of one
   * class: mail, where none is named; no other than those of the profile.
   */
  createFolders(paths: readonly (readonly string[])[], itemClass?: ItemClass): Promise<readonly FolderCreation[]>;

  renameFolder(from: TargetFolder, to: readonly string[]): Promise<TargetFolder>;

  folderStates(folders: readonly TargetFolder[]): Promise<readonly (FolderState | 'missing')[]>;

  /** Starts a page. Pages of one mailbox may be in flight behind each other; they are stored in order. */
  beginPage(folder: TargetFolder, page: { readonly items: number; readonly octets: number }): PageWriter;

  /** Items with `from <= uid` (and `<= to`), ascending; used to settle, to verify and to find twins. */
  listItems(
    folder: TargetFolder,
    range: { readonly from: number; readonly to?: number | undefined },
  ): Promise<readonly ItemListing[]>;

  /**
   * Items with `from <= uid <= to`, ascending, and the folder's state as it was when they were listed: what came since is
   * in neither. For targets that tell both at once; elsewhere `folderStates` tells the states of many folders at once.
   * ConflictError FOLDER_CHANGED where the folder is gone.
   */
  listWithState?(
    folder: TargetFolder,
    range: { readonly from: number; readonly to: number },
  ): Promise<{ readonly state: FolderState; readonly items: readonly ItemListing[] }>;

  /** Streams items (whole, or only their header section) without setting \Seen. */
  readItems(
    folder: TargetFolder,
    request: { readonly uids: readonly number[]; readonly headersOnly?: boolean },
    sink: ItemSink,
  ): Promise<void>;

  /** Adds and removes flags of items; one entry an item. Items that are gone are left out silently. */
  changeFlags(
    folder: TargetFolder,
    changes: readonly { readonly uid: number; readonly add: readonly string[]; readonly remove: readonly string[] }[],
  ): Promise<void>;

  /** Moves items (MOVE, else COPY + UID EXPUNGE); returns new UIDs where the server tells (COPYUID). */
  moveItems(
    from: TargetFolder,
    to: TargetFolder,
    uids: readonly number[],
  ): Promise<readonly { readonly from: number; readonly to: number | undefined }[]>;

  /** \Deleted + UID EXPUNGE of exactly these (RFC 4315); refuses where the server has no UIDPLUS. */
  expunge(folder: TargetFolder, uids: readonly number[]): Promise<void>;

  close(): Promise<void>;
}

export type FolderCreation =
  | {
      readonly outcome: 'exists' | 'created';
      readonly folder: TargetFolder;
      /** What is in it, where the target tells without being asked again. */
      readonly state?: FolderState | 'missing' | undefined;
    }
  | { readonly outcome: 'refused'; readonly path: readonly string[]; readonly text: string };

export interface MailTarget {
  open(credentials: MailboxCredentials, signal: AbortSignal): Promise<TargetMailbox>;
}
