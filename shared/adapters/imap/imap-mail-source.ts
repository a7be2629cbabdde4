import type { ImapServer } from '../../domain/endpoint.ts';
import { ConflictError, TransientError } from '../../domain/errors.ts';
import type { FolderState, ItemListing, SourceFolder } from '../../domain/mail.ts';
import type {
  FolderChanges,
  ItemSink,
  LeftOutFolder,
  MailboxCredentials,
  MailSource,
  SourceMailbox,
} from '../../ports/mail-source.ts';
import { type ImapServerName, throttling, translateImapError, translating } from './imap-errors.ts';
import { listFolders } from './imap-folders.ts';
import { descriptionOf, identityOf, openSignedIn, serverName, type ImapServices } from './imap-login.ts';
import { folderStateOf, listRange } from './imap-reading.ts';
import { fetchBodies } from './protocol/fetch-bodies.ts';
import { fetchFlags, searchUids } from './protocol/fetch-listing.ts';
import type { ImapConnection } from './protocol/imap-connection.ts';
import { ImapReplyError } from './protocol/imap-error.ts';
import { openMailbox, type SelectedMailbox } from './protocol/mailbox-status.ts';
import type { Reply } from './protocol/reply.ts';
import { formatUidSets } from './protocol/uid-set.ts';

export function imapMailSource(server: ImapServer, services: ImapServices): MailSource {
  return {
    async open(mailbox: MailboxCredentials, signal: AbortSignal): Promise<SourceMailbox> {
      const connection = await openSignedIn(services, server, { role: 'source', mailbox, signal });
      return new ImapSourceMailbox(connection, { server, mailbox });
    },
  };
}

interface OpenFolder {
  readonly id: string;
  outcome: { readonly reply: Reply; readonly mailbox: SelectedMailbox } | undefined;
  /** Rejects when the folder could not be opened. */
  ready: Promise<void>;
}

/**
 * One source mailbox over one connection. A folder is opened (EXAMINE: nothing changes, not even \Recent) in front of
 * the command that needs it, in the same turn, so that nothing can come between them and no round trip is lost.
 */
class ImapSourceMailbox implements SourceMailbox {
  readonly identity: string;
  readonly description: string;
  readonly #connection: ImapConnection;
  readonly #server: ImapServerName;
  readonly #userRoot: string | undefined;
  #open: OpenFolder | undefined;

  constructor(
    connection: ImapConnection,
    about: { readonly server: ImapServer; readonly mailbox: MailboxCredentials },
  ) {
    this.#connection = connection;
    this.#server = serverName(about.server, 'source');
    this.#userRoot = about.mailbox.userRoot;
    this.identity = identityOf(about.server, about.mailbox);
    this.description = descriptionOf(connection);
  }

