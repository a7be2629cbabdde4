import { ResponseCursor } from './response-cursor.ts';
import type { UntaggedData } from './command-queue.ts';
import type { ImapConnection } from './imap-connection.ts';
import { quoteString } from './imap-string.ts';
import { listedStatus, statusItems, type MailboxStatus } from './mailbox-status.ts';

export interface ListedMailbox {
  /** Attributes in lower case: `\noselect`, `\sent`. */
  readonly attributes: ReadonlySet<string>;
  /** null: no hierarchy. */
  readonly delimiter: string | null;
  /** The name as on the wire, which is what goes back to the server. */
  readonly name: string;
}

export interface NamespaceRoot {
  /** As on the wire. */
  readonly prefix: string;
  readonly delimiter: string | null;
}

export interface Namespaces {
  readonly personal: readonly NamespaceRoot[];
  readonly otherUsers: readonly NamespaceRoot[];
  readonly shared: readonly NamespaceRoot[];
}

/**
 * LIST with special uses (RFC 6154), XLIST where an old server has only that. `pattern` as on the wire. `statuses` gets what
 * STATUS would say of each, by its name, where the server tells that with the listing (RFC 5819).
 */
export async function listMailboxes(
  connection: ImapConnection,
  {
    pattern = '*',
    statuses,
  }: { readonly pattern?: string; readonly statuses?: Map<string, MailboxStatus> | undefined } = {},
): Promise<readonly ListedMailbox[]> {
  const mailboxes: ListedMailbox[] = [];
  await connection.execute({
    name: 'LIST',
    parts: [listCommand(connection.capabilities, pattern, statuses !== undefined)],
    accepts: statuses === undefined ? ['LIST', 'XLIST'] : ['LIST', 'XLIST', 'STATUS'],
    untagged: (data) => {
      if (data.kind === 'STATUS') {
        const told = listedStatus(data);
        if (told !== undefined) statuses?.set(...told);
        return;
      }
      const mailbox = readMailbox(data);
      if (mailbox !== undefined) {
        mailboxes.push(mailbox);
      }
    },
  });
  return mailboxes;
}

function listCommand(capabilities: ReadonlySet<string>, pattern: string, withStatus: boolean): string {
  const arguments_ = `"" ${quoteString(pattern)}`;
  const returned = [
    ...(capabilities.has('SPECIAL-USE') ? ['SPECIAL-USE'] : []),
    ...(withStatus && capabilities.has('LIST-STATUS') ? [`STATUS (${statusItems(capabilities)})`] : []),
  ];
  if (capabilities.has('LIST-EXTENDED') && returned.length > 0) {
    return `LIST ${arguments_} RETURN (${returned.join(' ')})`;
  }
  // RFC 6154 section 2: without LIST-EXTENDED a server may still send the attributes in plain LIST.
  return capabilities.has('XLIST') && !capabilities.has('SPECIAL-USE') ? `XLIST ${arguments_}` : `LIST ${arguments_}`;
}

function readMailbox(data: UntaggedData): ListedMailbox | undefined {
  const cursor = new ResponseCursor(data.response, data.position);
  const attributes = new Set(
    cursor
      .flatList()
      .toLowerCase()
      .split(' ')
      .filter((attribute) => attribute !== ''),
  );
  const delimiter = cursor.string() ?? null;
  cursor.skipBlanks();
  const name = /^["{~]/.test(cursor.rest) ? cursor.string() : cursor.word();
  return name === undefined || name === ''
    ? undefined
    : { attributes, delimiter: delimiter === '' ? null : delimiter, name };
}

/** RFC 2342. Servers without it have one personal namespace without a prefix. */
export async function namespaces(connection: ImapConnection): Promise<Namespaces> {
  let found: Namespaces = { personal: [], otherUsers: [], shared: [] };
  await connection.execute({
    name: 'NAMESPACE',
    parts: ['NAMESPACE'],
    accepts: ['NAMESPACE'],
    untagged: (data) => {
      const cursor = new ResponseCursor(data.response, data.position);
      found = { personal: readRoots(cursor), otherUsers: readRoots(cursor), shared: readRoots(cursor) };
    },
  });
  return found;
}

function readRoots(cursor: ResponseCursor): readonly NamespaceRoot[] {
  const value = cursor.value();
  if (value === undefined || typeof value === 'string') {
    return [];
  }
  return value.flatMap((root) => {
    if (root === undefined || typeof root === 'string') {
      return [];
    }
    const [prefix, delimiter] = root;
    return typeof prefix === 'string' ? [{ prefix, delimiter: typeof delimiter === 'string' ? delimiter : null }] : [];
  });
}
