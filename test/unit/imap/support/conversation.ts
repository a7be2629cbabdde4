import { type Server, type Socket, createServer } from 'node:net';
import { once } from 'node:events';

/** One connection of a server that a test plays line by line. */
export class Peer {
  readonly #socket: Socket;
  #received = Buffer.alloc(0);
  #wake: (() => void) | undefined;
  #ended = false;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (octets) => {
      this.#received = Buffer.concat([this.#received, octets]);
      this.#wake?.();
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.#ended = true;
      this.#wake?.();
    });
  }

  send(...lines: readonly string[]): void {
    this.#socket.write(Buffer.from(lines.map((line) => `${line}\r\n`).join(''), 'latin1'));
  }

  /** Octets as they are, without a line end. */
  sendRaw(octets: string | Buffer): void {
    this.#socket.write(typeof octets === 'string' ? Buffer.from(octets, 'latin1') : octets);
  }

  /** The next line of the client, without its end; 'closed' when it hung up. */
  async line(): Promise<string> {
    for (;;) {
      const end = this.#received.indexOf('\r\n');
      if (end !== -1) {
        const line = this.#received.subarray(0, end).toString('latin1');
        this.#received = this.#received.subarray(end + 2);
        return line;
      }
      if (this.#ended) {
        return 'closed';
      }
      await this.#more();
    }
  }

  async octets(count: number): Promise<string> {
    while (this.#received.length < count) {
      if (this.#ended) {
        throw new Error('The client hung up.');
      }
      await this.#more();
    }
    const octets = this.#received.subarray(0, count).toString('latin1');
    this.#received = this.#received.subarray(count);
    return octets;
  }

  /** What has come and not been asked for. */
  get unread(): string {
    return this.#received.toString('latin1');
  }

  hangUp(): void {
    this.#socket.destroy();
  }

  #more(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }
}

export interface PlayedServer {
  readonly port: number;
  /** Resolves when the script has ended; rejects with what it threw. */
  readonly played: Promise<void>;
  stop(): Promise<void>;
}

/** A server on loopback that plays `script` with its first client. */
export async function playServer(script: (peer: Peer) => Promise<void>): Promise<PlayedServer> {
  const { promise, resolve, reject } = Promise.withResolvers<undefined>();
  promise.catch(() => undefined);
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    script(new Peer(socket)).then(() => resolve(undefined), reject);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    played: promise,
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
