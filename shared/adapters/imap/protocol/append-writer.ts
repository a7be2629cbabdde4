import type { InFlight } from './command-queue.ts';
import type { ImapConnection, Wire } from './imap-connection.ts';
import { quoteString } from './imap-string.ts';
import type { Reply } from './reply.ts';
import { parseUidSet } from './uid-set.ts';

export interface AppendMessage {
  readonly flags: readonly string[];
  /** `dd-Mon-yyyy hh:mm:ss +zzzz`. */
  readonly internalDate: string;
  /** Octets that will be written, exactly. */
  readonly size: number;
}

/** One APPEND command: how many messages it carried, and how the server answered. */
export interface AppendOutcome {
  readonly messages: number;
  readonly reply: Reply;
  readonly uidValidity: number | undefined;
  /** One a message, in order; empty where the server does not tell (RFC 4315 APPENDUID). */
  readonly uids: readonly number[];
}

/**
 * Writes messages to one mailbox: all in one command where the server has MULTIAPPEND (RFC 3502), else one command
 * each, behind each other. Holds the sending side of its connection from `begin` to `finish`; the replies come later,
 * so that the next page can be written meanwhile.
 *
 * Literals go out without waiting where the server allows it (RFC 7888), else each waits for the server's `+`. A
 * command that is answered before it was sent (NO instead of `+`, or early) is brought to its end: the octets of a
 * literal already announced are still due, everything else of it is dropped.
 */
export class AppendWriter {
  readonly #connection: ImapConnection;
  readonly #wire: Wire;
  readonly #mailbox: string;
  readonly #multiple: boolean;
  readonly #commands: { readonly inFlight: InFlight; messages: number }[] = [];
  /** The command being written. */
  #open: { readonly inFlight: InFlight; messages: number } | undefined;
  /** The open command's line awaits its end; not so after a `{n}` that the server answered with NO. */
  #lineOpen = false;
  /** The current message is swallowed: its command is already answered. */
  #swallow = false;
  #remaining = 0;

  private constructor(connection: ImapConnection, wire: Wire, mailbox: string) {
    this.#connection = connection;
    this.#wire = wire;
    this.#mailbox = mailbox;
    this.#multiple = connection.capabilities.has('MULTIAPPEND');
  }

  /** `mailbox` as on the wire. Waits until the sending side is free. */
  static async begin(connection: ImapConnection, mailbox: string): Promise<AppendWriter> {
    return new AppendWriter(connection, await connection.openWire(), mailbox);
  }

  /** Returns a promise only where the server must first agree to take the message. */
  message(message: AppendMessage): void | Promise<void> {
    if (this.#remaining !== 0) {
      throw new Error('The message before is not complete.');
    }
    this.#swallow = this.#open?.inFlight.tagged !== undefined;
    this.#remaining = message.size;
    const command = this.#open ?? this.#startCommand();
    command.messages += 1;
    if (this.#swallow) {
      return undefined;
    }
    const flags = message.flags.length === 0 ? '' : ` (${message.flags.join(' ')})`;
    const head = `${flags} "${message.internalDate}"`;
    if (message.size <= this.#connection.longestNonSyncLiteral) {
      this.#wire.text(`${head} {${String(message.size)}+}\r\n`);
      return undefined;
    }
    this.#wire.text(`${head} {${String(message.size)}}\r\n`);
    return this.#agreement(command.inFlight);
  }

  /** Returns a promise only when the caller must wait: back-pressure. */
  write(octets: Uint8Array): void | Promise<void> {
    if (octets.length > this.#remaining) {
      throw new Error('More octets were written than the message was said to have.');
    }
    this.#remaining -= octets.length;
    if (this.#swallow) {
      return undefined;
    }
    this.#wire.octets(octets);
    return this.#wire.drained();
  }

  endMessage(): void {
    if (this.#remaining !== 0) {
      throw new Error('Fewer octets were written than the message was said to have.');
    }
    if (!this.#multiple) {
      this.#endCommand();
    }
  }

  /**
   * Ends the page; the sending side is free at once. Resolves with the commands' outcomes in order, whatever the server
   * said; rejects with ImapConnectionError when their fate is unknown.
   */
  finish(): Promise<readonly AppendOutcome[]> {
    if (this.#remaining !== 0) {
      // An announced literal that stays incomplete: only a lost connection makes the server forget it.
      this.#connection.destroy();
    }
    this.#endCommand();
    this.#wire.release();
    return Promise.all(
      this.#commands.map(async (command) => outcomeOf(command.messages, await command.inFlight.reply)),
    );
  }

  async #agreement(inFlight: InFlight): Promise<void> {
    const agreed = await this.#wire.continuation(inFlight);
    if (agreed === undefined) {
      this.#swallow = true;
      this.#lineOpen = false;
    }
  }

  #startCommand(): { readonly inFlight: InFlight; messages: number } {
    const inFlight = this.#wire.start({ name: 'APPEND', parts: [] });
    this.#wire.text(`APPEND ${quoteString(this.#mailbox)}`);
    const command = { inFlight, messages: 0 };
    this.#commands.push(command);
    this.#open = command;
    this.#lineOpen = true;
    return command;
  }

  #endCommand(): void {
    if (this.#lineOpen) {
      this.#wire.text('\r\n');
    }
    this.#lineOpen = false;
    this.#open = undefined;
  }
}

function outcomeOf(messages: number, reply: Reply): AppendOutcome {
  const [uidValidity, set] = reply.code === 'APPENDUID' ? reply.codeArguments.split(' ') : [];
  const uids = set === undefined ? [] : parseUidSet(set);
  return {
    messages,
    reply,
    uidValidity: uidValidity === undefined ? undefined : Number(uidValidity),
    uids: uids.length === messages ? uids : [],
  };
}
