import type { MigrationType } from '../endpoint.ts';
import type { BatchOptions } from '../options.ts';
import type { Finding } from './finding.ts';

/** What must be known of a batch to judge its file. */
export interface RowRules {
  readonly type: MigrationType;
  /** The source endpoint's `login.mode`; `user` means that each row brings its own UserName and Password. */
  readonly sourceLogin: LoginMode;
  /** The target endpoint's `login.mode`; in mode `user` a row needs a TargetPassword or a Password. Absent where it
   * is not known (a file is looked at before its endpoint is chosen). */
  readonly targetLogin?: LoginMode | undefined;
  readonly allowUnknownColumns: boolean;
  /** Whether an earlier upload sealed a password for this mailbox (EmailAddress as written): a blank one keeps it. */
  readonly hasSealedPassword?: ((emailAddress: string) => boolean) | undefined;
}

type LoginMode = 'user' | 'admin' | 'oauth';

/** One mailbox of the file, good to migrate. Absent fields were blank (or had no column). */
export interface BatchFileRow {
  /** Line of the file on which the row begins, 1-based; the header's is 1 where nothing stands before it. */
  readonly line: number;
  /** Number of the data row, 1-based, blank lines not counted. */
  readonly row: number;
  /** As written, without spaces around it. */
  readonly emailAddress: string;
  readonly userName?: string;
  /** As written, every character of it; absent also where no side signs in with it. */
  readonly password?: string;
  readonly userRoot?: string;
  readonly forceChangePassword?: boolean;
  readonly targetUserName?: string;
  readonly targetPassword?: string;
  readonly options: BatchOptions;
  /** Cells of columns that begin with `_`, by column name; none that is named like a password. */
  readonly ignored: Readonly<Record<string, string>>;
}

/** A row that is not migrated; its findings say why. */
export interface BadRow {
  readonly line: number;
  readonly row: number;
  /** Absent where it is blank or far from an address: such a cell may hold a password that slipped into the wrong column. */
  readonly emailAddress?: string;
  /** At least one with severity `error`, or `fatal` where the row makes the file unusable. */
  readonly findings: readonly Finding[];
}
