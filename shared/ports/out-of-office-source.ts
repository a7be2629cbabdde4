import type { MailboxCredentials } from './mail-source.ts';
import type { OutOfOffice } from './target-directory.ts';

/** Reads the out-of-office settings of a source mailbox (EWS GetUserOofSettings). */
export interface OutOfOfficeSource {
  /** undefined: the server does not tell. Rejects with one of the five kinds. */
  read(mailbox: MailboxCredentials, signal: AbortSignal): Promise<OutOfOffice | undefined>;
}
