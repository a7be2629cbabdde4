/**
 * The yardstick: how fast can one connection to each server copy a mailbox at all? One streamed FETCH over all folders,
 * bodies passed from socket to socket, pipelined APPENDs with non-synchronising literals. No journal, no hash, no
 * restart, no care: nobody should migrate with it.
 *
 *   node bench/peers/bare-copier.ts <source port> <source user> <target port> <target user> <password> multi|single|selected|no-change
 */
import { connect } from 'node:net';
import type { Socket } from 'node:net';

const PAGE_MESSAGES = 200;
const PAGE_BYTES = 8 << 20;

const [sourcePort, sourceUser = '', targetPort, targetUser = '', password = '', mode = 'multi'] = process.argv.slice(2);

/** Reads lines from a socket and hands literals on as they come. */
class Reader {
  readonly socket: Socket;
  onLine: (line: string) => void = () => undefined;
  onLiteral: (bytes: Buffer) => void = () => undefined;
  #literal = 0;
  #rest: Buffer = Buffer.alloc(0);

  constructor(port: string | undefined) {
    this.socket = connect({ port: Number(port), host: '127.0.0.1', noDelay: true });
    this.socket.on('data', (chunk) => this.#take(chunk));
    this.socket.on('error', fail).on('end', () => fail(new Error('A server closed the connection.')));
  }

  #take(chunk: Buffer): void {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    let at = 0;
    while (at < bytes.length) {
      if (this.#literal > 0) {
        const part = bytes.subarray(at, at + this.#literal);
        this.#literal -= part.length;
        at += part.length;
        this.onLiteral(part);
        continue;
      }
      const end = bytes.indexOf('\r\n', at);
      if (end === -1) break;
      const line = bytes.toString('latin1', at, end);
      at = end + 2;
      if (line.endsWith('}')) this.#literal = Number(/\{(\d+)\}$/.exec(line)?.[1] ?? 0);
      this.onLine(line);
    }
    this.#rest = bytes.subarray(at);
  }
}

function fail(error: Error): never {
  console.error(error.message);
  process.exit(1);
}

/** Sends lines as they are and waits for the last one's tag; returns the untagged lines. Every line is `tag command`. */
async function ask(reader: Reader, lines: readonly string[]): Promise<readonly string[]> {
  const last = lines.at(-1)?.split(' ')[0] ?? '';
  const untagged: string[] = [];
  reader.socket.write(lines.map((line) => `${line}\r\n`).join(''));
  return new Promise((resolve) => {
    reader.onLine = (line) => {
      if (line.startsWith(`${last} `)) resolve(untagged);
      else untagged.push(line);
    };
  });
}

async function signIn(port: string | undefined, user: string): Promise<Reader> {
  const reader = new Reader(port);
  const initial = Buffer.from(`\0${user}\0${password}`).toString('base64');
  await ask(reader, [`a AUTHENTICATE PLAIN ${initial}`]);
  return reader;
}

/** Names as LIST wrote them: atoms or quoted strings, ready to be sent back. */
async function folderNames(source: Reader): Promise<readonly string[]> {
  const lines = await ask(source, ['b LIST "" "*"']);
  return lines.flatMap((line) => {
    const match = /^\* LIST \(([^)]*)\) "[^"]+" (.+)$/.exec(line);
    return match === null || /\\noselect/i.test(match[1] ?? '') ? [] : [match[2] ?? ''];
  });
}

/** The APPEND side: pages of MULTIAPPEND (RFC 3502), or one APPEND a message, all sent without waiting. */
class Appender {
  readonly #socket: Socket;
  #sent = 0;
  #answered = 0;
  #pageMessages = 0;
  #pageBytes = 0;
  #openFolder: string | undefined;
  #finish: (() => void) | undefined;

  constructor(target: Reader) {
    this.#socket = target.socket;
    target.onLine = (line) => {
      if (line.startsWith('*')) return;
      // A folder may exist already; nothing else may go wrong.
      if (!/^\S+ OK/.test(line) && !line.includes('ALREADYEXISTS')) fail(new Error(line));
      this.#answered += 1;
      this.#done();
    };
  }

