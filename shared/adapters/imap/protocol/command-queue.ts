import { ImapReplyError } from './imap-error.ts';
import { type Reply, isStatusText, parseReply } from './reply.ts';
import type { FramedResponse, LiteralSink } from './response-framer.ts';
import type { CommandPart } from './imap-string.ts';
import type { UidSet } from './uid-set.ts';

/** An untagged response, its first words read. */
export interface UntaggedData {
  /** `FETCH`, `LIST`, `EXISTS` ... upper case; `OK`, `NO`, `BAD` for status responses. */
  readonly kind: string;
  /** The number before the kind, 0 where there is none. */
  readonly number: number;
  readonly response: FramedResponse;
  /** Where in the text the data after the kind begin. */
  readonly position: number;
}

export interface Command {
  /** The verb, for error messages. */
  readonly name: string;
  /** The command without tag and line end. Buffers are sent as literals. */
  readonly parts: readonly CommandPart[];
  /** Kinds of untagged data that belong to this command. */
  readonly accepts?: readonly string[];
  /** Whether data of an accepted kind are this command's: where they name what they are about (STATUS a mailbox). */
  readonly claims?: (data: UntaggedData) => boolean;
  /**
   * SELECT, EXAMINE, UNSELECT: changes the selected mailbox, so that what comes before its turn belongs to the one selected
   * before. It takes data only when it is the oldest command in flight, and nothing behind it does before.
   */
  readonly exclusive?: boolean;
  /** SELECT, EXAMINE: the command that opens the same mailbox again, see `alone`. */
  readonly again?: () => Command;
  /**
   * Commands with the same word here must not be in flight together in one mailbox: servers may work on them at the same time
   * (RFC 9051 section 5.5), and their data could not be told apart. Dovecot does send data of a second UID FETCH before
   * the tagged OK of the first. The connection puts an EXAMINE between them, which every server waits for; not where
   * both say of which messages they are about and have none in common.
   */
  readonly alone?: 'FETCH' | 'SEARCH' | 'MOVE';
  /** The only messages that its data can be about; `claims` has to tell them by their UIDs. */
  readonly about?: UidSet;
  readonly untagged?: (data: UntaggedData) => void | Promise<void>;
  /** A literal begins in data of this command. Undefined: collect it. */
  readonly openLiteral?: (soFar: UntaggedData, size: number) => LiteralSink | undefined;
  /** Answers a continuation after the command line was sent (SASL); undefined: nothing more to say. */
  readonly answer?: (challenge: string) => string;
  /** Called in order with other replies, before the reading goes on. */
  readonly onReply?: (reply: Reply) => void;
}

/** A command that was sent, or is being sent, and has no tagged reply yet. */
export class InFlight {
  readonly tag: string;
  readonly command: Command;
  /** Resolves with the tagged reply, whatever its status; rejects when the connection is lost or a sink failed. */
  readonly reply: Promise<Reply>;
  /** All of it has been handed to the socket: from now on we wait for the server. */
  sent = false;
  tagged: Reply | undefined;
  /** A handler of the caller failed: later data of this command are dropped, the connection stays usable. */
  failed = false;
  readonly #resolvers = Promise.withResolvers<Reply>();

  constructor(tag: string, command: Command) {
    this.tag = tag;
    this.command = command;
    this.reply = this.#resolvers.promise;
    // Who abandons a page does not wait for each of its commands.
    this.reply.catch(() => undefined);
  }

  settle(reply: Reply): void {
    this.tagged = reply;
    try {
      this.command.onReply?.(reply);
    } finally {
      this.#resolvers.resolve(reply);
    }
  }

  fail(error: unknown): void {
    this.failed = true;
    this.#resolvers.reject(error);
  }
}

/**
 * Commands in flight, in the order sent. Servers answer in order, apart from commands that cannot disturb each other
 * (RFC 3501 section 5.5); untagged data carry no tag, so they go to the oldest command that accepts their kind.
 */
export class CommandQueue {
  readonly #commands: InFlight[] = [];
  #count = 0;

  get oldest(): InFlight | undefined {
    return this.#commands[0];
  }

  /** Whether a command that must be alone would not be, in the mailbox opened last. */
  crowded({ alone, about }: Command): boolean {
    if (alone === undefined) {
      return false;
    }
    const opened = this.#commands.findLastIndex(({ command }) => command.exclusive === true);
    return this.#commands
      .slice(opened + 1)
      .some(({ command }) => command.alone === alone && !areApart(command.about, about));
  }

  add(command: Command): InFlight {
    this.#count += 1;
    const inFlight = new InFlight(`A${String(this.#count)}`, command);
    this.#commands.push(inFlight);
    return inFlight;
  }

  /** The oldest command that claims the data; where none does, the oldest that accepts their kind. */
  ownerOf(data: UntaggedData): InFlight | undefined {
    let oldest: InFlight | undefined;
    for (const inFlight of this.#commands) {
      const { exclusive, accepts, claims } = inFlight.command;
      if (exclusive === true && inFlight !== this.oldest) {
        break;
      }
      if (accepts?.includes(data.kind) === true) {
        if (claims?.(data) ?? true) {
          return inFlight;
        }
        oldest ??= inFlight;
      }
    }
    return oldest;
  }

  /** False where no command has this tag. */
  settle(tag: string, reply: Reply): boolean {
    const index = this.#commands.findIndex((inFlight) => inFlight.tag === tag);
    const inFlight = this.#commands[index];
    if (inFlight === undefined) {
      return false;
    }
    this.#commands.splice(index, 1);
    inFlight.settle(reply);
    return true;
  }

  failAll(error: Error): void {
    for (const inFlight of this.#commands.splice(0)) {
      inFlight.fail(error);
    }
  }
}

function areApart(a: UidSet | undefined, b: UidSet | undefined): boolean {
  return a !== undefined && b !== undefined && a.isApartFrom(b);
}

/** `* 12 FETCH (...)`, `* OK [...] ...`: the first words of an untagged response. */
export function readUntagged(response: FramedResponse): UntaggedData {
  const { text } = response;
  let position = 2;
  let number = 0;
  for (let digit = text.charCodeAt(position) - 48; digit >= 0 && digit <= 9; digit = text.charCodeAt(position) - 48) {
    number = number * 10 + digit;
    position += 1;
  }
  while (text.charCodeAt(position) === 0x20) {
    position += 1;
  }
  if (text.startsWith('FETCH ', position)) {
    return { kind: 'FETCH', number, response, position: position + 6 };
  }
  const blank = text.indexOf(' ', position);
  const end = blank === -1 ? text.length : blank;
  return { kind: text.slice(position, end).toUpperCase(), number, response, position: end };
}

/** The status of `* OK [CODE] text`, undefined for data. */
export function statusOf(data: UntaggedData): Reply | undefined {
  const text = data.response.text.slice(2);
  return isStatusText(text) ? parseReply(text) : undefined;
}

/** Throws ImapReplyError unless the reply is OK. */
export function expectOk(command: string, reply: Reply): Reply {
  if (reply.status !== 'OK') {
    throw new ImapReplyError(command, reply);
  }
  return reply;
}
