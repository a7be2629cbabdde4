import { afterAll, afterEach, beforeAll } from '@jest/globals';
import type { DovecotOptions } from '../dovecot/dovecot-options.ts';
import { DovecotPair } from '../dovecot/dovecot-pair.ts';
import type { DovecotServer } from '../dovecot/dovecot-server.ts';
import { snapshotDovecot } from '../mail/snapshot-mailbox.ts';
import { TcpFaultProxy } from '../tcp-fault-proxy.ts';
import { CopyHarness, type HarnessOptions } from './copy-harness.ts';

/**
 * Copies between two Dovecots, which live as long as the tests of the describe in which it is made. What a test opens is
 * closed after it.
 */
export class DovecotCopies {
  #servers: DovecotPair | undefined;
  readonly #users: DovecotOptions['users'];
  readonly #open: (() => unknown)[] = [];

  constructor(options: DovecotOptions) {
    this.#users = options.users;
    beforeAll(async () => {
      this.#servers = await DovecotPair.start(options);
    });
    afterEach(async () => {
      for (const close of this.#open.splice(0).reverse()) await close();
    });
    afterAll(() => this.#servers?.stop());
  }

  get #pair(): DovecotPair {
    if (this.#servers === undefined) throw new Error('The servers run while tests do.');
    return this.#servers;
  }

  get source(): DovecotServer {
    return this.#pair.source;
  }

  get target(): DovecotServer {
    return this.#pair.target;
  }

  async open(user: string, more: Partial<HarnessOptions> = {}): Promise<CopyHarness> {
    const { source, target } = this.#pair;
    const harness = await CopyHarness.open({
      ...{ source, target, mailbox: user, password: this.#users[user] ?? '' },
      ...more,
    });
    this.closing(() => harness.close());
    return harness;
  }

  /** A line to a server that can break; connect to its `port`. */
  async line(server: { readonly imapPort: number }): Promise<TcpFaultProxy> {
    const line = await TcpFaultProxy.start(server.imapPort);
    this.closing(() => line.stop());
    return line;
  }

  /** To be done after the test that is running. */
  closing(close: () => unknown): void {
    this.#open.push(close);
  }

  /** What differs of a user's mailbox, in sentences. */
  differences(user: string): Promise<readonly string[]> {
    return this.#pair.differences([user]);
  }

  /** How many messages the inbox holds. */
  async inInbox(server: DovecotServer, user: string): Promise<number> {
    return (await snapshotDovecot(server, user)).get('INBOX')?.messages.length ?? 0;
  }
}
