import { ResponseCursor, wholeNumber } from './response-cursor.ts';
import { type Command, type InFlight, type UntaggedData, statusOf } from './command-queue.ts';
import type { ImapConnection } from './imap-connection.ts';
import { ImapProtocolError } from './imap-error.ts';
import { quoteString } from './imap-string.ts';
import type { Reply } from './reply.ts';

/** What a server says of a mailbox; what it did not say is undefined. */
export interface MailboxStatus {
  messages: number | undefined;
  uidNext: number | undefined;
  uidValidity: number | undefined;
  /** Undefined also for NOMODSEQ and for 0 (RFC 7162 section 3.1.2). */
  highestModSeq: string | undefined;
  /** RFC 8474. */
  mailboxId: string | undefined;
  /** Octets of all messages (RFC 8438). */
  size: number | undefined;
}

export interface SelectedMailbox extends MailboxStatus {
  permanentFlags: readonly string[] | undefined;
  readOnly: boolean;
}

function emptyStatus(): MailboxStatus {
  return {
    messages: undefined,
    uidNext: undefined,
    uidValidity: undefined,
    highestModSeq: undefined,
    mailboxId: undefined,
    size: undefined,
  };
}

/** STATUS of one mailbox (wire name); several may be sent without waiting. Rejects with ImapReplyError. */
export async function mailboxStatus(connection: ImapConnection, name: string): Promise<MailboxStatus> {
  const status = emptyStatus();
  await connection.execute({
    name: 'STATUS',
    parts: [`STATUS ${quoteString(name)} (${statusItems(connection.capabilities)})`],
    accepts: ['STATUS'],
    // Replies need not come in the order of the commands (RFC 9051 section 5.5).
    claims: (data) => new ResponseCursor(data.response, data.position).string() === name,
    untagged: (data) => {
      readStatus(data, status);
    },
  });
  return status;
}

/** What STATUS is asked for, of a mailbox or of all that are listed (RFC 5819). */
export function statusItems(capabilities: ReadonlySet<string>): string {
  const items = ['MESSAGES', 'UIDNEXT', 'UIDVALIDITY'];
  if (capabilities.has('CONDSTORE') || capabilities.has('QRESYNC')) {
    items.push('HIGHESTMODSEQ');
  }
  if (capabilities.has('OBJECTID')) {
    items.push('MAILBOXID');
  }
  return items.join(' ');
}

/** A STATUS reply that came with a listing; undefined where it names no mailbox. */
export function listedStatus(data: UntaggedData): readonly [name: string, status: MailboxStatus] | undefined {
  const name = new ResponseCursor(data.response, data.position).string();
  if (name === undefined) return undefined;
  const status = emptyStatus();
  readStatus(data, status);
  return [name, status];
}

function readStatus(data: UntaggedData, status: MailboxStatus): void {
  const cursor = new ResponseCursor(data.response, data.position);
  // The name, see `claims`; one with blanks may come unquoted.
  cursor.string();
  while (!cursor.atEnd && !cursor.take('(')) {
    cursor.word();
  }
  while (!cursor.atEnd && !cursor.take(')')) {
    const item = cursor.atom().toUpperCase();
    if (item === '') {
      return;
    }
    readStatusItem(cursor, item, status);
  }
}

function readStatusItem(cursor: ResponseCursor, item: string, status: MailboxStatus): void {
  switch (item) {
    case 'MESSAGES':
      status.messages = cursor.count();
      return;
    case 'UIDNEXT':
      status.uidNext = cursor.count();
      return;
    case 'UIDVALIDITY':
      status.uidValidity = cursor.count();
      return;
    case 'HIGHESTMODSEQ':
      status.highestModSeq = modSeq(cursor.atom());
      return;
    case 'MAILBOXID':
      status.mailboxId = cursor.flatList();
      return;
    case 'SIZE':
      status.size = cursor.count();
      return;
    default:
      cursor.value();
  }
}

function modSeq(text: string): string | undefined {
  return /^[1-9]\d*$/.test(text) ? text : undefined;
}

/**
 * Sends EXAMINE (nothing changes, not even \Recent) or SELECT. What follows may be sent behind it at once: it is answered after
 * `selected` has settled.
 */
export async function openMailbox(
  connection: ImapConnection,
  request: {
    readonly name: string;
    readonly mode: 'EXAMINE' | 'SELECT';
    /** Called before anything that was sent behind is answered. */
    readonly onOpened?: (outcome: { readonly reply: Reply; readonly mailbox: SelectedMailbox }) => void;
  },
): Promise<InFlight> {
  const mailbox = emptySelection();
  let opened = false;
  const condStore = connection.capabilities.has('CONDSTORE') && !connection.capabilities.has('QRESYNC');
  const parts = [`${request.mode} ${quoteString(request.name)}${condStore ? ' (CONDSTORE)' : ''}`];
  return connection.send({
    name: request.mode,
    parts,
    accepts: selectionKinds,
    exclusive: true,
    again: () => openingAgain({ name: request.mode, parts, mailbox, opened: () => opened }),
    untagged: (data) => {
      readSelected(data, mailbox);
    },
    onReply: (reply) => {
      opened = reply.status === 'OK';
      mailbox.readOnly = reply.code === 'READ-ONLY';
      request.onOpened?.({ reply, mailbox });
    },
  });
}

const selectionKinds = ['EXISTS', 'RECENT', 'FLAGS', 'OK', 'FETCH', 'VANISHED', 'EXPUNGE'];

function emptySelection(): SelectedMailbox {
  return { ...emptyStatus(), permanentFlags: undefined, readOnly: false };
}

/** The same mailbox once more, see `Command.alone`. UIDs sent behind it mean nothing in a mailbox made anew. */
function openingAgain(first: {
  readonly name: string;
  readonly parts: readonly string[];
  readonly mailbox: SelectedMailbox;
  /** False where it could not be opened in the first place: then whoever waits for it is told so, and gets no data. */
  readonly opened: () => boolean;
}): Command {
  const mailbox = emptySelection();
  return {
    name: first.name,
    parts: first.parts,
    accepts: selectionKinds,
    exclusive: true,
    again: () => openingAgain(first),
    untagged: (data) => {
      readSelected(data, mailbox);
    },
    onReply: (reply) => {
      if (!first.opened()) {
        return;
      }
      if (reply.status !== 'OK' || mailbox.uidValidity !== first.mailbox.uidValidity) {
        throw new ImapProtocolError('The mailbox was deleted or made anew while it was being read.');
      }
    },
  };
}

function readSelected(data: UntaggedData, mailbox: SelectedMailbox): void {
  if (data.kind === 'EXISTS') {
    mailbox.messages = data.number;
    return;
  }
  const reply = data.kind === 'OK' ? statusOf(data) : undefined;
  switch (reply?.code) {
    case 'UIDVALIDITY':
      mailbox.uidValidity = wholeNumber(reply.codeArguments);
      return;
    case 'UIDNEXT':
      mailbox.uidNext = wholeNumber(reply.codeArguments);
      return;
    case 'HIGHESTMODSEQ':
      mailbox.highestModSeq = modSeq(reply.codeArguments);
      return;
    case 'MAILBOXID':
      mailbox.mailboxId = reply.codeArguments.replace(/[()]/g, '');
      return;
    case 'PERMANENTFLAGS':
      mailbox.permanentFlags = reply.codeArguments
        .replace(/[()]/g, '')
        .split(' ')
        .filter((flag) => flag !== '');
      return;
    default:
  }
}
