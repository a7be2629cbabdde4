import { ImapProtocolError } from './imap-error.ts';
import { isStatusText } from './reply.ts';

/**
 * One response as it came: its lines in one latin1 string in which the `{n}` marks stay, and the literals in order. A
 * literal that was streamed has `undefined` in its place.
 */
export interface FramedResponse {
  readonly text: string;
  readonly literals: readonly (Buffer | undefined)[];
}

/** Where a literal goes. A returned promise stops the reading until it resolves. */
export interface LiteralSink {
  begin(): void | Promise<void>;
  /** The octets are only valid during the call (or until the returned promise resolves). */
  chunk(octets: Buffer): void | Promise<void>;
  end(): void | Promise<void>;
}

export interface ResponseHandler {
  /** A literal begins; `soFar` ends with its `{n}`. Undefined: it is collected and comes with the response. */
  openLiteral(soFar: FramedResponse, size: number): LiteralSink | undefined;
  response(response: FramedResponse): void | Promise<void>;
}

const noLiterals: readonly (Buffer | undefined)[] = [];
const lineFeed = 0x0a;
const carriageReturn = 0x0d;
const closingBrace = 0x7d;

/** A SEARCH reply over 500,000 messages is one line of 4 MB; beyond 64 MB somebody is attacking us. */
const longestLine = 64 * 1024 * 1024;
/** Collected literals are names and headers; a body only from a server that names its UID after it. */
const largestCollected = 64 * 1024 * 1024;

/**
 * Cuts the octets of a connection into responses, without ever looking into a body. Chunks may end anywhere. Memory is
 * bounded: a line, and the literals that nobody streams.
 */
export class ResponseFramer {
  readonly #handler: ResponseHandler;
  #busy = false;
  #chunk: Buffer = Buffer.alloc(0);
  #offset = 0;
  /** Beginnings of a line whose end is in a later chunk. */
  #partial: Buffer[] = [];
  #partialLength = 0;
  #text = '';
  #literals: (Buffer | undefined)[] | undefined;
  #sink: LiteralSink | undefined;
  /** Octets of the literal that are still to come. */
  #remaining = 0;

  constructor(handler: ResponseHandler) {
    this.#handler = handler;
  }

  /** True between responses: nothing of a next one has been seen. */
  get idle(): boolean {
    return (
      this.#offset === this.#chunk.length && this.#partialLength === 0 && this.#text === '' && this.#sink === undefined
    );
  }

  /**
   * Takes the next octets. Returns a promise when a sink or handler asked to wait; until it resolves nothing else may be
   * pushed and `chunk` must stay as it is.
   */
  push(chunk: Buffer): void | Promise<void> {
    if (this.#busy) {
      throw new Error('More octets came while the framer was told to wait.');
    }
    this.#chunk = chunk;
    this.#offset = 0;
    const wait = this.#run();
    if (wait === undefined) {
      return undefined;
    }
    this.#busy = true;
    return wait.then(() => {
      this.#busy = false;
    });
  }

  #run(): void | Promise<void> {
    while (this.#offset < this.#chunk.length) {
      const wait = this.#sink === undefined ? this.#takeLine() : this.#takeLiteral(this.#sink);
      if (wait !== undefined) {
        return wait.then(() => this.#run());
      }
    }
  }

  #takeLiteral(sink: LiteralSink): void | Promise<void> {
    const end = Math.min(this.#chunk.length, this.#offset + this.#remaining);
    const octets = this.#chunk.subarray(this.#offset, end);
    this.#offset = end;
    this.#remaining -= octets.length;
    const wait = sink.chunk(octets);
    if (this.#remaining > 0) {
      return wait;
    }
    return wait === undefined ? this.#closeLiteral(sink) : wait.then(() => this.#closeLiteral(sink));
  }

  #closeLiteral(sink: LiteralSink): void | Promise<void> {
    this.#sink = undefined;
    return sink.end();
  }

  #takeLine(): void | Promise<void> {
    const end = this.#chunk.indexOf(lineFeed, this.#offset);
    if (end === -1) {
      this.#keepPartial();
      return;
    }
    const line = this.#lineUpTo(end);
    this.#text += line;
    this.#offset = end + 1;
    const size = literalSize(this.#text, line);
    if (size !== undefined) {
      return this.#openLiteral(size);
    }
    const response = { text: this.#text, literals: this.#literals ?? noLiterals };
    this.#text = '';
    this.#literals = undefined;
    // An empty line between responses means nothing; some servers send one after a literal.
    return response.text === '' ? undefined : this.#handler.response(response);
  }

  #keepPartial(): void {
    // The connection reuses its read buffer: what is kept beyond this call is copied.
    const rest = Buffer.from(this.#chunk.subarray(this.#offset));
    this.#offset = this.#chunk.length;
    this.#partial.push(rest);
    this.#partialLength += rest.length;
    if (this.#partialLength > longestLine) {
      throw new ImapProtocolError('The server sent a line of more than 64 MB.');
    }
  }

  #lineUpTo(end: number): string {
    if (this.#partialLength === 0) {
      return decodeLine(this.#chunk, this.#offset, end);
    }
    const line = Buffer.concat([...this.#partial, this.#chunk.subarray(this.#offset, end)]);
    this.#partial = [];
    this.#partialLength = 0;
    return decodeLine(line, 0, line.length);
  }

  #openLiteral(size: number): void | Promise<void> {
    this.#literals ??= [];
    const index = this.#literals.length;
    const sink = this.#handler.openLiteral({ text: this.#text, literals: this.#literals }, size);
    this.#literals.push(undefined);
    this.#sink = sink ?? this.#collector(this.#literals, index, size);
    this.#remaining = size;
    const opened = this.#sink;
    const wait = opened.begin();
    if (size > 0) {
      return wait;
    }
    return wait === undefined ? this.#closeLiteral(opened) : wait.then(() => this.#closeLiteral(opened));
  }

  #collector(literals: (Buffer | undefined)[], index: number, size: number): LiteralSink {
    if (size > largestCollected) {
      throw new ImapProtocolError(`The server sent a literal of ${String(size)} octets that was not asked for.`);
    }
    const collected = Buffer.alloc(size);
    let filled = 0;
    literals[index] = collected;
    return {
      begin() {
        filled = 0;
      },
      chunk(octets) {
        filled += octets.copy(collected, filled);
      },
      end() {
        filled = size;
      },
    };
  }
}

/** Without the line end; servers are met that end lines with LF alone. */
function decodeLine(octets: Buffer, from: number, lineFeedAt: number): string {
  const end = lineFeedAt > from && octets[lineFeedAt - 1] === carriageReturn ? lineFeedAt - 1 : lineFeedAt;
  return octets.toString('latin1', from, end);
}

/**
 * The n of `{n}`, `{n+}` or `~{n}` (RFC 3516) at the end of a response's newest line. Human-readable text may end like
 * that too: only data responses carry literals, so status responses, tagged replies and continuations are never looked
 * at.
 */
function literalSize(text: string, line: string): number | undefined {
  if (line.charCodeAt(line.length - 1) !== closingBrace || !text.startsWith('* ')) {
    return undefined;
  }
  const mark = /\{(\d{1,15})\+?\}$/.exec(line.slice(-20));
  if (mark === null || isStatusText(text.slice(2, 12))) {
    return undefined;
  }
  return Number(mark[1]);
}
