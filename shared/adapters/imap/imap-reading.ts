import { TransientError } from '../../domain/errors.ts';
import type { FolderState, ItemListing } from '../../domain/mail.ts';
import type { ItemSink } from '../../ports/mail-source.ts';
import type { FolderRequest, FolderSession } from './folder-session.ts';
import { throttling } from './imap-errors.ts';
import { fetchBodies } from './protocol/fetch-bodies.ts';
import { fetchListing, searchUids } from './protocol/fetch-listing.ts';
import { ImapReplyError } from './protocol/imap-error.ts';
import { listMailboxes } from './protocol/mailbox-listing.ts';
import { mailboxStatus, type MailboxStatus, type SelectedMailbox } from './protocol/mailbox-status.ts';
import type { Reply } from './protocol/reply.ts';
import { formatUidSets } from './protocol/uid-set.ts';
import { shortText } from '../short-text.ts';

/**
 * STATUS of folders (wire names), in order. Of the selected one a server may tell no more than it told the client before
 * (RFC 9051 section 6.3.11): so none is selected, or the client asks what is new, and waits, since Dovecot looks only when
 * nothing else is asked. Without a selected folder the commands are sent at once, in one turn with what was sent before.
 */
export async function folderStatesOf(
  session: FolderSession,
  names: readonly string[],
): Promise<readonly (FolderState | 'missing')[]> {
  if (!session.unselect()) await session.connection.execute({ name: 'NOOP', parts: ['NOOP'] });
  return Promise.all(names.map((name) => folderStateOf(session, name)));
}

/** STATUS of one folder (wire name); 'missing' where it does not exist. */
async function folderStateOf(session: FolderSession, name: string): Promise<FolderState | 'missing'> {
  try {
    const told = await mailboxStatus(session.connection, name);
    return await completeState(session, name, { told, without: 'A STATUS reply lacks UIDVALIDITY or MESSAGES.' });
  } catch (error) {
    if (error instanceof ImapReplyError && (await isMissing(session, name, error.reply))) {
      return 'missing';
    }
    throw error;
  }
}

/** What a server told of a folder, with what it may leave out; `without`: what to say where it left out more. */
async function completeState(
  session: FolderSession,
  name: string,
  { told, without }: { readonly told: MailboxStatus | undefined; readonly without: string },
): Promise<FolderState> {
  const { uidValidity, uidNext, messages, highestModSeq, mailboxId } = told ?? {};
  if (uidValidity === undefined || messages === undefined)
    throw new TransientError({ code: 'SERVER_MISBEHAVES', message: without });
  const next = uidNext ?? (await uidNextByListing(session, name));
  return { uidValidity, uidNext: next, messages, highestModSeq, mailboxId };
}

/**
 * A NO to STATUS may mean anything; a folder that is taken for gone is one whose mail is not copied. So unless the
 * server says NONEXISTENT (RFC 5530), LIST is asked too.
 */
async function isMissing({ connection }: FolderSession, name: string, reply: Reply): Promise<boolean> {
  if (reply.code === 'NONEXISTENT') {
    return true;
  }
  if (reply.status !== 'NO' || throttling(reply) !== undefined || /[*%]/.test(name)) {
    return false;
  }
  const listed = await listMailboxes(connection, { pattern: name });
  return listed.every(({ attributes }) => attributes.has('\\nonexistent') || attributes.has('\\noselect'));
}

/** RFC 3501 section 6.3.1 lets a server leave UIDNEXT out. */
async function uidNextByListing(session: FolderSession, name: string): Promise<number> {
  const uids = await session.within({ name, mode: 'EXAMINE', anew: true }, () => searchUids(session.connection, 'ALL'));
  return (uids.at(-1) ?? 0) + 1;
}

/** Items from one UID to another (to the end where there is none), ascending. */
export async function listRange(
  session: FolderSession,
  folder: FolderRequest,
  range: { readonly from: number; readonly to?: number | undefined },
): Promise<ItemListing[]> {
  const { items } = await listOpened(session, folder, range);
  return items;
}

/**
 * As `listRange`, with the folder's state as the server told it when it opened the folder for the listing: what came since
 * is in neither. One round trip, where STATUS and a listing up to its UIDNEXT are two.
 */
