import { assertNever } from '../assert-never.ts';
import type { MailboxJob } from '../mailbox-job.ts';

/** How far the preparation of a batch has come. */
export interface Preparation {
  /** The target mailbox is there, and forwarding is set. */
  readonly prepared: number;
  readonly pending: { readonly mailboxes: number; readonly examples: readonly string[] };
  /** Failed before it was prepared, or held by another batch. */
  readonly failed: number;
}

/** As many as a mail names. */
const mostExamples = 20;

/** For a caller that walks the jobs anyway. */
export function startPreparation(): {
  readonly add: (job: Pick<MailboxJob, 'status' | 'mailbox' | 'startedAt'>) => void;
  readonly preparation: () => Preparation;
} {
  const sums = { prepared: 0, failed: 0 };
  const pending = { mailboxes: 0, examples: [] as string[] };
  return {
    add(job) {
      const state = stateOf(job);
      if (state !== 'pending') {
        sums[state] += 1;
        return;
      }
      pending.mailboxes += 1;
      if (pending.examples.length < mostExamples) pending.examples.push(job.mailbox);
    },
    preparation: () => ({ ...sums, pending }),
  };
}

function stateOf({ status, startedAt }: Pick<MailboxJob, 'status' | 'startedAt'>): 'prepared' | 'pending' | 'failed' {
  switch (status) {
    case 'Queued':
    case 'Validating':
    case 'Provisioning':
      return 'pending';
    case 'Skipped':
      return 'failed';
    case 'Failed':
    case 'Stopping':
    case 'Stopped':
      // Copying begins when the preparation is through.
      return startedAt === null ? 'failed' : 'prepared';
    case 'Provisioned':
    case 'Syncing':
    case 'Synced':
    case 'IncrementalSyncing':
    case 'IncrementalFailed':
    case 'Completing':
    case 'Completed':
    case 'CompletedWithWarnings':
      return 'prepared';
    default:
      return assertNever(status);
  }
}
