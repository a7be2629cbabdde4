import type { ErrorCode } from '../domain/error-catalogue.ts';

/** Result of looking at one thing in a directory; a failed one stops a batch unless somebody overrides it. */
export interface DirectoryCheck {
  /** In the order in which they are made: a later one is `cannot-check` when an earlier one failed. */
  readonly check: 'reachable' | 'certificate' | 'sign-in' | 'rights' | 'recipients';
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