  listFolders(): Promise<{ readonly folders: readonly SourceFolder[]; readonly leftOut: readonly LeftOutFolder[] }> {
    return translating(this.#server, () => listFolders(this.#connection, this.#userRoot));
  }

  folderStates(folders: readonly SourceFolder[]): Promise<readonly (FolderState | 'missing')[]> {
    return translating(this.#server, () =>
      Promise.all(folders.map((folder) => folderStateOf(this.#connection, folder.id))),
    );
  }

  listItems(
    folder: SourceFolder,
    range: { readonly uidValidity: number; readonly from: number; readonly to: number },
  ): Promise<readonly ItemListing[]> {
    if (range.to < range.from) return Promise.resolve([]);
    return translating(this.#server, async () => {
      const open = this.#examine(folder);
      const listed = listRange(this.#connection, range.from, range.to);
      await this.#opened(open, range.uidValidity, listed);
      return listed;
    });
  }

  changesSince(folder: SourceFolder, known: FolderState): Promise<FolderChanges> {
    if (known.uidNext <= 1) return Promise.resolve({ flags: [], present: [] });
    return translating(this.#server, async () => {
      const set = `1:${String(known.uidNext - 1)}`;
      const condStore = this.#connection.capabilities.has('CONDSTORE') || this.#connection.capabilities.has('QRESYNC');
      const changedSince = condStore ? known.highestModSeq : undefined;
      const open = this.#examine(folder);
      const both = Promise.all([
        fetchFlags(this.#connection, { set, changedSince }),
        searchUids(this.#connection, `UID ${set}`),
      ]);
      await this.#opened(open, known.uidValidity, both);
      const [{ flags }, present] = await both;
      return { flags, present };
    });
  }

  readItems(
    folder: SourceFolder,
    request: { readonly uidValidity: number; readonly uids: readonly number[]; readonly headersOnly?: boolean },
    sink: ItemSink,
  ): Promise<{ readonly unreadable: readonly { readonly uid: number; readonly text: string }[] }> {
    return translating(this.#server, async () => {
      const delivered = new Set<number>();
      const open = this.#examine(folder);
      const guarded: ItemSink = {
        begin: (item) => {
          // EXAMINE was answered before this: a folder that was made anew under the same name has other items.
          this.#checkValidity(open, request.uidValidity);
          delivered.add(item.uid);
          return sink.begin(item);
        },
        chunk: (octets) => sink.chunk(octets),
        end: () => sink.end(),
      };
      const section = request.headersOnly === true ? 'HEADER' : '';
      const fetches = formatUidSets(request.uids).map((set) =>
        fetchBodies(this.#connection, { set, section }, guarded),
      );
      const all = Promise.all(fetches);
      await this.#opened(open, request.uidValidity, all);
      const replies = await all;
      const unreadable = replies.flatMap(({ nil }) =>
        nil.map((uid) => ({ uid, text: 'The server has no content for it.' })),
      );
      const refused = replies.map(({ reply }) => reply).filter((reply) => reply.status !== 'OK');
      if (refused.length === 0) return { unreadable };
      const left = request.uids.filter((uid) => !delivered.has(uid));
      return { unreadable: [...unreadable, ...(await this.#singly(left, { section, sink: guarded, refused }))] };
    });
  }

  close(): Promise<void> {
    return this.#connection.close();
  }

  /** After a NO in the middle of a set: which of those that did not come is to blame, only one at a time tells. */
  async #singly(
    uids: readonly number[],
    request: { readonly section: '' | 'HEADER'; readonly sink: ItemSink; readonly refused: readonly Reply[] },
  ): Promise<readonly { readonly uid: number; readonly text: string }[]> {
    for (const reply of request.refused) {
      if (throttling(reply) !== undefined) throw translateImapError(new ImapReplyError('FETCH', reply), this.#server);
    }
    const unreadable: { readonly uid: number; readonly text: string }[] = [];
    for (const uid of uids) {
      const { section, sink } = request;
      const { reply } = await fetchBodies(this.#connection, { set: String(uid), section }, sink);
      if (reply.status !== 'OK') unreadable.push({ uid, text: reply.text });
    }
    return unreadable;
  }

  /** Sends EXAMINE unless the folder is the one opened last. The command that needs it must follow in the same turn. */
  #examine(folder: SourceFolder): OpenFolder {
    if (this.#open?.id === folder.id) return this.#open;
    const open: OpenFolder = { id: folder.id, outcome: undefined, ready: Promise.resolve() };
    open.ready = openMailbox(this.#connection, {
      name: folder.id,
      mode: 'EXAMINE',
      onOpened: (outcome) => {
        open.outcome = outcome;
      },
    }).then(async (inFlight) => {
      await inFlight.reply;
    });
    open.ready.catch(() => undefined);
    this.#open = open;
    return open;
  }

  /** Waits for EXAMINE; `behind` was sent behind it and is then no longer of interest if the folder did not open. */
  async #opened(open: OpenFolder, uidValidity: number, behind: Promise<unknown>): Promise<void> {
    behind.catch(() => undefined);
    await open.ready;
    this.#checkValidity(open, uidValidity);
  }

  #checkValidity(open: OpenFolder, uidValidity: number): void {
    const { outcome } = open;
    if (outcome === undefined)
      throw new TransientError({ code: 'SERVER_MISBEHAVES', message: 'Source: items of a folder that is not open.' });
    if (outcome.reply.status !== 'OK') {
      this.#open = undefined;
      throw new ConflictError({ code: 'FOLDER_CHANGED', message: 'A folder of the source cannot be opened any more.' });
    }
    if (outcome.mailbox.uidValidity !== uidValidity) {
      throw new ConflictError({
        code: 'FOLDER_CHANGED',
        message: 'A folder of the source was made anew (its UIDVALIDITY changed).',
      });
    }
  }
}
