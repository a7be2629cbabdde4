import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { type DeflateRaw, type InflateRaw, constants, createDeflateRaw, createInflateRaw } from 'node:zlib';
import type { Clock } from '../../../ports/clock.ts';
import {
  type Command,
  CommandQueue,
  type InFlight,
  type UntaggedData,
  expectOk,
  readUntagged,
  statusOf,
} from './command-queue.ts';
import {
  type ConnectionPhase,
  ImapConnectionError,
  ImapProtocolError,
  type ImapRole,
  ImapUnsupportedError,
} from './imap-error.ts';
import type { CommandPart } from './imap-string.ts';
import { type SocketSettings, openSocket, openUpgradableSocket, upgradeSocket } from './open-socket.ts';
import { OutgoingBuffer } from './outgoing-buffer.ts';
import { type Reply, parseReply } from './reply.ts';
import { type FramedResponse, type LiteralSink, ResponseFramer } from './response-framer.ts';
import type { TlsSettings } from './tls-settings.ts';

export interface ImapConnectionSettings {
  readonly role: ImapRole;
  readonly host: string;
  readonly port: number;
  readonly security: 'tls' | 'starttls' | 'none';
  readonly tls?: TlsSettings | undefined;
  readonly clock: Clock;
  /** Capabilities that the server announces and does not honour well, upper case. */
  readonly ignored?: readonly string[] | undefined;
  /** Ends the connection at once, whatever it is doing. */
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds for the connection, its TLS handshake, and the greeting, each. Default 15 s. */
  readonly connectTimeoutMs?: number | undefined;
  /** Milliseconds without an octet while an answer is due. Default 120 s. */
  readonly inactivityTimeoutMs?: number | undefined;
}

/** The sending side, held by one writer at a time from `openWire` to `release`. */
export interface Wire {
  /** Puts a command in flight and sends its tag; parts, if any, follow by `text` and `octets`. */
  start(command: Command): InFlight;
  text(text: string): void;
  octets(octets: Uint8Array): void;
  /** Undefined while there is room, else a promise: back-pressure. */
  drained(): Promise<void> | undefined;
  flush(): void;
  /** Waits for the server's `+`. Undefined: the command was answered instead. */
  continuation(inFlight: InFlight): Promise<string | undefined>;
  release(): void;
}

const connectTimeoutMs = 15_000;
const inactivityTimeoutMs = 120_000;
const logoutTimeoutMs = 2000;

/** Largest literal that LITERAL- lets a client send without waiting (RFC 7888 section 5). */
const smallLiteral = 4096;

/** One IMAP connection: sockets, commands in flight, and who gets what the server says. */
export class ImapConnection {
  readonly role: ImapRole;
  readonly host: string;
  /** Why the connection is gone; undefined while it is there. */
  #failure: ImapConnectionError | undefined;
  #phase: ConnectionPhase = 'connect';
  #capabilities: ReadonlySet<string> = new Set();
  #socket: Socket | undefined;
  #out: OutgoingBuffer | undefined;
  #inflate: InflateRaw | undefined;
  #greeted: Reply | undefined;
  #bye: Reply | undefined;
  #paused = false;
  /** Between STARTTLS and TLS, when nothing may be read. */
  #stopped = false;
  #lastActivity: number;
  #greeting = Promise.withResolvers<Reply>();
  #continuation: { readonly inFlight: InFlight; resolve(text: string | undefined): void } | undefined;
  /** The SELECT, EXAMINE or UNSELECT sent last. */
  #opened: Command | undefined;
  /** Who takes a literal of the response that is coming in: the rest of it is that command's as well. */
  #streaming: InFlight | undefined;
  #turns = 0;
  #wireBusy = false;
  readonly #wireQueue: (() => void)[] = [];
  readonly #settings: ImapConnectionSettings;
  readonly #queue = new CommandQueue();
  readonly #framer: ResponseFramer;
  readonly #ended = new AbortController();
  readonly #onAbort = (): void => this.#fail('ABORTED', 'The connection was given up.');