  send(command: string): void {
    this.endCommand();
    this.#sent += 1;
    this.#socket.write(`c${this.#sent} ${command}`);
    if (!command.startsWith('APPEND')) this.#socket.write('\r\n');
  }

  /** Begins a message; its body follows by `body`. */
  message(folder: string, arguments_: string, size: number): void {
    const full = this.#pageMessages >= PAGE_MESSAGES || this.#pageBytes + size > PAGE_BYTES;
    if (mode !== 'multi' || full || this.#openFolder !== folder) {
      this.send(`APPEND ${folder}`);
      this.#openFolder = folder;
    }
    this.#pageMessages += 1;
    this.#pageBytes += size;
    this.#socket.write(` ${arguments_} {${size}+}\r\n`);
  }

  body(bytes: Buffer): boolean {
    return this.#socket.write(bytes);
  }

  endCommand(): void {
    if (this.#openFolder !== undefined) this.#socket.write('\r\n');
    this.#openFolder = undefined;
    this.#pageMessages = this.#pageBytes = 0;
  }

  async finished(): Promise<void> {
    this.endCommand();
    return new Promise((resolve) => {
      this.#finish = resolve;
      this.#done();
    });
  }

  #done(): void {
    if (this.#answered === this.#sent) this.#finish?.();
  }
}

async function copy(source: Reader, target: Reader, folders: readonly string[]): Promise<number> {
  const appender = new Appender(target);
  let folder = 0;
  let copied = 0;
  for (const name of folders) if (name !== 'INBOX') appender.send(`CREATE ${name}`);
  // Corked for one turn of the event loop, so that a page of small messages goes out in few packets.
  const cork = (): void => {
    target.socket.cork();
    setImmediate(() => target.socket.uncork());
  };
  target.socket.on('drain', () => source.socket.resume());
  source.socket.prependListener('data', cork);
  const selected = (): void => {
    if (mode === 'selected' && folder < folders.length) appender.send(`SELECT ${folders[folder] ?? ''}`);
  };
  const read = new Promise<void>((resolve) => {
    source.onLine = (line) => {
      if (line.startsWith('f')) {
        if (!/^f\d+ OK/.test(line)) fail(new Error(line));
        folder += 1;
        appender.endCommand();
        selected();
        if (folder === folders.length) resolve();
        return;
      }
      const fetched = /^\* \d+ FETCH \(.*FLAGS \(([^)]*)\) INTERNALDATE ("[^"]*") BODY\[\] \{(\d+)\}$/.exec(line);
      if (fetched === null) return;
      const flags = (fetched[1] ?? '').split(' ').filter((flag) => flag !== '\\Recent');
      appender.message(folders[folder] ?? '', `(${flags.join(' ')}) ${fetched[2] ?? ''}`, Number(fetched[3]));
      copied += 1;
    };
    source.onLiteral = (bytes) => {
      if (!appender.body(bytes)) source.socket.pause();
    };
  });
  selected();
  source.socket.write(
    folders
      .map((name, index) => `e${index} EXAMINE ${name}\r\nf${index} UID FETCH 1:* (FLAGS INTERNALDATE BODY.PEEK[])\r\n`)
      .join(''),
  );
  await read;
  await appender.finished();
  return copied;
}

/** The least that a second pass must do: ask both sides about every folder, all at once. */
async function compare(source: Reader, target: Reader, folders: readonly string[]): Promise<number> {
  const questions = folders.map((name, index) => `s${index} STATUS ${name} (MESSAGES UIDNEXT UIDVALIDITY)`);
  const answers = await Promise.all([ask(source, questions), ask(target, questions)]);
  const [left, right] = answers.map((lines) => lines.map((line) => /MESSAGES (\d+)/.exec(line)?.[1]).join());
  if (left !== right) fail(new Error('The two sides differ.'));
  return 0;
}

const [source, target] = await Promise.all([signIn(sourcePort, sourceUser), signIn(targetPort, targetUser)]);
const folders = await folderNames(source);
const copied = await (mode === 'no-change' ? compare : copy)(source, target, folders);
console.log(`${copied} messages`);
source.socket.destroy();
target.socket.destroy();
