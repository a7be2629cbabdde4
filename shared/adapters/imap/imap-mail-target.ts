import type { ImapServer, Keeps } from '../../domain/endpoint.ts';
import { ItemRefusedError, TransientError } from '../../domain/errors.ts';
import type { FolderState, ItemListing, TargetProfile } from '../../domain/mail.ts';
import type { ItemSink, MailboxCredentials } from '../../ports/mail-source.ts';
import type {
  FolderCreation,
  MailTarget,
  NamingRules,
  PageWriter,
  TargetFolder,
  TargetMailbox,
} from '../../ports/mail-target.ts';
import { FolderSession } from './folder-session.ts';
import { type ImapServerName, isOverQuota, throttling, translating } from './imap-errors.ts';
import { FoldersAtOpening, listFolders, nameOf, type MailboxRoot } from './imap-folders.ts';
import { descriptionOf, identityOf, openSignedIn, serverName, type ImapServices } from './imap-login.ts';
import { ImapPageWriter } from './imap-page-writer.ts';
import { folderStatesOf, listRange, listWithState, readBodies } from './imap-reading.ts';
import { createMailbox, renameMailbox } from './protocol/change-mailboxes.ts';
import { copyMessages, expungeUids, storeFlags } from './protocol/change-messages.ts';
import type { ImapConnection } from './protocol/imap-connection.ts';
import { ImapReplyError } from './protocol/imap-error.ts';
import { openMailbox, type SelectedMailbox } from './protocol/mailbox-status.ts';
import { formatUidSets, parseUidSet } from './protocol/uid-set.ts';
import { shortText } from '../short-text.ts';

export function imapMailTarget(server: ImapServer, services: ImapServices): MailTarget {
  return {
    async open(mailbox: MailboxCredentials, signal: AbortSignal): Promise<TargetMailbox> {
      const connection = await openSignedIn(services, server, { role: 'target', mailbox, signal });
      const name = serverName(server, 'target');
      return translating(name, async () => {
        const opening = openedInbox(connection);
        const folders = new FoldersAtOpening(connection);
        const [inbox, { root }] = await Promise.all([opening, folders.listed]);
        return new ImapTargetMailbox(connection, {
          identity: identityOf(server, mailbox),
          name,
          folders,
          root,
          inbox,
          keeps: server.keeps,
        });
      });
    },
  };
}

/** SELECT, since EXAMINE announces no PERMANENTFLAGS: they tell whether keywords are kept (RFC 9051 section 7.1). */
async function openedInbox(connection: ImapConnection): Promise<SelectedMailbox | undefined> {
  let selected: SelectedMailbox | undefined;
  const inFlight = await openMailbox(connection, {
    name: 'INBOX',
    mode: 'SELECT',
    onOpened: ({ mailbox }) => {
      selected = mailbox;
    },
  });
  await inFlight.reply;
  return selected;
}

/** Exchange rebuilds messages from its store: their octets are not those that were sent. */
export function isExchange(connection: ImapConnection): boolean {
  return /microsoft exchange/i.test(connection.greetingText);
}

/** What was found out by test messages counts; until then the greeting has to do. */
function profileOf(
  connection: ImapConnection,
  { inbox, keeps }: { readonly inbox: SelectedMailbox | undefined; readonly keeps: Keeps | undefined },
): TargetProfile {
  const { capabilities } = connection;
  const limit = Number(connection.capabilityValue('APPENDLIMIT') ?? Number.NaN);
  return {
    sameness: (keeps?.octets ?? !isExchange(connection)) ? 'bytes' : 'fingerprint',
    dates: keeps?.dates ?? true,
    multiAppend: capabilities.has('MULTIAPPEND'),
    nonSyncLiterals: capabilities.has('LITERAL+'),
    uidPlus: capabilities.has('UIDPLUS'),
    condStore: capabilities.has('CONDSTORE'),
    keywords: (inbox?.permanentFlags?.includes('\\*') ?? true) && keeps?.keywords !== false,
    ...(Number.isInteger(limit) ? { appendLimit: limit } : {}),
  };
}

class ImapTargetMailbox implements TargetMailbox {
  readonly identity: string;
  readonly description: string;
  readonly profile: TargetProfile;
  readonly naming: NamingRules;
  readonly #connection: ImapConnection;
  readonly #session: FolderSession;
  readonly #folders: FoldersAtOpening;
  readonly #root: MailboxRoot;
  readonly #server: ImapServerName;

