import type { Socket } from 'node:net';

/** The connection is gone; ends the session. */
export class Disconnected extends Error {}

/** Octets of one connection, pulled line by line and pushed with back-pressure. */
export class ServerWire {
  /** Resolves when the connection is gone. */
  readonly closed: Promise<void>;
  readonly #socket: Socket;
  #chunks: Buffer[] = [];
  #length = 0;
  #wake: (() => void) | undefined;
  /** Cut from here. */
  #ended = false;
  /** The client is gone; what it sent before is still here, and is done. */
  #left = false;

  constructor(socket: Socket) {
    this.#socket = socket;
    this.closed = new Promise((resolve) => {
      socket.once('close', () => resolve());
    });
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => {
      this.#chunks.push(chunk);
      this.#length += chunk.length;
      if (this.#length > 4 * 1024 * 1024) socket.pause();
      this.#wake?.();
    });
    socket.on('error', () => undefined);
    for (const event of ['end', 'close'] as const) {
      socket.on(event, () => {
        this.#left = true;
        this.#wake?.();
      });
    }
  }

  /** The next line, latin1, without its end. */
  async line(): Promise<string> {
    for (;;) {
      const line = this.#takeLine();
      if (line !== undefined) return line;
      await this.#more();
    }
  }

  /** Whether the next command has come as well, and begins like this after its tag. */
  nextStartsWith(verb: string): boolean {
    const [first] = this.#chunks;
    if (first === undefined) return false;
    const text = first.subarray(0, 200).toString('latin1');
    return (
      text.includes('\n') &&
      text
        .slice(text.indexOf(' ') + 1)
        .toUpperCase()
        .startsWith(verb)
    );
  }

  async octets(count: number): Promise<Buffer> {
    const parts: Buffer[] = [];
    let missing = count;
    while (missing > 0) {
      const [first] = this.#chunks;
      if (first === undefined) {
        await this.#more();
      } else {
        const part = first.subarray(0, missing);
        parts.push(part);
        missing -= part.length;
        this.#drop(part.length);
      }
    }
    return Buffer.concat(parts);
  }

  async send(octets: string | Buffer): Promise<void> {
    if (this.#ended) throw new Disconnected();
    // A server learns late that nobody listens any more: until then it does all that it was told.
    if (this.#left || this.#socket.destroyed) return;
    const buffer = typeof octets === 'string' ? Buffer.from(octets, 'latin1') : octets;
    if (!this.#socket.write(buffer)) {
      await new Promise<void>((resolve) => {
        const done = (): void => {
          this.#socket.off('drain', done);
          this.#socket.off('close', done);
          resolve();
        };
        this.#socket.on('drain', done);
        this.#socket.on('close', done);
      });
    }
  }

  cut(): void {
    this.#ended = true;
    this.#socket.destroy();
  }

  /** Ends after what was sent has been handed over. */
  end(): void {
    this.#ended = true;
    this.#socket.end();
  }

  #takeLine(): string | undefined {
    let at = 0;
    for (const [index, chunk] of this.#chunks.entries()) {
      const lineFeed = chunk.indexOf(10);
      if (lineFeed !== -1) {
        const line = Buffer.concat([...this.#chunks.slice(0, index), chunk.subarray(0, lineFeed)]);
        this.#drop(at + lineFeed + 1);
        return line.toString('latin1').replace(/\r$/, '');
      }
      at += chunk.length;
    }
    return undefined;
  }

  #drop(count: number): void {
    let left = count;
    this.#length -= count;
    while (left > 0) {
      const first = this.#chunks[0] ?? Buffer.alloc(0);
      if (first.length <= left) {
        left -= first.length;
        this.#chunks.shift();
      } else {
        this.#chunks[0] = first.subarray(left);
        left = 0;
      }
    }
    if (this.#length <= 4 * 1024 * 1024) this.#socket.resume();
  }

  async #more(): Promise<void> {
    if (this.#ended || this.#left) throw new Disconnected();
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    this.#wake = undefined;
  }
}