export async function listWithState(
  session: FolderSession,
  folder: FolderRequest,
  range: { readonly from: number; readonly to: number },
): Promise<{ readonly state: FolderState; readonly items: readonly ItemListing[] }> {
  const { items, told } = await listOpened(session, { ...folder, anew: true }, range);
  const without = 'A folder was opened without UIDVALIDITY or EXISTS.';
  const state = await completeState(session, folder.name, { told, without });
  return { state, items: items.filter(({ uid }) => uid < state.uidNext) };
}

async function listOpened(
  session: FolderSession,
  folder: FolderRequest,
  range: { readonly from: number; readonly to?: number | undefined },
): Promise<{ readonly items: ItemListing[]; readonly told: SelectedMailbox | undefined }> {
  const { from, to } = range;
  const items: ItemListing[] = [];
  const told = await session.within(folder, async (opened) => {
    await fetchListing(session.connection, `${String(from)}:${to === undefined ? '*' : String(to)}`, (item) => {
      // RFC 9051 section 9: `n:*` names the last message even where its UID is below n.
      if (item.uid >= from && (to === undefined || item.uid <= to)) {
        items.push(item);
      }
    });
    return opened.told();
  });
  return { items: ascending(items), told };
}

/** Servers send messages ascending; one whose flags change meanwhile may come again, and then the later one counts. */
function ascending(items: ItemListing[]): ItemListing[] {
  let last = 0;
  for (const { uid } of items) {
    if (uid <= last) {
      return [...new Map(items.map((item) => [item.uid, item])).values()].sort((a, b) => a.uid - b.uid);
    }
    last = uid;
  }
  return items;
}

export interface UnreadableItem {
  readonly uid: number;
  readonly text: string;
}

/**
 * Streams items to the sink, ascending, each at most once. Those that do not come are asked for: gone ones are simply
 * not delivered, those that are there and still do not come are returned, with the server's words.
 */
export async function readBodies(
  session: FolderSession,
  request: { readonly folder: FolderRequest; readonly uids: readonly number[]; readonly headersOnly: boolean },
  sink: ItemSink,
): Promise<readonly UnreadableItem[]> {
  const unreadable: UnreadableItem[] = [];
  const reader = new BodyReader(session, request, sink);
  for (const set of formatUidSets(request.uids)) {
    const reply = await reader.read(set);
    for (const uid of await reader.leftOut(set, reply)) {
      const again = await reader.read(String(uid));
      if (!reader.delivered(uid)) {
        unreadable.push({ uid, text: shortText(again.text === '' ? 'The server sends nothing for it.' : again.text) });
      }
    }
  }
  return unreadable;
}

class BodyReader {
  readonly #session: FolderSession;
  readonly #folder: FolderRequest;
  readonly #section: '' | 'HEADER';
  readonly #sink: ItemSink;
  /** Asked for and not delivered yet. */
  readonly #due: Set<number>;
  readonly #asked: readonly number[];

  constructor(
    session: FolderSession,
    request: { readonly folder: FolderRequest; readonly uids: readonly number[]; readonly headersOnly: boolean },
    sink: ItemSink,
  ) {
    this.#session = session;
    this.#folder = request.folder;
    this.#section = request.headersOnly ? 'HEADER' : '';
    this.#sink = sink;
    this.#asked = request.uids;
    this.#due = new Set(request.uids);
  }

  delivered(uid: number): boolean {
    return !this.#due.has(uid);
  }

  async read(set: string): Promise<Reply> {
    return this.#session.within(this.#folder, async (folder) => {
      let wanted = false;
      const { reply } = await fetchBodies(
        this.#session.connection,
        { set, section: this.#section },
        {
          begin: (item) => {
            folder.verify();
            // Twice, or from a gap within the set: not for the sink.
            wanted = this.#due.delete(item.uid);
            return wanted ? this.#sink.begin(item) : undefined;
          },
          chunk: (octets) => (wanted ? this.#sink.chunk(octets) : undefined),
          end: () => (wanted ? this.#sink.end() : undefined),
        },
      );
      return reply;
    });
  }

  /** Of a set that was read: what did not come although it is there. */
  async leftOut(set: string, reply: Reply): Promise<readonly number[]> {
    if (this.#due.size === 0) {
      return [];
    }
    if (reply.status !== 'OK' && throttling(reply) !== undefined) {
      throw new ImapReplyError('UID FETCH', reply);
    }
    const there = await this.#session.within({ ...this.#folder, anew: true }, () =>
      searchUids(this.#session.connection, `UID ${set}`),
    );
    const present = new Set(there);
    return this.#asked.filter((uid) => this.#due.has(uid) && present.has(uid));
  }
}
