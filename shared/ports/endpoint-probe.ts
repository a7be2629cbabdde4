import type { Endpoint, Keeps } from '../domain/endpoint.ts';
import type { ErrorCode } from '../domain/error-catalogue.ts';
import type { MailboxCredentials } from './mail-source.ts';

/** Result of looking at one side of an endpoint, or at the directory of a side. */
export interface EndpointCheck {
  readonly side: 'source' | 'target' | 'directory' | 'target-directory';
  /** In the order in which they are made: a later one is `cannot-check` when an earlier one failed. */
  readonly check:
    'reachable' | 'certificate' | 'sign-in' | 'capabilities' | 'mailbox' | 'storage' | 'rights' | 'recipients';
  readonly result: 'pass' | 'warn' | 'fail' | 'cannot-check';
  /** Code of what failed; null otherwise. */
  readonly code: ErrorCode | null;
  /** True where a later try may succeed by itself (refused or lost connection); false for what a person must change. */
  readonly transient: boolean;
  /** What was seen, in words; no secret. */
  readonly evidence: string;
  /** What to do about it; '' where all is well. */
  readonly fix: string;
}

/** Mailbox to sign in to on each side; a side that is absent is looked at up to the sign-in. */
export interface ProbeMailboxes {
  readonly source?: MailboxCredentials | undefined;
  readonly target?: MailboxCredentials | undefined;
}

export type Discovery =
  | { readonly outcome: 'found'; readonly ewsUrl: string }
  | { readonly outcome: 'failed'; readonly checks: readonly EndpointCheck[] };

export interface StorageProbe {
  readonly check: EndpointCheck;
  /** undefined: nothing was found out. */
  readonly keeps: Keeps | undefined;
}

/**
 * Looks at both servers of an endpoint: name, port, TLS mode, certificate, sign-in. Never rejects for what the far side
 * does or what the endpoint's settings are: each of these is a check that failed.
 */
export interface EndpointProbe {
  probe(endpoint: Endpoint, mailboxes: ProbeMailboxes): Promise<readonly EndpointCheck[]>;

  /** Asks Autodiscover for the Exchange of an endpoint whose file names no address of it. Never rejects, as `probe`. */
  discover(endpoint: Endpoint): Promise<Discovery>;

  /**
   * Looks at the directories of both sides of a staged endpoint, and, where `sample` names an address, at the right to
   * forward its mail. Never rejects, as `probe`.
   */
  probeDirectories(endpoint: Endpoint, sample: string | undefined): Promise<readonly EndpointCheck[]>;

  /**
   * Finds out what the target leaves as it was written: writes a few messages into a folder of our own in a target
   * mailbox, reads them back and removes the folder; one that an earlier probe left behind is removed too. Never rejects
   * for what the far side does: then nothing is known, and the check says why.
   */
  probeStorage(endpoint: Endpoint, mailbox: MailboxCredentials): Promise<StorageProbe>;
}