  private constructor(settings: ImapConnectionSettings) {
    this.#settings = settings;
    this.role = settings.role;
    this.host = settings.host;
    this.#lastActivity = settings.clock.now();
    this.#greeting.promise.catch(() => undefined);
    this.#framer = new ResponseFramer({
      openLiteral: (soFar, size) => this.#openLiteral(soFar, size),
      response: (response) => this.#response(response),
    });
    settings.signal?.addEventListener('abort', this.#onAbort, { once: true });
  }

  /**
   * Connects, secures the connection as the endpoint asks, and reads greeting and capabilities. Not signed in, unless
   * the server greeted with PREAUTH. Rejects with ImapConnectionError, ImapProtocolError or ImapUnsupportedError.
   */
  static async open(settings: ImapConnectionSettings): Promise<ImapConnection> {
    const connection = new ImapConnection(settings);
    try {
      await connection.#connect();
      return connection;
    } catch (error) {
      connection.destroy();
      throw error;
    }
  }

  /** Upper-case capabilities as last announced. */
  get capabilities(): ReadonlySet<string> {
    return this.#capabilities;
  }

  /** Value of a capability such as `APPENDLIMIT=35651584`; undefined where it has none. */
  capabilityValue(name: string): string | undefined {
    const prefix = `${name}=`;
    for (const capability of this.#capabilities) {
      if (capability.startsWith(prefix)) {
        return capability.slice(prefix.length);
      }
    }
    return undefined;
  }

  /** The server already knows who we are. */
  get preauthenticated(): boolean {
    return this.#greeted?.status === 'PREAUTH';
  }

  get greetingText(): string {
    return this.#greeted?.text ?? '';
  }

  /** Version and certificate of the TLS connection; undefined without TLS. */
  get tls(): { readonly version: string; readonly subject: string; readonly validTo: Date } | undefined {
    if (!(this.#socket instanceof TLSSocket)) {
      return undefined;
    }
    const { subject, valid_to: validTo } = this.#socket.getPeerCertificate();
    const [name = ''] = [subject.CN].flat();
    return { version: this.#socket.getProtocol() ?? '', subject: name, validTo: new Date(validTo) };
  }

  /** True once nothing more can be sent. */
  get closed(): boolean {
    return this.#failure !== undefined;
  }

  /** Whether a mailbox was ever selected or examined: one may be still. */
  get hasOpened(): boolean {
    return this.#opened !== undefined;
  }

  /** How often anybody asked for the wire: the same as before where nothing was sent since. */
  get turns(): number {
    return this.#turns;
  }

  /** Octets a literal may have to be sent without waiting for the server. */
  get longestNonSyncLiteral(): number {
    if (this.#capabilities.has('LITERAL+')) {
      return Infinity;
    }
    return this.#capabilities.has('LITERAL-') ? smallLiteral : -1;
  }

  /** Sends a command; resolves with its OK, rejects with ImapReplyError on NO and BAD. */
  async execute(command: Command): Promise<Reply> {
    const inFlight = await this.send(command);
    return expectOk(command.name, await inFlight.reply);
  }

  /** Resolves as soon as the command has been handed to the socket; its reply is in what is returned. */
  async send(command: Command): Promise<InFlight> {
    const wire = await this.openWire();
    try {
      if (this.#opened?.again !== undefined && this.#queue.crowded(command)) {
        await this.#sendParts(wire, wire.start(this.#opened.again()));
        wire.text('\r\n');
      }
      const inFlight = wire.start(command);
      await this.#sendParts(wire, inFlight);
      wire.text('\r\n');
      return inFlight;
    } finally {
      wire.release();
    }
  }

  /**
   * The sending side, when those who asked before are done. While nobody else holds it that is at once, so that
   * commands of one turn leave in one packet.
   */
  openWire(): Promise<Wire> {
    this.#turns += 1;
    if (this.#failure !== undefined) {
      return Promise.reject(this.#failure);
    }
    if (!this.#wireBusy) {
      this.#wireBusy = true;
      return Promise.resolve(this.#wire());
    }
    const { promise, resolve, reject } = Promise.withResolvers<Wire>();
    this.#wireQueue.push(() => {
      if (this.#failure === undefined) {
        resolve(this.#wire());
      } else {
        reject(this.#failure);
      }
    });
    return promise;
  }

  async refreshCapabilities(): Promise<void> {
    await this.execute({ name: 'CAPABILITY', parts: ['CAPABILITY'] });
  }

  /** Says LOGOUT and closes; never rejects, never waits long. */
  async close(): Promise<void> {
    if (this.#failure === undefined) {
      const patience = new AbortController();
      const logout = this.send({ name: 'LOGOUT', parts: ['LOGOUT'] })
        .then((inFlight) => inFlight.reply)
        // The server may close before it answers: closed is what was wanted.
        .catch(() => undefined);
      await Promise.race([logout, this.#settings.clock.sleep(logoutTimeoutMs, patience.signal)]);
      patience.abort();
    }
    this.#fail('CLOSED', 'The connection was closed.');
  }

  /** Ends at once; everything in flight rejects. */
  destroy(): void {
    this.#fail('ABORTED', 'The connection was given up.');
  }

  /** COMPRESS=DEFLATE (RFC 4978), for slow links. Nothing else may be in flight. */
  async compress(): Promise<void> {
    await this.execute({ name: 'COMPRESS', parts: ['COMPRESS DEFLATE'] });
    const socket = this.#socket;
    if (socket === undefined || this.#failure !== undefined) {
      throw this.#failure ?? this.#lost('CLOSED', 'The server closed the connection.');
    }
    const deflate: DeflateRaw = createDeflateRaw({ flush: constants.Z_SYNC_FLUSH });
    const inflate = createInflateRaw();
    deflate.pipe(socket);
    inflate.on('data', (octets: Buffer) => {
      if (!this.#read(octets)) {
        inflate.pause();
      }
    });
    inflate.on('error', (error) => this.#fail('COMPRESS', error.message, error));
    this.#inflate = inflate;
    this.#out = new OutgoingBuffer(deflate, () => this.#progress());
  }

  async #connect(): Promise<void> {
    const { security, tls = {} } = this.#settings;
    const settings = this.#socketSettings();
    const socket = await (security === 'starttls' ? openUpgradableSocket(settings) : openSocket(settings));
    this.#adopt(socket);
    this.#phase = 'greeting';
    await this.#greet();
    void this.#watch();
    if (security === 'starttls') {
      await this.#startTls(socket, tls);
    }
    this.#phase = 'session';
    if (security === 'starttls' || this.#capabilities.size === 0) {
      await this.refreshCapabilities();
    }
  }

  #socketSettings(): SocketSettings {
    const { host, port, security, tls = {}, clock } = this.#settings;
    return {
      host,
      port,
      tls: security === 'tls' ? tls : undefined,
      clock,
      timeoutMs: this.#settings.connectTimeoutMs ?? connectTimeoutMs,
      signal: this.#settings.signal ?? this.#ended.signal,
      onOctets: (octets) => this.#received(octets),
    };
  }

  #adopt(socket: Socket): void {
    this.#socket = socket;
    this.#out = new OutgoingBuffer(socket, () => this.#progress());
    socket.on('error', (error: NodeJS.ErrnoException) => this.#fail(error.code ?? 'ERROR', error.message, error));
    socket.on('close', () => this.#fail('CLOSED', 'The server closed the connection.'));
    if (socket.destroyed) {
      this.#fail('CLOSED', 'The server closed the connection.');
    }
  }

  async #greet(): Promise<void> {
    const patience = new AbortController();
    const limit = this.#settings.connectTimeoutMs ?? connectTimeoutMs;
    void this.#settings.clock.sleep(limit, patience.signal).then(() => {
      if (!patience.signal.aborted) {
        this.#fail('TIMEOUT', `The server sent no greeting within ${String(limit / 1000)} s.`);
      }
    });
    try {
      this.#greeted = await this.#greeting.promise;
    } finally {
      patience.abort();
    }
  }

  async #startTls(plain: Socket, tls: TlsSettings): Promise<void> {
    if (this.#greeted?.status === 'PREAUTH') {
      // RFC 9051 section 7.1.4: with PREAUTH there is no STARTTLS, and going on would mean going on in the clear.
      throw new ImapUnsupportedError('starttls', 'The server greets as already signed in, so STARTTLS is impossible.');
    }
    if (this.#capabilities.size === 0) {
      await this.refreshCapabilities();
    }
    if (!this.#capabilities.has('STARTTLS')) {
      throw new ImapUnsupportedError('starttls', 'The server does not offer STARTTLS on this port.');
    }
    this.#phase = 'tls';
    const reply = { seen: false };
    const starting = this.execute({
      name: 'STARTTLS',
      parts: ['STARTTLS'],
      onReply: () => {
        reply.seen = true;
        this.#stopped = true;
      },
    });
    await starting;
    if (!this.#framer.idle || this.#failure !== undefined) {
      // Text sent after the OK but before TLS was put there by somebody in between (CVE-2011-0411).
      throw this.#failure ?? new ImapProtocolError('The server sent text after STARTTLS and before TLS.');
    }
    plain.removeAllListeners('close');
    // What was announced in the clear may be forged (RFC 9051 section 6.2.1).
    this.#capabilities = new Set();
    this.#stopped = false;
    this.#adopt(await upgradeSocket(plain, tls, this.#socketSettings()));
  }

  #wire(): Wire {
    const out = this.#out;
    if (out === undefined) {
      throw this.#lost('CLOSED', 'The connection is not open.');
    }
    let current: InFlight | undefined;
    let released = false;
    return {
      start: (command) => {
        if (this.#queue.oldest === undefined) {
          this.#progress();
        }
        if (current !== undefined) {
          current.sent = true;
        }
        current = this.#queue.add(command);
        if (command.exclusive === true) {
          this.#opened = command;
        }
        if (this.#failure !== undefined) {
          this.#queue.failAll(this.#failure);
        }
        out.text(`${current.tag} `);
        return current;
      },
      text: (text) => out.text(text),
      octets: (octets) => out.octets(octets),
      drained: () => out.drained(),
      flush: () => out.flush(),
      continuation: (inFlight) => this.#awaitContinuation(inFlight),
      release: () => {
        if (!released) {
          released = true;
          if (current !== undefined) {
            current.sent = true;
          }
          this.#passWireOn();
        }
      },
    };
  }

  #passWireOn(): void {
    const next = this.#wireQueue.shift();
    if (next === undefined) {
      this.#wireBusy = false;
    } else {
      next();
    }
  }

  async #sendParts(wire: Wire, inFlight: InFlight): Promise<void> {
    for (const part of inFlight.command.parts) {
      if (typeof part === 'string') {
        wire.text(part);
      } else if (!(await this.#sendLiteral(wire, inFlight, part))) {
        return;
      }
    }
    const { answer } = inFlight.command;
    if (answer === undefined) {
      return;
    }
    wire.text('\r\n');
    for (
      let challenge = await wire.continuation(inFlight);
      challenge !== undefined;
      challenge = await wire.continuation(inFlight)
    ) {
      wire.text(`${answer(challenge)}\r\n`);
    }
  }

  /** False where the server answered the command instead of taking the literal. */
  async #sendLiteral(wire: Wire, inFlight: InFlight, literal: CommandPart): Promise<boolean> {
    if (literal.length <= this.longestNonSyncLiteral) {
      wire.text(`{${String(literal.length)}+}\r\n`);
    } else {
      wire.text(`{${String(literal.length)}}\r\n`);
      if ((await wire.continuation(inFlight)) === undefined) {
        return false;
      }
    }
    if (typeof literal !== 'string') {
      wire.octets(literal);
    }
    return true;
  }

  #awaitContinuation(inFlight: InFlight): Promise<string | undefined> {
    if (this.#failure !== undefined) {
      return Promise.reject(this.#failure);
    }
    if (inFlight.tagged !== undefined) {
      return Promise.resolve(undefined);
    }
    this.#out?.flush();
    this.#progress();
    const { promise, resolve } = Promise.withResolvers<string | undefined>();
    this.#continuation = { inFlight, resolve };
    // A lost connection ends the wait through the reply, which then rejects.
    return Promise.race([promise, inFlight.reply.then(() => undefined)]);
  }

  /** From the socket: through the decompressor where there is one. False: stop reading. */
  #received(octets: Buffer): boolean {
    if (this.#inflate === undefined) {
      return this.#read(octets);
    }
    this.#progress();
    // The read buffer is used again, the decompressor works later.
    const more = this.#inflate.write(Buffer.from(octets));
    if (!more) {
      this.#inflate.once('drain', () => this.#socket?.resume());
    }
    return more;
  }

  #read(octets: Buffer): boolean {
    this.#progress();
    try {
      const wait = this.#framer.push(octets);
      if (wait === undefined) {
        return true;
      }
      this.#paused = true;
      wait.then(
        () => this.#resume(),
        (error: unknown) => this.#unreadable(error),
      );
    } catch (error) {
      this.#unreadable(error);
    }
    return false;
  }

  #resume(): void {
    this.#paused = false;
    this.#progress();
    (this.#inflate ?? this.#socket)?.resume();
  }

  #unreadable(error: unknown): void {
    const message = error instanceof Error ? error.message : 'The server sent something unreadable.';
    this.#fail('PROTOCOL', message, error);
  }

  #progress(): void {
    this.#lastActivity = this.#settings.clock.now();
  }

  #openLiteral(soFar: FramedResponse, size: number): LiteralSink | undefined {
    const data = readUntagged(soFar);
    const owner = this.#streaming ?? this.#queue.ownerOf(data);
    if (owner?.command.openLiteral === undefined) {
      return undefined;
    }
    if (owner.failed) {
      return discarding;
    }
    const sink = owner.command.openLiteral(data, size);
    if (sink === undefined) {
      return undefined;
    }
    this.#streaming = owner;
    return guarded(owner, sink);
  }

  #response(response: FramedResponse): void | Promise<void> {
    if (this.#stopped) {
      throw new ImapProtocolError('The server sent text after STARTTLS and before TLS.');
    }
    const streaming = this.#streaming;
    this.#streaming = undefined;
    if (response.text.startsWith('* ')) {
      return this.#untagged(readUntagged(response), streaming);
    }
    if (response.text.startsWith('+')) {
      this.#takeContinuation(response.text.slice(1).trim());
      return;
    }
    this.#tagged(response.text);
  }

  #takeContinuation(text: string | undefined): void {
    const waiting = this.#continuation;
    this.#continuation = undefined;
    waiting?.resolve(text);
  }

  #tagged(text: string): void {
    const blank = text.indexOf(' ');
    const tag = blank === -1 ? text : text.slice(0, blank);
    const reply = parseReply(text.slice(blank + 1));
    if (reply === undefined) {
      throw new ImapProtocolError('The server sent a line that is no IMAP response.');
    }
    this.#learnCapabilities(reply);
    if (this.#continuation?.inFlight.tag === tag) {
      this.#takeContinuation(undefined);
    }
    if (!this.#queue.settle(tag, reply)) {
      throw new ImapProtocolError(`The server answered a command that was not sent: ${reply.status} ${reply.text}`);
    }
  }

  #untagged(data: UntaggedData, streaming: InFlight | undefined): void | Promise<void> {
    switch (data.kind) {
      case 'CAPABILITY':
        this.#setCapabilities(data.response.text.slice(data.position));
        return;
      case 'BYE':
        this.#bye = statusOf(data);
        if (this.#phase === 'greeting') {
          this.#fail('BYE', 'The server refused the connection.');
        }
        return;
      case 'OK':
      case 'PREAUTH':
      case 'NO':
      case 'BAD':
        this.#status(data);
    }
    const owner = streaming ?? this.#queue.ownerOf(data);
    if (owner?.command.untagged === undefined || owner.failed) {
      return;
    }
    return guard(owner, () => owner.command.untagged?.(data));
  }

  #status(data: UntaggedData): void {
    const reply = statusOf(data);
    if (reply !== undefined) {
      this.#learnCapabilities(reply);
      this.#greeting.resolve(reply);
    }
  }

  #learnCapabilities(reply: Reply): void {
    if (reply.code === 'CAPABILITY') {
      this.#setCapabilities(reply.codeArguments);
    }
  }

  #setCapabilities(text: string): void {
    this.#capabilities = new Set(
      text
        .toUpperCase()
        .split(' ')
        .filter((capability) => capability !== '' && this.#settings.ignored?.includes(capability) !== true),
    );
  }

  #lost(reason: string, message: string, cause?: unknown): ImapConnectionError {
    return new ImapConnectionError(this.#phase, { reason, message, bye: this.#bye, cause });
  }

  #fail(reason: string, message: string, cause?: unknown): void {
    if (this.#failure !== undefined) {
      return;
    }
    this.#failure = this.#lost(reason, message, cause);
    this.#ended.abort();
    this.#settings.signal?.removeEventListener('abort', this.#onAbort);
    this.#greeting.reject(this.#failure);
    this.#out?.fail(this.#failure);
    this.#queue.failAll(this.#failure);
    for (const waiting of this.#wireQueue.splice(0)) {
      waiting();
    }
    this.#inflate?.destroy();
    this.#socket?.destroy();
  }

  get #waitingForServer(): boolean {
    if (this.#paused) {
      return false;
    }
    return this.#queue.oldest?.sent === true || this.#continuation !== undefined || (this.#out?.pending ?? 0) > 0;
  }

  /** Gives the connection up when an answer is due and nothing has moved for the inactivity limit. */
  async #watch(): Promise<void> {
    const limit = this.#settings.inactivityTimeoutMs ?? inactivityTimeoutMs;
    while (this.#failure === undefined) {
      const idle = this.#waitingForServer ? this.#settings.clock.now() - this.#lastActivity : 0;
      if (idle >= limit) {
        this.#fail('TIMEOUT', `The server did not answer for ${String(limit / 1000)} s.`);
        return;
      }
      await this.#settings.clock.sleep(limit - idle, this.#ended.signal);
    }
  }
}

const discarding: LiteralSink = {
  begin: () => undefined,
  chunk: () => undefined,
  end: () => undefined,
};

/** A sink whose failure ends its command, not the connection: what still comes for it is dropped. */
function guarded(owner: InFlight, sink: LiteralSink): LiteralSink {
  return {
    begin: () => guard(owner, () => sink.begin()),
    chunk: (octets) => guard(owner, () => sink.chunk(octets)),
    end: () => guard(owner, () => sink.end()),
  };
}

function guard(owner: InFlight, step: () => void | Promise<void>): void | Promise<void> {
  if (owner.failed) {
    return;
  }
  try {
    return step()?.catch((error: unknown) => blame(owner, error));
  } catch (error) {
    blame(owner, error);
  }
}

/** Nonsense from the server ends the connection; what a caller's handler throws ends its command. */
function blame(owner: InFlight, error: unknown): void {
  if (error instanceof ImapProtocolError) {
    throw error;
  }
  owner.fail(error);
}
