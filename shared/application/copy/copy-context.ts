import type { MailboxJob } from '../../domain/mailbox-job.ts';
import type { ResolvedOptions } from '../../domain/options.ts';
import type { PairItem } from '../../domain/pair.ts';
import type { SourceMailbox } from '../../ports/mail-source.ts';
import type { TargetMailbox } from '../../ports/mail-target.ts';
import type { Services } from '../services.ts';
import type { PageLimits } from './page.ts';
import type { PairLease } from './pair-lease.ts';

export interface OpenMailboxes {
  readonly source: SourceMailbox;
  readonly target: TargetMailbox;
}

/** What every part of the engine works with during one slice. */
export interface CopyContext extends OpenMailboxes {
  readonly services: Pick<Services, 'objects' | 'clock' | 'settings' | 'log'>;
  readonly lease: PairLease;
  /** No other worker was at the pair since the mailboxes were opened: folders are as they were listed then. */
  readonly aloneSinceOpening: boolean;
  /** Other pairs into this target account: what they brought there is theirs. They rest while this one is copied. */
  readonly otherPairs: () => Promise<readonly PairItem[]>;
  readonly options: ResolvedOptions;
  /** Somebody decided that what earlier passes left as doubtful is to be copied: it may be at the target twice then. */
  readonly copyDoubtful: boolean;
  /** Octets above which an item is skipped; undefined: no limit. */
  readonly maxItemBytes: number | undefined;
  readonly limits: PageLimits;
  /** Connections that this mailbox may use at each server. */
  readonly connections: number;
  /**
   * Opens the mailbox once more at both servers; undefined where one of them does not let us. Closed with the slice.
   */
  readonly connectMore: () => Promise<OpenMailboxes | undefined>;
  /** Aborts when the lease is lost, the service stops or the time is up. */
  readonly signal: AbortSignal;
  /** False when the slice should end at the next page. */
  readonly mayGoOn: () => boolean;
  /** Asked before the first octet of a page is sent: false when somebody stopped the slice. */
  readonly mayBegin: () => Promise<boolean>;
  /** Shows progress: called after every commit. */
  readonly onProgress: (job: Pick<MailboxJob, 'items'>) => void;
}

/** What a phase of the pass ended with. `budget`: the slice's time is up, or it was told to stop. */
export type PhaseEnd = 'done' | 'budget';