  constructor(
    connection: ImapConnection,
    about: {
      readonly identity: string;
      readonly name: ImapServerName;
      readonly folders: FoldersAtOpening;
      readonly root: MailboxRoot;
      readonly inbox: SelectedMailbox | undefined;
      readonly keeps: Keeps | undefined;
    },
  ) {
    this.#connection = connection;
    this.#folders = about.folders;
    this.#root = about.root;
    this.#server = about.name;
    this.identity = about.identity;
    this.description = descriptionOf(connection);
    this.profile = profileOf(connection, about);
    const { separator, prefix } = about.root;
    this.naming = { separator, prefix, caseInsensitive: isExchange(connection) };
    this.#session = new FolderSession(connection, about.name);
  }

  foldersAtOpening(): Promise<readonly TargetFolder[]> | undefined {
    return this.#folders.stillValid?.then(({ folders }) => folders);
  }

  listFolders(): Promise<readonly TargetFolder[]> {
    return translating(this.#server, async () => (await listFolders(this.#connection)).folders);
  }

  createFolders(paths: readonly (readonly string[])[]): Promise<readonly FolderCreation[]> {
    return translating(this.#server, async () => {
      const names = paths.map((path) => nameOf(path, this.#root));
      // Sent behind each other without waiting: what becomes of a name and what is there then are one round trip.
      const creating = Promise.all(paths.map((path) => this.#create(path)));
      const [creations, states] = await Promise.all([creating, this.#toldStates(names)]);
      return creations.map((creation, at) =>
        creation.outcome === 'refused' ? creation : { ...creation, state: states[at] },
      );
    });
  }

  renameFolder(from: TargetFolder, to: readonly string[]): Promise<TargetFolder> {
    return translating(this.#server, async () => {
      const id = nameOf(to, this.#root);
      try {
        await renameMailbox(this.#connection, from.id, id);
      } catch (error) {
        // Some folders may not be renamed, and some names not be given: then it stays as it is.
        if (!(error instanceof ImapReplyError) || isAboutMailbox(error)) throw error;
        return from;
      }
      return { ...from, id, path: to };
    });
  }

  folderStates(folders: readonly TargetFolder[]): Promise<readonly (FolderState | 'missing')[]> {
    if (folders.length === 0) return Promise.resolve([]);
    const names = folders.map((folder) => folder.id);
    return translating(this.#server, () => folderStatesOf(this.#session, names));
  }

  beginPage(folder: TargetFolder): PageWriter {
    return new ImapPageWriter(this.#session, { folder: folder.id, server: this.#server });
  }

  listItems(
    folder: TargetFolder,
    range: { readonly from: number; readonly to?: number | undefined },
  ): Promise<readonly ItemListing[]> {
    if (range.to !== undefined && range.to < range.from) {
      return Promise.resolve([]);
    }
    return translating(this.#server, () =>
      listRange(this.#session, { name: folder.id, mode: 'EXAMINE', anew: true }, range),
    );
  }

  listWithState(
    folder: TargetFolder,
    range: { readonly from: number; readonly to: number },
  ): Promise<{ readonly state: FolderState; readonly items: readonly ItemListing[] }> {
    return translating(this.#server, () => listWithState(this.#session, { name: folder.id, mode: 'EXAMINE' }, range));
  }

  readItems(
    folder: TargetFolder,
    request: { readonly uids: readonly number[]; readonly headersOnly?: boolean },
    sink: ItemSink,
  ): Promise<void> {
    const { uids, headersOnly = false } = request;
    const reading = { folder: { name: folder.id, mode: 'EXAMINE', anew: true }, uids, headersOnly } as const;
    return translating(this.#server, async () => {
      const [unreadable] = await readBodies(this.#session, reading, sink);
      if (unreadable !== undefined) {
        throw new TransientError({
          code: 'TARGET_UNAVAILABLE',
          message: `The target cannot read a message (UID ${String(unreadable.uid)}): ${unreadable.text}`,
        });
      }
    });
  }

  changeFlags(
    folder: TargetFolder,
    changes: readonly { readonly uid: number; readonly add: readonly string[]; readonly remove: readonly string[] }[],
  ): Promise<void> {
    const stores = [...storesOf(changes, '+'), ...storesOf(changes, '-')];
    if (stores.length === 0) {
      return Promise.resolve();
    }
    return translating(this.#server, async () => {
      const refused = await this.#store(folder, stores);
      // What is refused are keywords: too long, or more than the server keeps in a folder. The others go without them.
      const without = refused.map((store) => ({
        ...store,
        flags: store.flags.filter((flag) => flag.startsWith('\\')),
      }));
      const left = without.filter(({ flags }) => flags.length > 0);
      if (left.length > 0) await this.#store(folder, left);
    });
  }

  /** Returns what the server refused. */
  async #store(folder: TargetFolder, stores: readonly FlagStore[]): Promise<readonly FlagStore[]> {
    const done = await this.#session.within({ name: folder.id, mode: 'SELECT', anew: true }, () =>
      Promise.all(stores.map((store) => this.#isStored(store))),
    );
    return stores.filter((_, at) => done[at] === false);
  }

  async #isStored(store: FlagStore): Promise<boolean> {
    try {
      await storeFlags(this.#connection, store);
      return true;
    } catch (error) {
      const isRefusal = error instanceof ImapReplyError && error.reply.status === 'NO' && !isAboutMailbox(error);
      if (!isRefusal || store.flags.every((flag) => flag.startsWith('\\'))) throw error;
      return false;
    }
  }

  moveItems(
    from: TargetFolder,
    to: TargetFolder,
    uids: readonly number[],
  ): Promise<readonly { readonly from: number; readonly to: number | undefined }[]> {
    const command = this.#connection.capabilities.has('MOVE') ? 'MOVE' : 'COPY';
    return translating(this.#server, async () => {
      if (command === 'COPY') {
        // Without MOVE the originals must go by UID EXPUNGE; better no copy than two items.
        this.#requireUidPlus();
      }
      const moved = new Map<number, number | undefined>();
      for (const set of formatUidSets(uids)) {
        const part = await this.#session.within({ name: from.id, mode: 'SELECT', anew: true }, () =>
          copyMessages(this.#connection, { command, uids: parseUidSet(set), set, to: to.id }),
        );
        for (const place of part) {
          moved.set(place.from, place.to);
        }
      }
      if (command === 'COPY') {
        await this.expunge(from, uids);
      }
      return uids.map((uid) => ({ from: uid, to: moved.get(uid) }));
    });
  }

  expunge(folder: TargetFolder, uids: readonly number[]): Promise<void> {
    return translating(this.#server, async () => {
      this.#requireUidPlus();
      await this.#session.within({ name: folder.id, mode: 'SELECT', anew: true }, () =>
        Promise.all(
          formatUidSets(uids).flatMap((set) => [
            storeFlags(this.#connection, { set, operation: '+', flags: ['\\Deleted'] }),
            expungeUids(this.#connection, set),
          ]),
        ),
      );
    });
  }

  close(): Promise<void> {
    return this.#connection.close();
  }

  /** Undefined where the server refuses to tell: of a folder that it refused to create, or may tell when asked again. */
  #toldStates(names: readonly string[]): Promise<readonly (FolderState | 'missing' | undefined)[]> {
    return folderStatesOf(this.#session, names).catch((error: unknown) => {
      if (error instanceof ImapReplyError) return [];
      throw error;
    });
  }

  async #create(path: readonly string[]): Promise<FolderCreation> {
    const id = nameOf(path, this.#root);
    const folder: TargetFolder = { id, path, selectable: true };
    try {
      return { outcome: (await createMailbox(this.#connection, id)) === 'exists' ? 'exists' : 'created', folder };
    } catch (error) {
      if (!(error instanceof ImapReplyError) || isAboutMailbox(error)) throw error;
      return { outcome: 'refused', path, text: shortText(error.reply.text) };
    }
  }

  /** Plain EXPUNGE would remove everything that somebody marked \\Deleted (RFC 4315). */
  #requireUidPlus(): void {
    if (!this.#connection.capabilities.has('UIDPLUS')) {
      throw new ItemRefusedError({
        code: 'ITEM_REFUSED',
        message: `${this.#server.host} (target): single messages cannot be removed, the server lacks UIDPLUS.`,
      });
    }
  }
}

/** Not this folder's name is to blame, but the mailbox or the moment. */
function isAboutMailbox({ reply }: ImapReplyError): boolean {
  return throttling(reply) !== undefined || isOverQuota(reply) || reply.code === 'UNAVAILABLE';
}

interface FlagStore {
  readonly set: string;
  readonly operation: '+' | '-';
  readonly flags: readonly string[];
}

/** Few commands for many items: one for all that get the same flags. */
function storesOf(
  changes: readonly { readonly uid: number; readonly add: readonly string[]; readonly remove: readonly string[] }[],
  operation: '+' | '-',
): FlagStore[] {
  const flagsOf = (change: (typeof changes)[number]): readonly string[] =>
    operation === '+' ? change.add : change.remove;
  const alike = Map.groupBy(
    changes.filter((change) => flagsOf(change).length > 0),
    (change) => [...flagsOf(change)].sort().join(' '),
  );
  return [...alike].flatMap(([flags, group]) =>
    formatUidSets(group.map(({ uid }) => uid).sort((a, b) => a - b)).map((set) => ({
      set,
      operation,
      flags: flags.split(' '),
    })),
  );
}
