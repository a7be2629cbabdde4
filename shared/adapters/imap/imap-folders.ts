import type { FolderRole, FolderState } from '../../domain/mail.ts';
import type { LeftOutFolder } from '../../ports/mail-source.ts';
import type { ImapConnection } from './protocol/imap-connection.ts';
import { listMailboxes, namespaces, type ListedMailbox, type Namespaces } from './protocol/mailbox-listing.ts';
import type { MailboxStatus } from './protocol/mailbox-status.ts';
import { decodeModifiedUtf7, encodeModifiedUtf7 } from './protocol/modified-utf7.ts';

export interface ImapFolder {
  readonly id: string;
  readonly path: readonly string[];
  readonly role?: FolderRole | undefined;
  readonly selectable: boolean;
}

/** Where a mailbox's own folders lie among all that the server shows (RFC 2342), or below UserRoot. */
export interface MailboxRoot {
  /** As on the wire. */
  readonly prefix: string;
  readonly separator: string | null;
}

export interface FolderList {
  readonly root: MailboxRoot;
  readonly folders: readonly ImapFolder[];
  readonly leftOut: readonly LeftOutFolder[];
}

/** RFC 6154 and RFC 8457; \Spam is XLIST's word for \Junk. */
const roles: Readonly<Record<string, FolderRole>> = {
  '\\inbox': 'inbox',
  '\\sent': 'sent',
  '\\drafts': 'drafts',
  '\\trash': 'trash',
  '\\junk': 'junk',
  '\\spam': 'junk',
  '\\archive': 'archive',
  '\\all': 'all',
  '\\allmail': 'all',
  '\\flagged': 'flagged',
  '\\starred': 'flagged',
  '\\important': 'important',
};

/** Views over other folders' messages: copying them would double every item. */
const virtualRoles: readonly FolderRole[] = ['all', 'flagged', 'important'];

/**
 * The folders of a mailbox that was just opened, asked for at once: who plans a pass by them waits one round trip less, and
 * another one less where the server tells their states with them. They count only as long as nothing else is sent: later
 * questions are to show what happened meanwhile.
 */
export class FoldersAtOpening {
  readonly listed: Promise<FolderList>;
  readonly #connection: ImapConnection;
  readonly #turns: number;
  readonly #statuses = new Map<string, MailboxStatus>();
  #statesTaken = false;

