import { createHash } from 'node:crypto';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import type { DovecotServer } from '../dovecot/dovecot-server.ts';

/** A literal of a FETCH response is hashed and thrown away; any other is kept as text. */
export type Literal = { readonly size: number; readonly sha256: string; readonly text: string | undefined };

/** One response, its literals cut out: `* 1 FETCH (UID 7 BODY[] )`. Bytes are Latin-1 characters. */
export type Response = { readonly line: string; readonly literals: readonly Literal[] };

export type CommandResult = { readonly status: string; readonly untagged: readonly Response[] };

/**
 * An IMAP client that shares no code with the product, so that it can testify. Commands may be sent without waiting
 * for the one before. Unencrypted, loopback only.
 */
export class PlainImapClient {
  readonly #socket: Socket;
  readonly #waiting: { tag: string; resolve: (result: CommandResult) => void; reject: (error: Error) => void }[] = [];
  readonly #parser = new ResponseParser((response) => this.#receive(response));
  #untagged: Response[] = [];
  #tags = 0;
  #greeted: (() => void) | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (chunk) => this.#parser.write(chunk));
    socket.on('error', (error) => this.#fail(error));
    socket.on('close', () => this.#fail(new Error('The server closed the connection.')));
  }

  static async connect(port: number, host = '127.0.0.1'): Promise<PlainImapClient> {
    const client = new PlainImapClient(connect({ port, host, noDelay: true }));
    await new Promise<void>((resolve, reject) => {
      client.#greeted = resolve;
      client.#waiting.push({ tag: 'greeting', resolve: () => resolve(), reject });
    });
    client.#waiting.length = 0;
    return client;
  }

  /** Signed in at a Dovecot of these tests. */
  static async signIn({ imapPort, options }: DovecotServer, user: string): Promise<PlainImapClient> {
    const password = options.users[user];
    if (password === undefined) throw new Error(`This Dovecot knows no user ${user}.`);
    const client = await PlainImapClient.connect(imapPort);
    await client.login(user, password);
    return client;
  }

  async login(user: string, password: string): Promise<void> {
    const initial = Buffer.from(`\0${user}\0${password}`).toString('base64');
    await this.command(`AUTHENTICATE PLAIN ${initial}`);
  }

  /** Sends one command and waits for its end; throws unless it is OK. */
  async command(text: string): Promise<CommandResult> {
    return this.#send([Buffer.from(` ${text}\r\n`)]);
  }

  /** APPEND with a non-synchronising literal (RFC 7888); `mailbox` in modified UTF-7. */
  async append(mailbox: string, message: Buffer, { flags, internalDate }: AppendOptions): Promise<CommandResult> {
    const head = ` APPEND ${quoted(mailbox)} (${flags.join(' ')}) "${imapDate(internalDate)}" {${message.length}+}\r\n`;
    return this.#send([Buffer.from(head), message, Buffer.from('\r\n')]);
  }

  close(): void {
    this.#waiting.length = 0;
    this.#socket.destroy();
  }

  async #send(parts: readonly Buffer[]): Promise<CommandResult> {
    this.#tags += 1;
    const tag = `t${this.#tags}`;
    this.#socket.cork();
    this.#socket.write(tag);
    for (const part of parts) this.#socket.write(part);
    this.#socket.uncork();
    const result = await new Promise<CommandResult>((resolve, reject) => this.#waiting.push({ tag, resolve, reject }));
    if (!result.status.startsWith('OK')) throw new Error(`The server said: ${result.status}`);
    return result;
  }

  #receive(response: Response): void {
    if (this.#greeted !== undefined) {
      this.#greeted();
      this.#greeted = undefined;
      return;
    }
    const first = this.#waiting[0];
    if (first !== undefined && response.line.startsWith(`${first.tag} `)) {
      this.#waiting.shift();
      first.resolve({ status: response.line.slice(first.tag.length + 1), untagged: this.#untagged });
      this.#untagged = [];
    } else {
      this.#untagged.push(response);
    }
  }

  #fail(error: Error): void {
    for (const { reject } of this.#waiting.splice(0)) reject(error);
  }
}

type AppendOptions = { readonly flags: readonly string[]; readonly internalDate: Date };

export const quoted = (text: string): string => `"${text.replaceAll(/["\\]/g, (sign) => `\\${sign}`)}"`;

/** `20-Nov-2026 21:00:00 +0000` */
function imapDate(date: Date): string {
  const [, day, month, year, time] = date.toUTCString().split(' ');
  return `${day}-${month}-${year} ${time} +0000`;
}

/** Cuts a stream into responses (RFC 3501 section 7): lines, where a line that ends in {n} goes on after n bytes. */
class ResponseParser {
  readonly #emit: (response: Response) => void;
  #pending: Buffer = Buffer.alloc(0);
  #line = '';
  #literals: Literal[] = [];
  #left = 0;
  #hash = createHash('sha256');
  #size = 0;
  #kept: Buffer[] | undefined;

  constructor(emit: (response: Response) => void) {
    this.#emit = emit;
  }

  write(chunk: Buffer): void {
    let rest = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk]);
    while (rest.length > 0) {
      const used = this.#left > 0 ? this.#takeLiteral(rest) : this.#takeLine(rest);
      if (used === 0) break;
      rest = rest.subarray(used);
    }
    this.#pending = rest;
  }

  #takeLiteral(bytes: Buffer): number {
    const part = bytes.subarray(0, this.#left);
    this.#hash.update(part);
    this.#kept?.push(part);
    this.#left -= part.length;
    if (this.#left === 0) this.#endLiteral();
    return part.length;
  }

  #takeLine(bytes: Buffer): number {
    const end = bytes.indexOf('\r\n');
    if (end === -1) return 0;
    const text = bytes.toString('latin1', 0, end);
    const literal = /\{(\d+)\}$/.exec(text);
    if (literal === null) {
      this.#emit({ line: this.#line + text, literals: this.#literals });
      this.#line = '';
      this.#literals = [];
      return end + 2;
    }
    this.#line += text.slice(0, literal.index);
    this.#size = this.#left = Number(literal[1]);
    this.#hash = createHash('sha256');
    this.#kept = /^\* \d+ FETCH /i.test(this.#line) ? undefined : [];
    if (this.#left === 0) this.#endLiteral();
    return end + 2;
  }

  #endLiteral(): void {
    const text = this.#kept === undefined ? undefined : Buffer.concat(this.#kept).toString('latin1');
    this.#literals.push({ size: this.#size, sha256: this.#hash.digest('hex'), text });
  }
}
