import type { ImapServer } from '../../domain/endpoint.ts';
import type { FolderState, ItemEnvelope, ItemListing, TargetProfile } from '../../domain/mail.ts';
import { TransientError } from '../../domain/errors.ts';
import type { ItemSink, MailboxCredentials } from '../../ports/mail-source.ts';
import type {
  FolderCreation,
  MailTarget,
  NamingRules,
  PageWriter,
  TargetFolder,
  TargetMailbox,
  WriteOutcome,
} from '../../ports/mail-target.ts';
import {
  type ImapServerName,
  isOverQuota,
  isTooLarge,
  throttling,
  translateImapError,
  translating,
} from './imap-errors.ts';
import { listFolders, nameOf, type MailboxRoot } from './imap-folders.ts';
import { descriptionOf, identityOf, openSignedIn, serverName, type ImapServices } from './imap-login.ts';
import { folderStateOf, listRange } from './imap-reading.ts';
import { AppendWriter, type AppendOutcome } from './protocol/append-writer.ts';
import { createMailbox, renameMailbox } from './protocol/change-mailboxes.ts';
import { copyMessages, expungeUids, storeFlags } from './protocol/change-messages.ts';
import { fetchBodies } from './protocol/fetch-bodies.ts';
import type { ImapConnection } from './protocol/imap-connection.ts';
import { ImapReplyError } from './protocol/imap-error.ts';
import { openMailbox, type SelectedMailbox } from './protocol/mailbox-status.ts';
import type { Reply } from './protocol/reply.ts';
import { formatUidSets } from './protocol/uid-set.ts';