  constructor(
    connection: ImapConnection,
    { userRoot, states = false }: { userRoot?: string | undefined; states?: boolean } = {},
  ) {
    this.#connection = connection;
    this.listed = listFolders(connection, { userRoot, statuses: states ? this.#statuses : undefined });
    // A connection that is lost meanwhile is met by whoever asks.
    this.listed.catch(() => undefined);
    this.#turns = connection.turns;
  }

  /** Undefined where they are to be asked for anew. */
  get stillValid(): Promise<FolderList> | undefined {
    return this.#turns === this.#connection.turns ? this.listed : undefined;
  }

  /**
   * By wire name, in order, once: who asks again wants to see what changed. Undefined where they are to be asked for anew, or
   * the listing did not tell all of them.
   */
  takeStates(names: readonly string[]): Promise<readonly FolderState[] | undefined> | undefined {
    if (this.#statesTaken) return undefined;
    this.#statesTaken = true;
    const told = (): readonly FolderState[] | undefined => {
      const states = names.flatMap((name) => stateIn(this.#statuses.get(name)) ?? []);
      return states.length === names.length ? states : undefined;
    };
    // Where the listing failed, whoever asks next is told why.
    return this.stillValid?.then(told, () => undefined);
  }
}

/** Undefined where the server left out what RFC 3501 lets it leave out, or more. */
function stateIn(status: MailboxStatus | undefined): FolderState | undefined {
  const { uidValidity, uidNext, messages, highestModSeq, mailboxId } = status ?? {};
  if (uidValidity === undefined || uidNext === undefined || messages === undefined) return undefined;
  return { uidValidity, uidNext, messages, highestModSeq, mailboxId };
}

export async function listFolders(
  connection: ImapConnection,
  {
    userRoot,
    statuses,
  }: { readonly userRoot?: string | undefined; readonly statuses?: Map<string, MailboxStatus> | undefined } = {},
): Promise<FolderList> {
  const none: Namespaces = { personal: [], otherUsers: [], shared: [] };
  const [spaces, mailboxes] = await Promise.all([
    connection.capabilities.has('NAMESPACE') ? namespaces(connection) : none,
    // Below a UserRoot a second command lists the folders: states of all others are of no use.
    listMailboxes(connection, { statuses: userRoot === undefined ? statuses : undefined }),
  ]);
  const separator =
    mailboxes.find((mailbox) => mailbox.delimiter !== null)?.delimiter ?? spaces.personal[0]?.delimiter ?? null;
  if (userRoot !== undefined) return belowUserRoot(connection, { userRoot, separator });
  return personalFolders(mailboxes, spaces, separator);
}

function personalFolders(
  mailboxes: readonly ListedMailbox[],
  spaces: Namespaces,
  separator: string | null,
): FolderList {
  const root = { prefix: spaces.personal[0]?.prefix ?? '', separator };
  const folders = new Map<string, ImapFolder>();
  const leftOut: LeftOutFolder[] = [];
  for (const mailbox of mailboxes) {
    const name = decodeModifiedUtf7(mailbox.name);
    const reason = foreign(mailbox.name, spaces, root);
    if (reason !== undefined) {
      leftOut.push({ name, reason });
      continue;
    }
    const folder = folderOf(mailbox, root);
    if (folder === undefined) continue;
    if (folder.role !== undefined && virtualRoles.includes(folder.role)) leftOut.push({ name, reason: 'virtual' });
    else folders.set(folder.id, folder);
  }
  return { root, folders: [...folders.values()], leftOut };
}

function foreign(name: string, spaces: Namespaces, root: MailboxRoot): LeftOutFolder['reason'] | undefined {
  const within = (prefix: string, separator: string | null): boolean => {
    const bare = separator !== null && prefix.endsWith(separator) ? prefix.slice(0, -1) : prefix;
    return prefix !== root.prefix && bare !== '' && (name === bare || name.startsWith(prefix));
  };
  if (spaces.otherUsers.some(({ prefix, delimiter }) => within(prefix, delimiter))) return 'other-users';
  return spaces.shared.some(({ prefix, delimiter }) => within(prefix, delimiter)) ? 'shared-namespace' : undefined;
}

/** Courier's and others' virtual shared folders: another mailbox below the signed-in one's name space. */
async function belowUserRoot(
  connection: ImapConnection,
  { userRoot, separator }: { readonly userRoot: string; readonly separator: string | null },
): Promise<FolderList> {
  const bare = encodeModifiedUtf7(userRoot).replace(/[/.]+$/, '');
  const prefix = `${bare}${separator ?? ''}`;
  const [itself, below] = await Promise.all([
    listMailboxes(connection, { pattern: bare }),
    listMailboxes(connection, { pattern: `${prefix}*` }),
  ]);
  const root = { prefix, separator };
  const folders = below.flatMap((mailbox) => folderOf(mailbox, root) ?? []);
  const inbox = folders.some((folder) => folder.path.length === 1 && folder.path[0] === 'INBOX');
  const top = itself.find((mailbox) => !unselectable(mailbox));
  if (!inbox && top !== undefined) folders.unshift({ id: top.name, path: ['INBOX'], role: 'inbox', selectable: true });
  return { root, folders, leftOut: [] };
}

function folderOf(mailbox: ListedMailbox, root: MailboxRoot): ImapFolder | undefined {
  const isInbox = mailbox.name.toUpperCase() === 'INBOX';
  const local =
    !isInbox && mailbox.name.startsWith(root.prefix) ? mailbox.name.slice(root.prefix.length) : mailbox.name;
  const separator = mailbox.delimiter ?? root.separator;
  const parts = (separator === null ? [local] : local.split(separator)).map(decodeModifiedUtf7);
  if (local === '' || parts.every((part) => part === '')) return undefined;
  const [first = '', ...rest] = parts;
  const top = first.toUpperCase() === 'INBOX' ? ['INBOX', ...rest] : parts;
  // `INBOX.INBOX` below the prefix `INBOX.` is not the inbox: only INBOX itself is (RFC 9051 section 5.1).
  const path = local !== mailbox.name && top.length === 1 && top[0] === 'INBOX' ? ['INBOX', 'INBOX'] : top;
  const role = path.length === 1 && path[0] === 'INBOX' ? 'inbox' : roleOf(mailbox);
  return {
    id: mailbox.name,
    // A name that ends in the separator names the same level.
    path: path.at(-1) === '' ? path.slice(0, -1) : path,
    selectable: !unselectable(mailbox),
    ...(role === undefined ? {} : { role }),
  };
}

function roleOf(mailbox: ListedMailbox): FolderRole | undefined {
  for (const attribute of mailbox.attributes) {
    const role = roles[attribute];
    if (role !== undefined) return role;
  }
  return undefined;
}

function unselectable(mailbox: ListedMailbox): boolean {
  return mailbox.attributes.has('\\noselect') || mailbox.attributes.has('\\nonexistent');
}

/** The wire name of a path below the root. */
export function nameOf(path: readonly string[], root: MailboxRoot): string {
  const name = path.map(encodeModifiedUtf7).join(root.separator ?? '');
  return path[0]?.toUpperCase() === 'INBOX' ? name : `${root.prefix}${name}`;
}
