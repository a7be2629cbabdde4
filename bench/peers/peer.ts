import type { DovecotServer } from '../../test/support/dovecot/dovecot-server.ts';
import type { Command } from '../measure-child.ts';

/** One migration of one mailbox, and where a peer may keep what it needs. */
export type PeerJob = {
  readonly source: DovecotServer;
  readonly target: DovecotServer;
  /** Not the servers' own ports where a slow line is in between. */
  readonly sourcePort: number;
  readonly targetPort: number;
  readonly sourceUser: string;
  readonly targetUser: string;
  readonly password: string;
  /** An empty folder for settings and state; the same one at the no-change pass. */
  readonly folder: string;
};

export type Peer = {
  readonly name: string;
  /** Why it cannot run here, in words; undefined when it can. */
  readonly missing: () => string | undefined;
  readonly copy: (job: PeerJob) => Command;
  /** The second pass over an unchanged mailbox; by default the same command. */
  readonly copyAgain?: (job: PeerJob) => Command | undefined;
  /** Seconds that the peer itself says the copying took, where it says so. */
  readonly ownSeconds?: (job: PeerJob, stdout: string) => number | undefined;
  /** What it is known to change in every message, so that the check counts messages instead of digests. */
  readonly alters?: string;
  /** Known to need minutes on a slow line: left out of a quick run's. */
  readonly slowOnSlowLines?: true;
};
