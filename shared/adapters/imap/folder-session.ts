import { ConflictError } from '../../domain/errors.ts';
import { type ImapServerName, replyError } from './imap-errors.ts';
import type { ImapConnection } from './protocol/imap-connection.ts';
import { type SelectedMailbox, openMailbox } from './protocol/mailbox-status.ts';
import type { Reply } from './protocol/reply.ts';
import { shortText } from '../short-text.ts';

export interface FolderRequest {
  /** Wire name. */
  readonly name: string;
  readonly mode: 'EXAMINE' | 'SELECT';
  /** The folder's UIDVALIDITY as the caller knows it; ConflictError FOLDER_CHANGED where it is another now. */
  readonly uidValidity?: number | undefined;
  /** Opens the folder anew even if it is open: what arrived meanwhile is only then sure to be seen (RFC 9051 5.2). */
  readonly anew?: boolean | undefined;
}

/** A folder that was opened, or is being opened, in front of a command. */
export interface OpenedFolder {
  /** Throws ConflictError or the error of the refusal; to be called when data of the folder arrive. */
  verify(): void;
  /** What the server said when it opened the folder; undefined before. */
  told(): SelectedMailbox | undefined;
}

interface Opening {
  readonly name: string;
  readonly mode: 'EXAMINE' | 'SELECT';
  outcome: { readonly reply: Reply; readonly mailbox: SelectedMailbox } | undefined;
  /** Settles when the server has answered, whatever it said; rejects when the connection is lost. */
  readonly answered: Promise<unknown>;
}

/**
 * Commands that need a folder open, on one connection. EXAMINE or SELECT is sent in front of them, in the same turn of
 * the event loop, so that nothing comes between and no round trip is lost. Nobody else opens folders on the connection.
 */
export class FolderSession {
  readonly connection: ImapConnection;
  readonly #server: ImapServerName;
  #open: Opening | undefined;
  /** Whether a folder may be selected when what is sent next comes to its turn. */
  #hasSelected: boolean;

  constructor(connection: ImapConnection, server: ImapServerName) {
    this.connection = connection;
    this.#server = server;
    this.#hasSelected = connection.hasOpened;
  }

  /** `work` must send its first command before it first waits, and open the folder again (by `within`) for a later one. */
  async within<Result>(request: FolderRequest, work: (folder: OpenedFolder) => Promise<Result>): Promise<Result> {
    const opening = this.#opening(request);
    const verify = (): void => this.#verify(opening, request.uidValidity);
    const working = work({ verify, told: () => opening.outcome?.mailbox });
    working.catch(() => undefined);
    await opening.answered;
    verify();
    const result = await working;
    return result;
  }

  /** Has a folder selected before what is sent next; what the server says to it does not matter. */
  select(name: string): void {
    this.#opening({ name, mode: 'SELECT' });
  }

  /**
   * Has no folder selected before what is sent next (UNSELECT, RFC 3691; CLOSE would expunge). False where the server
   * cannot do that and one may be selected.
   */
  unselect(): boolean {
    if (!this.#hasSelected) return true;
    const { connection } = this;
    if (!connection.capabilities.has('UNSELECT') && !connection.capabilities.has('IMAP4REV2')) return false;
    this.#open = undefined;
    this.#hasSelected = false;
    // A connection that is lost meanwhile is met by whoever uses it next.
    connection.send({ name: 'UNSELECT', parts: ['UNSELECT'], exclusive: true }).catch(() => undefined);
    return true;
  }

  #opening({ name, mode, anew }: FolderRequest): Opening {
    const open = this.#open;
    if (open?.name === name && (open.mode === mode || open.mode === 'SELECT') && anew !== true) {
      return open;
    }
    const { promise, resolve, reject } = Promise.withResolvers<undefined>();
    promise.catch(() => undefined);
    const opening: Opening = { name, mode, outcome: undefined, answered: promise };
    this.#open = opening;
    this.#hasSelected = true;
    openMailbox(this.connection, {
      name,
      mode,
      onOpened: (outcome) => {
        opening.outcome = outcome;
        if (outcome.reply.status !== 'OK' && this.#open === opening) {
          this.#open = undefined;
        }
      },
    })
      .then((inFlight) => inFlight.reply)
      .then(() => resolve(undefined), reject);
    return opening;
  }

  #verify({ outcome }: Opening, uidValidity: number | undefined): void {
    if (outcome === undefined) {
      throw new Error('Data of a folder came before the folder was open.');
    }
    const { reply, mailbox } = outcome;
    if (reply.status === 'NO' && (reply.code === undefined || reply.code === 'CANNOT')) {
      // Servers older than RFC 5530 say no more than this of a folder that is gone.
      throw this.#changed(`a folder cannot be opened any more: ${shortText(reply.text)}`);
    }
    if (reply.status !== 'OK') {
      throw replyError('EXAMINE', reply, this.#server);
    }
    if (uidValidity !== undefined && mailbox.uidValidity !== uidValidity) {
      throw this.#changed('a folder was made anew (its UIDVALIDITY changed).');
    }
  }

  #changed(what: string): ConflictError {
    return new ConflictError({
      code: 'FOLDER_CHANGED',
      message: `${this.#server.host} (${this.#server.role}): ${what}`,
    });
  }
}
