import { once } from 'node:events';
import { type Server, type Socket, createServer } from 'node:net';
import type { Clock } from '../../../shared/ports/clock.ts';
import { Account } from './account.ts';
import { FaultPlan } from './faults.ts';
import { type Quirks, Session } from './session.ts';
import { ServerWire } from './wire.ts';

/** What a well-equipped server offers; leave some out to play a poor one. */
export const allCapabilities = [
  'IMAP4rev1',
  'LITERAL+',
  'SASL-IR',
  'AUTH=PLAIN',
  'ID',
  'ENABLE',
  'IDLE',
  'NAMESPACE',
  'UIDPLUS',
  'MULTIAPPEND',
  'UNSELECT',
  'CHILDREN',
  'LIST-EXTENDED',
  'LIST-STATUS',
  'SPECIAL-USE',
  'MOVE',
  'CONDSTORE',
  'QRESYNC',
  'ESEARCH',
  'OBJECTID',
  'STATUS=SIZE',
] as const;

export function allCapabilitiesBut(...missing: readonly string[]): readonly string[] {
  return allCapabilities.filter((capability) => !missing.includes(capability));
}

export interface ScriptedServerOptions {
  /** Login name to password. */
  readonly users: Readonly<Record<string, string>>;
  readonly capabilities?: readonly string[];
  readonly quirks?: Quirks;
  readonly separator?: string;
  /** Of the personal namespace, separator included. */
  readonly prefix?: string;
  /** Largest message that APPEND takes. */
  readonly appendLimit?: number;
  readonly greeting?: string;
  /** For faults that wait; real time where none is given. */
  readonly clock?: Clock;
}

/**
 * An IMAP4rev1 server in memory, on loopback, that does exactly what a test tells it, and breaks where it is told to.
 * Unencrypted. Mail is in `account(user)`, faults go into `plan`.
 */
export class ScriptedImapServer {
  readonly host = '127.0.0.1';
  readonly plan = new FaultPlan();
  readonly #options: ScriptedServerOptions;
  readonly #accounts = new Map<string, Account>();
  readonly #wires = new Set<ServerWire>();
  readonly #sessions = new Set<Promise<void>>();
  readonly #failures: unknown[] = [];
  readonly #server: Server;
  #connections = 0;
  #port = 0;

  private constructor(options: ScriptedServerOptions) {
    this.#options = options;
    this.#server = createServer((socket) => this.#accept(socket));
  }

  static async start(options: ScriptedServerOptions): Promise<ScriptedImapServer> {
    const server = new ScriptedImapServer(options);
    server.#server.listen(0, server.host);
    await once(server.#server, 'listening');
    const address = server.#server.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    server.#port = address.port;
    return server;
  }

  get port(): number {
    return this.#port;
  }

  /** The same under the name that other test servers use. */
  get imapPort(): number {
    return this.#port;
  }

  account(user: string): Account {
    const existing = this.#accounts.get(user);
    if (existing !== undefined) return existing;
    const { separator = '/', prefix = '' } = this.#options;
    const account = new Account({ separator, prefix });
    this.#accounts.set(user, account);
    return account;
  }

  /** Gives a user other mail; sessions that are open keep what they have. */
  setAccount(user: string, account: Account): void {
    this.#accounts.set(user, account);
  }

  /** Resolves when every session there is has ended, with all that it had received done. */
  async sessionsEnded(): Promise<void> {
    while (this.#sessions.size > 0) await Promise.all(this.#sessions);
  }

  get openConnections(): number {
    return this.#wires.size;
  }

  cutAll(): void {
    for (const wire of this.#wires) wire.cut();
  }

  /** Rejects when a session failed by a defect of this server or a command that it does not know to play. */
  async stop(): Promise<void> {
    this.cutAll();
    this.#server.close();
    await once(this.#server, 'close');
    if (this.#failures.length > 0) throw new AggregateError(this.#failures, 'The scripted server failed.');
  }

  #accept(socket: Socket): void {
    const wire = new ServerWire(socket);
    this.#wires.add(wire);
    socket.once('close', () => this.#wires.delete(wire));
    this.#connections += 1;
    const {
      users,
      capabilities = allCapabilities,
      quirks = {},
      greeting = 'ready',
      appendLimit,
      clock,
    } = this.#options;
    const limit = appendLimit === undefined ? [] : [`APPENDLIMIT=${appendLimit}`];
    const session = new Session({
      number: this.#connections,
      wire,
      clock: clock ?? realTime,
      plan: this.plan,
      capabilities: new Set([...capabilities, ...limit]),
      quirks,
      greeting,
      appendLimit,
      signIn: (user, password) => (users[user] === password ? this.account(user) : undefined),
    });
    const running = session.run().catch((error: unknown) => void this.#failures.push(error));
    this.#sessions.add(running);
    void running.then(() => this.#sessions.delete(running));
  }
}

const realTime: Clock = {
  now: () => Date.now(),
  sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
};
