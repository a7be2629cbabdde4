import type { ErrorCode } from '../domain/error-catalogue.ts';

/** Whether the place that the service runs in has what a batch takes. */
export interface DeploymentCheck {
  /** `mail-sending`: status mails reach their recipients; `workers`: so many mailboxes can be open at a time. */
  readonly check: 'mail-sending' | 'workers';
  readonly result: 'pass' | 'warn' | 'fail' | 'cannot-check';
  /** Code of what failed; null otherwise. */
  readonly code: ErrorCode | null;
  /** What was seen, in words. */
  readonly evidence: string;
  /** What to do about it; '' where all is well. */
  readonly fix: string;
}

/** Asks the deployment's own services. Never rejects: what cannot be asked is a check that says so. */
export interface DeploymentProbe {
  /** `workers`: mailboxes that the batch will have open at a time. */
  probe(need: { readonly workers: number }): Promise<readonly DeploymentCheck[]>;
}
