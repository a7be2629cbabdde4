import type { Writable } from 'node:stream';

/**
 * Size of a block. System calls dominate the cost of sending: lines and small messages are gathered until a block is
 * full or the turn of the event loop ends.
 */
const blockSize = 256 * 1024;
/** Octets in flight at which a writer is asked to wait, and at which it may go on. */
const highWater = 2048 * 1024;
const lowWater = 1536 * 1024;

interface Block {
  readonly octets: Buffer;
  filled: number;
  /** Everything before has been handed to the stream. */
  flushed: number;
  /** Writes of this block that the stream has not finished. */
  outstanding: number;
}

/**
 * Gathers what is sent into few large writes. What is handed in is copied into blocks that are used again, so that
 * callers may reuse their buffers at once and memory stays flat.
 */
export class OutgoingBuffer {
  readonly #stream: Writable;
  readonly #onProgress: () => void;
  readonly #free: Block[] = [];
  #block: Block;
  #pending = 0;
  #scheduled: NodeJS.Immediate | undefined;
  #waiting: PromiseWithResolvers<undefined> | undefined;
  #failure: Error | undefined;

  constructor(stream: Writable, onProgress: () => void) {
    this.#stream = stream;
    this.#onProgress = onProgress;
    this.#block = newBlock();
  }

  /** Octets that the stream has not finished writing. */
  get pending(): number {
    return this.#pending;
  }

  /** Appends wire text, one character an octet. */
  text(text: string): void {
    if (text.length > blockSize - this.#block.filled) {
      this.octets(Buffer.from(text, 'latin1'));
      return;
    }
    this.#block.filled += this.#block.octets.write(text, this.#block.filled, 'latin1');
    this.#pending += text.length;
    this.#schedule();
  }

  octets(octets: Uint8Array): void {
    let taken = 0;
    while (taken < octets.length) {
      const room = blockSize - this.#block.filled;
      const part = octets.length - taken <= room ? octets.subarray(taken) : octets.subarray(taken, taken + room);
      this.#block.octets.set(part, this.#block.filled);
      this.#block.filled += part.length;
      this.#pending += part.length;
      taken += part.length;
      if (this.#block.filled === blockSize) {
        this.flush();
      }
    }
    this.#schedule();
  }

  /** Undefined while there is room; otherwise resolves when there is again, and rejects when the connection is lost. */
  drained(): Promise<undefined> | undefined {
    if (this.#failure !== undefined) {
      return Promise.reject(this.#failure);
    }
    if (this.#pending < highWater) {
      return undefined;
    }
    this.flush();
    this.#waiting ??= Promise.withResolvers<undefined>();
    return this.#waiting.promise;
  }

  flush(): void {
    clearImmediate(this.#scheduled);
    this.#scheduled = undefined;
    const block = this.#block;
    if (block.filled > block.flushed && this.#failure === undefined) {
      const part = block.octets.subarray(block.flushed, block.filled);
      block.flushed = block.filled;
      block.outstanding += 1;
      this.#stream.write(part, () => this.#written(block, part.length));
    }
    if (block.filled === blockSize) {
      this.#block = this.#free.pop() ?? newBlock();
    }
  }

  /** The connection is lost: nothing more is sent, who waits is told. */
  fail(error: Error): void {
    this.#failure ??= error;
    clearImmediate(this.#scheduled);
    this.#waiting?.promise.catch(() => undefined);
    this.#waiting?.reject(error);
    this.#waiting = undefined;
  }

  #schedule(): void {
    if (this.#scheduled === undefined && this.#block.filled > this.#block.flushed) {
      this.#scheduled = setImmediate(() => this.flush());
    }
  }

  #written(block: Block, length: number): void {
    block.outstanding -= 1;
    this.#pending -= length;
    if (block.outstanding === 0) {
      this.#reuse(block);
    }
    this.#onProgress();
    if (this.#pending <= lowWater) {
      this.#waiting?.resolve(undefined);
      this.#waiting = undefined;
    }
  }

  #reuse(block: Block): void {
    if (block === this.#block && block.filled > block.flushed) {
      return;
    }
    block.filled = 0;
    block.flushed = 0;
    if (block !== this.#block) {
      this.#free.push(block);
    }
  }
}

function newBlock(): Block {
  return { octets: Buffer.allocUnsafeSlow(blockSize), filled: 0, flushed: 0, outstanding: 0 };
}
