import type { ImapServer } from '../../domain/endpoint.ts';
import type { FolderState, ItemListing, SourceFolder } from '../../domain/mail.ts';
import type {
  FolderChanges,
  ItemSink,
  MailboxCredentials,
  MailSource,
  SourceMailbox,
} from '../../ports/mail-source.ts';
import { type FolderRequest, FolderSession } from './folder-session.ts';
import { changesOf } from './imap-changes.ts';
import { type ImapServerName, translating } from './imap-errors.ts';
import { FoldersAtOpening, listFolders, type FolderList } from './imap-folders.ts';
import { descriptionOf, identityOf, openSignedIn, serverName, type ImapServices } from './imap-login.ts';
import { folderStatesOf, listRange, readBodies, type UnreadableItem } from './imap-reading.ts';
import { ImapReplyError } from './protocol/imap-error.ts';
import { enableQresync } from './protocol/enable-qresync.ts';
import type { ImapConnection } from './protocol/imap-connection.ts';

export function imapMailSource(server: ImapServer, services: ImapServices): MailSource {
  return {
    async open(mailbox: MailboxCredentials, signal: AbortSignal): Promise<SourceMailbox> {
      const connection = await openSignedIn(services, server, { role: 'source', mailbox, signal });
      return new ImapSourceMailbox(connection, {
        identity: identityOf(server, mailbox),
        name: serverName(server, 'source'),
        userRoot: mailbox.userRoot,
        // Nobody waits for them: what is sent behind them is answered behind them.
        resync: enableQresync(connection),
        folders: new FoldersAtOpening(connection, { userRoot: mailbox.userRoot, states: true }),
      });
    },
  };
}

/** One source mailbox over one connection. Folders are only ever opened by EXAMINE: nothing changes, not even \Recent. */
class ImapSourceMailbox implements SourceMailbox {
  readonly identity: string;
  readonly description: string;
  readonly stableOctets = true;
  readonly #connection: ImapConnection;
  readonly #session: FolderSession;
  readonly #userRoot: string | undefined;
  readonly #folders: FoldersAtOpening;
  readonly #server: ImapServerName;
  readonly #resync: Promise<boolean>;

  constructor(
    connection: ImapConnection,
    about: {
      readonly identity: string;
      readonly name: ImapServerName;
      readonly userRoot: string | undefined;
      readonly resync: Promise<boolean>;
      readonly folders: FoldersAtOpening;
    },
  ) {
    this.#connection = connection;
    this.#session = new FolderSession(connection, about.name);
    this.identity = about.identity;
    this.description = descriptionOf(connection);
    this.#userRoot = about.userRoot;
    this.#folders = about.folders;
    this.#server = about.name;
    this.#resync = about.resync;
    // A connection that is lost meanwhile is met by whoever uses it next.
    this.#resync.catch(() => undefined);
  }

  foldersAtOpening(): Promise<FolderList> | undefined {
    const { stillValid } = this.#folders;
    if (stillValid === undefined) return undefined;
    return translating(this.#server, () =>
      stillValid.catch((error: unknown) => {
        // A server that refuses to tell states with its folders may still list these.
        if (error instanceof ImapReplyError) return listFolders(this.#connection, { userRoot: this.#userRoot });
        throw error;
      }),
    );
  }

  listFolders(): Promise<FolderList> {
    return translating(this.#server, () => listFolders(this.#connection, { userRoot: this.#userRoot }));
  }

  folderStates(folders: readonly SourceFolder[]): Promise<readonly (FolderState | 'missing')[]> {
    if (folders.length === 0) return Promise.resolve([]);
    const names = folders.map((folder) => folder.id);
    const told = this.#folders.takeStates(names);
    return translating(this.#server, () => {
      const ask = () => folderStatesOf(this.#session, names);
      return told === undefined ? ask() : told.then((states) => states ?? ask());
    });
  }

  listItems(
    folder: SourceFolder,
    range: { readonly uidValidity: number; readonly from: number; readonly to: number },
  ): Promise<readonly ItemListing[]> {
    if (range.to < range.from) {
      return Promise.resolve([]);
    }
    return translating(this.#server, () => listRange(this.#session, examine(folder, range.uidValidity), range));
  }

  changesSince(folder: SourceFolder, known: FolderState): Promise<FolderChanges> {
    if (known.uidNext <= 1) {
      return Promise.resolve({ flags: [], present: [] });
    }
    return translating(this.#server, async () => {
      const request = { folder: examine(folder, known.uidValidity), known, resync: await this.#resync };
      return changesOf(this.#session, request);
    });
  }

  readItems(
    folder: SourceFolder,
    request: { readonly uidValidity: number; readonly uids: readonly number[]; readonly headersOnly?: boolean },
    sink: ItemSink,
  ): Promise<{ readonly unreadable: readonly UnreadableItem[] }> {
    const { uids, headersOnly = false } = request;
    const reading = { folder: examine(folder, request.uidValidity), uids, headersOnly };
    return translating(this.#server, async () => ({ unreadable: await readBodies(this.#session, reading, sink) }));
  }

  close(): Promise<void> {
    return this.#connection.close();
  }
}

function examine(folder: SourceFolder, uidValidity: number): FolderRequest {
  return { name: folder.id, mode: 'EXAMINE', uidValidity };
}
