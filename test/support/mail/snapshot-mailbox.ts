import { createHash } from 'node:crypto';
import type { DovecotServer } from '../dovecot/dovecot-server.ts';
import { decodeModifiedUtf7 } from './modified-utf7.ts';
import { PlainImapClient, quoted } from './plain-imap-client.ts';
import type { Response } from './plain-imap-client.ts';

export type MessageSnapshot = {
  readonly uid: number;
  /** Of BODY[] as the server sent it, with CRLF. */
  readonly sha256: string;
  readonly size: number;
  /** System flags but \Recent, sorted. */
  readonly flags: readonly string[];
  readonly keywords: readonly string[];
  /** Seconds since 1970. */
  readonly internalDate: number;
};

export type FolderSnapshot = {
  /** Decoded, without the namespace's prefix, levels joined by `/`; a `/` inside a level is written `\/`. */
  readonly path: string;
  /** As it stands in LIST: modified UTF-7, prefix and server separator. */
  readonly name: string;
  readonly specialUse: string | undefined;
  readonly uidValidity: number;
  readonly uidNext: number;
  readonly messages: readonly MessageSnapshot[];
};

/** Folders that can be selected, by path. */
export type MailboxSnapshot = ReadonlyMap<string, FolderSnapshot>;

export type SnapshotLogin = {
  readonly port: number;
  readonly host?: string;
  readonly user: string;
  readonly password: string;
};

/** Reads a whole mailbox with EXAMINE and BODY.PEEK: folders, every body's digest, flags, keywords and dates. */
export async function snapshotMailbox({ port, host, user, password }: SnapshotLogin): Promise<MailboxSnapshot> {
  const client = await PlainImapClient.connect(port, host);
  try {
    await client.login(user, password);
    const prefix = await personalPrefix(client);
    const { untagged } = await client.command('LIST "" "*"');
    const listed = untagged.flatMap((response) => listedFolder(response, prefix));
    // All commands are sent at once; the client keeps their answers apart by their order.
    const folders = await Promise.all(listed.map(async (folder) => snapshotFolder(client, folder)));
    return new Map(folders.filter((folder) => folder !== undefined).map((folder) => [folder.path, folder]));
  } finally {
    client.close();
  }
}

/** Shorthand for a Dovecot of these tests. */
export async function snapshotDovecot(server: DovecotServer, user: string): Promise<MailboxSnapshot> {
  const password = server.options.users[user];
  if (password === undefined) throw new Error(`This Dovecot knows no user ${user}.`);
  return snapshotMailbox({ port: server.imapPort, user, password });
}

/** How many messages the user's mailbox holds. */
export async function countMessages(server: DovecotServer, user: string): Promise<number> {
  const folders = [...(await snapshotDovecot(server, user)).values()];
  return folders.reduce((sum, { messages }) => sum + messages.length, 0);
}

type ListedFolder = Pick<FolderSnapshot, 'path' | 'name' | 'specialUse'>;

async function personalPrefix(client: PlainImapClient): Promise<string> {
  const { untagged } = await client.command('NAMESPACE');
  const line = untagged.find((response) => response.line.startsWith('* NAMESPACE'))?.line ?? '';
  return /^\* NAMESPACE \(\("((?:[^"\\]|\\.)*)"/.exec(line)?.[1] ?? '';
}

function listedFolder({ line, literals }: Response, prefix: string): ListedFolder[] {
  const match = /^\* LIST \(([^)]*)\) (?:"((?:[^"\\]|\\.)*)"|NIL) ?(.*)$/.exec(line);
  const attributes = (match?.[1] ?? '').split(' ');
  if (match === null || attributes.some((attribute) => /^\\(noselect|nonexistent)$/i.test(attribute))) return [];
  const name = literals[0]?.text ?? unquoted(match[3] ?? '');
  const separator = unquoted(`"${match[2] ?? ''}"`);
  const own = name.startsWith(prefix) ? name.slice(prefix.length) : name;
  const levels = separator === '' ? [own] : own.split(separator);
  return [
    {
      path: levels.map((level) => decodeModifiedUtf7(level).replaceAll('/', '\\/')).join('/'),
      name,
      specialUse: attributes.find((attribute) => /^\\(all|archive|drafts|flagged|junk|sent|trash)$/i.test(attribute)),
    },
  ];
}

/** Undefined for what is listed but cannot be opened: a bare parent that the server forgot to mark \Noselect. */
async function snapshotFolder(client: PlainImapClient, folder: ListedFolder): Promise<FolderSnapshot | undefined> {
  const opening = client.command(`EXAMINE ${quoted(folder.name)}`);
  const reading = client.command('UID FETCH 1:* (UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[])');
  const [opened, read] = await Promise.allSettled([opening, reading]);
  if (opened.status === 'rejected') return undefined;
  if (read.status === 'rejected') throw read.reason;
  return {
    ...folder,
    uidValidity: statusNumber(opened.value.untagged, 'UIDVALIDITY'),
    uidNext: statusNumber(opened.value.untagged, 'UIDNEXT'),
    messages: read.value.untagged.flatMap(messageOf),
  };
}

function statusNumber(responses: readonly Response[], name: string): number {
  const pattern = new RegExp(String.raw`^\* OK \[${name} (\d+)\]`, 'i');
  return responses.map(({ line }) => Number(pattern.exec(line)?.[1] ?? 0)).reduce((left, right) => left + right, 0);
}

function messageOf(response: Response): MessageSnapshot[] {
  const { line } = response;
  if (!/^\* \d+ FETCH /i.test(line) || !line.includes('BODY[]')) return [];
  const all = (/FLAGS \(([^)]*)\)/i.exec(line)?.[1] ?? '')
    .split(' ')
    .filter((flag) => flag !== '' && flag !== '\\Recent');
  const body = bodyOf(response);
  return [
    {
      uid: Number(/[( ]UID (\d+)/i.exec(line)?.[1]),
      ...body,
      flags: all.filter((flag) => flag.startsWith('\\')).sort(),
      keywords: all.filter((flag) => !flag.startsWith('\\')).sort(),
      internalDate: parseImapDate(/INTERNALDATE "([^"]*)"/i.exec(line)?.[1] ?? ''),
    },
  ];
}

/** A short body may come as a quoted string, an empty one as NIL. */
function bodyOf({ line, literals }: Response): { readonly sha256: string; readonly size: number } {
  const literal = literals[0];
  if (literal !== undefined) return { sha256: literal.sha256, size: literal.size };
  const text = /BODY\[\] ("(?:[^"\\]|\\.)*"|NIL)/i.exec(line)?.[1] ?? 'NIL';
  const bytes = Buffer.from(text === 'NIL' ? '' : unquoted(text), 'latin1');
  return { sha256: createHash('sha256').update(bytes).digest('hex'), size: bytes.length };
}

/** Seconds since 1970 of `20-Nov-2026 21:00:00 +0530`. */
function parseImapDate(text: string): number {
  const [date = '', time = '', zone = ''] = text.trim().split(' ');
  const [day = '', month = '', year = ''] = date.split('-');
  return Date.parse(`${day} ${month} ${year} ${time} ${zone}`) / 1000;
}

const unquoted = (text: string): string => (text.startsWith('"') ? text.slice(1, -1).replaceAll(/\\(.)/g, '$1') : text);
