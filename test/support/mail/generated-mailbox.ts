export const SYSTEM_FLAGS = ['\\Answered', '\\Deleted', '\\Draft', '\\Flagged', '\\Seen'] as const;
export type SystemFlag = (typeof SYSTEM_FLAGS)[number];

/** One message of the generator; its bytes are made when asked for, so that a mailbox of gigabytes costs no memory. */
export type GeneratedMessage = {
  readonly uid: number;
  readonly flags: readonly SystemFlag[];
  readonly keywords: readonly string[];
  /** Whole seconds. */
  readonly internalDate: Date;
  /** What is odd about it, in words, or `ordinary`. */
  readonly kind: string;
  /** As a server would have stored it, mostly with LF line ends. The same bytes at every call. */
  readonly stored: () => Buffer;
};

export type GeneratedFolder = {
  /** Decoded names from the top down; `['INBOX']` is the inbox. A parent that is not listed is \Noselect. */
  readonly path: readonly string[];
  readonly uidValidity: number;
  /** By UID, ascending, with gaps. */
  readonly messages: readonly GeneratedMessage[];
};

export type GeneratedMailbox = { readonly seed: number | string; readonly folders: readonly GeneratedFolder[] };