export function imapMailTarget(server: ImapServer, services: ImapServices): MailTarget {
  return {
    async open(mailbox: MailboxCredentials, signal: AbortSignal): Promise<TargetMailbox> {
      const connection = await openSignedIn(services, server, { role: 'target', mailbox, signal });
      const name = serverName(server, 'target');
      return translating(name, async () => {
        const [{ root }, inbox] = await Promise.all([listFolders(connection), openedInbox(connection)]);
        return new ImapTargetMailbox(connection, { identity: identityOf(server, mailbox), name, root, inbox });
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

function profileOf(connection: ImapConnection, inbox: SelectedMailbox | undefined): TargetProfile {
  const { capabilities } = connection;
  const limit = Number(connection.capabilityValue('APPENDLIMIT') ?? Number.NaN);
  return {
    sameness: 'bytes',
    multiAppend: capabilities.has('MULTIAPPEND'),
    nonSyncLiterals: capabilities.has('LITERAL+'),
    uidPlus: capabilities.has('UIDPLUS'),
    condStore: capabilities.has('CONDSTORE'),
    keywords: inbox?.permanentFlags?.includes('\\*') ?? true,
    ...(Number.isInteger(limit) ? { appendLimit: limit } : {}),
  };
}

class ImapTargetMailbox implements TargetMailbox {
  readonly identity: string;
  readonly description: string;
  readonly profile: TargetProfile;
  readonly naming: NamingRules;
  readonly #connection: ImapConnection;
  readonly #root: MailboxRoot;
  readonly #server: ImapServerName;

  constructor(
    connection: ImapConnection,
    about: {
      readonly identity: string;
      readonly name: ImapServerName;
      readonly root: MailboxRoot;
      readonly inbox: SelectedMailbox | undefined;
    },
  ) {
    this.#connection = connection;
    this.#root = about.root;
    this.#server = about.name;
    this.identity = about.identity;
    this.description = descriptionOf(connection);
    this.profile = profileOf(connection, about.inbox);
    this.naming = { separator: about.root.separator, prefix: about.root.prefix, caseInsensitive: false };
  }

  listFolders(): Promise<readonly TargetFolder[]> {
    return translating(this.#server, async () => (await listFolders(this.#connection)).folders);
  }

  createFolders(paths: readonly (readonly string[])[]): Promise<readonly FolderCreation[]> {
    return translating(this.#server, () => Promise.all(paths.map((path) => this.#create(path))));
  }

  renameFolder(from: TargetFolder, to: readonly string[]): Promise<TargetFolder> {
    return translating(this.#server, async () => {
      const id = nameOf(to, this.#root);
      await renameMailbox(this.#connection, from.id, id);
      return { ...from, id, path: to };
    });
  }

  folderStates(folders: readonly TargetFolder[]): Promise<readonly (FolderState | 'missing')[]> {
    return translating(this.#server, () =>
      Promise.all(folders.map((folder) => folderStateOf(this.#connection, folder.id))),
    );
  }

  beginPage(folder: TargetFolder): PageWriter {
    return new ImapPageWriter(this.#connection, folder.id, this.#server);
  }

  listItems(
    folder: TargetFolder,
    range: { readonly from: number; readonly to?: number | undefined },
  ): Promise<readonly ItemListing[]> {
    if (range.to !== undefined && range.to < range.from) return Promise.resolve([]);
    return translating(this.#server, () =>
      this.#in(folder, 'EXAMINE', () => listRange(this.#connection, range.from, range.to)),
    );
  }

  readItems(
    folder: TargetFolder,
    request: { readonly uids: readonly number[]; readonly headersOnly?: boolean },
    sink: ItemSink,
  ): Promise<void> {
    return translating(this.#server, async () => {
      const section = request.headersOnly === true ? 'HEADER' : '';
      const fetched = await this.#in(folder, 'EXAMINE', () =>
        Promise.all(formatUidSets(request.uids).map((set) => fetchBodies(this.#connection, { set, section }, sink))),
      );
      for (const { reply } of fetched) if (reply.status !== 'OK') throw new ImapReplyError('UID FETCH', reply);
    });
  }

  changeFlags(
    folder: TargetFolder,
    changes: readonly { readonly uid: number; readonly add: readonly string[]; readonly remove: readonly string[] }[],
  ): Promise<void> {
    const byChange = Map.groupBy(
      changes.flatMap(({ uid, add, remove }) => [
        ...(add.length === 0 ? [] : [{ uid, operation: '+' as const, flags: add }]),
        ...(remove.length === 0 ? [] : [{ uid, operation: '-' as const, flags: remove }]),
      ]),
      ({ operation, flags }) => `${operation}${flags.join(' ')}`,
    );
    return translating(this.#server, async () => {
      await this.#in(folder, 'SELECT', () =>
        Promise.all(
          [...byChange.values()].flatMap((group) => {
            const [first] = group;
            if (first === undefined) return [];
            const { operation, flags } = first;
            return formatUidSets(group.map(({ uid }) => uid)).map((set) =>
              storeFlags(this.#connection, { set, operation, flags }),
            );
          }),
        ),
      );
    });
  }

  moveItems(
    from: TargetFolder,
    to: TargetFolder,
    uids: readonly number[],
  ): Promise<readonly { readonly from: number; readonly to: number | undefined }[]> {
    if (uids.length === 0) return Promise.resolve([]);
    const command = this.#connection.capabilities.has('MOVE') ? 'MOVE' : 'COPY';
    return translating(this.#server, async () => {
      const [set = '', ...more] = formatUidSets(uids);
      const moved = await this.#in(from, 'SELECT', () =>
        Promise.all(
          [set, ...more].map((part) => copyMessages(this.#connection, { command, uids, set: part, to: to.id })),
        ),
      );
      if (command === 'COPY') await this.expunge(from, uids);
      const places = new Map(
        moved.flat().flatMap(({ from: uid, to: place }) => (place === undefined ? [] : [[uid, place]])),
      );
      return uids.map((uid) => ({ from: uid, to: places.get(uid) }));
    });
  }

  expunge(folder: TargetFolder, uids: readonly number[]): Promise<void> {
    return translating(this.#server, async () => {
      await this.#in(folder, 'SELECT', () =>
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

  async #create(path: readonly string[]): Promise<FolderCreation> {
    const id = nameOf(path, this.#root);
    const folder: TargetFolder = { id, path, selectable: true };
    try {
      return { outcome: (await createMailbox(this.#connection, id)) === 'exists' ? 'exists' : 'created', folder };
    } catch (error) {
      if (!(error instanceof ImapReplyError) || throttling(error.reply) !== undefined) throw error;
      return { outcome: 'refused', path, text: error.reply.text };
    }
  }

  /**
   * Opens the folder anew each time: a folder that is already open need not show what arrived since (RFC 9051 section
   * 5.2). The commands of `work` are sent in the same turn as the SELECT.
   */
  async #in<Result>(folder: TargetFolder, mode: 'EXAMINE' | 'SELECT', work: () => Promise<Result>): Promise<Result> {
    let reply: Reply | undefined;
    const opening = openMailbox(this.#connection, {
      name: folder.id,
      mode,
      onOpened: (outcome) => {
        reply = outcome.reply;
      },
    });
    const working = work();
    working.catch(() => undefined);
    await (
      await opening
    ).reply;
    if (reply?.status !== 'OK') {
      throw new TransientError({ code: 'SERVER_MISBEHAVES', message: 'Target: a folder cannot be opened any more.' });
    }
    return working;
  }
}

class ImapPageWriter implements PageWriter {
  readonly #connection: ImapConnection;
  readonly #mailbox: string;
  readonly #server: ImapServerName;
  #writer: AppendWriter | undefined;

  constructor(connection: ImapConnection, mailbox: string, server: ImapServerName) {
    this.#connection = connection;
    this.#mailbox = mailbox;
    this.#server = server;
  }

  begin(envelope: ItemEnvelope): void | Promise<void> {
    if (this.#writer !== undefined) return this.#writer.message(envelope);
    return translating(this.#server, async () => {
      this.#writer = await AppendWriter.begin(this.#connection, this.#mailbox);
      await this.#writer.message(envelope);
    });
  }

  write(octets: Uint8Array): void | Promise<void> {
    return this.#open().write(octets);
  }

  end(): void {
    this.#open().endMessage();
  }

  finish(): Promise<readonly WriteOutcome[]> {
    const writer = this.#writer;
    if (writer === undefined) return Promise.resolve([]);
    return translating(this.#server, async () =>
      (await writer.finish()).flatMap((command) => outcomesOf(command, this.#server)),
    );
  }

  #open(): AppendWriter {
    if (this.#writer === undefined) throw new Error('A page was written to before an item was begun');
    return this.#writer;
  }
}

/** Every item of one APPEND command shares its fate. */
function outcomesOf(command: AppendOutcome, server: ImapServerName): WriteOutcome[] {
  const { messages, reply, uids, uidValidity } = command;
  const each = Array.from({ length: messages }, (_, at) => at);
  if (reply.status === 'OK') return each.map((at) => ({ outcome: 'written', uid: uids[at], uidValidity }));
  // Size first: Dovecot refuses a message over its limit with [LIMIT], which elsewhere means throttling.
  if (!isTooLarge(reply) && (throttling(reply) !== undefined || isOverQuota(reply))) {
    throw translateImapError(new ImapReplyError('APPEND', reply), server);
  }
  const code = isTooLarge(reply) ? 'ITEM_TOO_LARGE' : 'ITEM_REFUSED';
  return each.map(() => ({ outcome: 'refused', code, text: reply.text, atomic: messages > 1 }));
}
