import { diffMailboxes } from '../mail/diff-mailboxes.ts';
import { snapshotDovecot } from '../mail/snapshot-mailbox.ts';
import type { DovecotOptions } from './dovecot-options.ts';
import { DovecotServer } from './dovecot-server.ts';

/** Two Dovecots with the same users: one to migrate from, one to migrate to. */
export class DovecotPair {
  readonly source: DovecotServer;
  readonly target: DovecotServer;

  private constructor(source: DovecotServer, target: DovecotServer) {
    this.source = source;
    this.target = target;
  }

  /** `targetOptions`: what the target has of its own. */
  static async start(options: DovecotOptions, targetOptions: Partial<DovecotOptions> = {}): Promise<DovecotPair> {
    const [source, target] = await Promise.all([
      DovecotServer.start(options),
      DovecotServer.start({ ...options, ...targetOptions }),
    ]);
    return new DovecotPair(source, target);
  }

  /** What differs between the two mailboxes of each user, a sentence a difference; by default of all users of the source. */
  async differences(users: readonly string[] = Object.keys(this.source.options.users)): Promise<readonly string[]> {
    const found: string[] = [];
    for (const user of users) {
      const [before, after] = [await snapshotDovecot(this.source, user), await snapshotDovecot(this.target, user)];
      found.push(...diffMailboxes(before, after).map((difference) => `${user}: ${difference}`));
    }
    return found;
  }

  async stop(): Promise<void> {
    await Promise.all([this.source.stop(), this.target.stop()]);
  }
}
