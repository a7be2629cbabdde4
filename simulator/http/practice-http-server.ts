import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';

export interface PracticeHttpOptions {
  /** PEM; without it the server speaks plain HTTP. */
  readonly tls?: { readonly key: string; readonly cert: string } | undefined;
  /** How long a connection may lie idle; as Node has it by default. */
  readonly keepAliveMs?: number | undefined;
}

/** A web server on a free port of loopback. */
export class PracticeHttpServer {
  readonly #server: Server;
  readonly #scheme: 'http' | 'https';
  readonly #sockets = new Set<Socket>();

  private constructor({ tls, keepAliveMs }: PracticeHttpOptions) {
    const options = keepAliveMs === undefined ? {} : { keepAliveTimeout: keepAliveMs };
    this.#scheme = tls === undefined ? 'http' : 'https';
    this.#server =
      tls === undefined ? createServer(options) : createTlsServer({ ...options, ...tls, minVersion: 'TLSv1.2' });
    this.#server.on(tls === undefined ? 'connection' : 'secureConnection', (socket: Socket) => {
      this.#sockets.add(socket);
      // Clients may go as they like.
      socket.on('error', () => undefined).on('close', () => this.#sockets.delete(socket));
    });
  }

  static async start(options: PracticeHttpOptions = {}): Promise<PracticeHttpServer> {
    const server = new PracticeHttpServer(options);
    await new Promise<void>((resolve, reject) => {
      server.#server.once('error', reject).listen(0, '127.0.0.1', resolve);
    });
    return server;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** `https://127.0.0.1:49152` */
  get origin(): string {
    return `${this.#scheme}://127.0.0.1:${String(this.port)}`;
  }

  /** Connections that were opened and are still open. */
  get connections(): number {
    return this.#sockets.size;
  }

  /** Who answers; where that fails, the client finds its connection cut. */
  onRequest(answer: (request: IncomingMessage, response: ServerResponse) => Promise<void>): void {
    this.#server.on('request', (request, response) => {
      answer(request, response).catch(() => request.socket.destroy());
    });
  }

  dropAll(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async stop(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.dropAll();
    await closed;
  }
}
