import type { PracticeItem, PracticeMailbox } from './practice-mailbox.ts';

/** What an operation works with: whose mailboxes may be opened, and how MIME is made. */
export interface EwsWorld {
  /** Of a request that names a mailbox; a string is the code of the refusal. */
  readonly mailbox: (address: string | undefined) => PracticeMailbox | string;
  /** Every mailbox that the account may open: ids are looked up in all of them. */
  readonly mailboxes: readonly PracticeMailbox[];
  readonly mimeOf: (item: PracticeItem) => Buffer;
  /** Most changes in an answer, whatever was asked for. */
  readonly mostChanges: number;
  /** False: it was asked in the schema of Exchange 2007. */
  readonly is2010: boolean;
  /** SMTP addresses by address of X.500, in lower case. */
  readonly legacyNames: ReadonlyMap<string, { readonly name: string; readonly address: string }>;
}
