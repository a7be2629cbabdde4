import { assertNever } from '../assert-never.ts';
import type { MailboxJob } from '../mailbox-job.ts';
import { withoutPrefix } from '../routing-address.ts';

/** How far the preparation of a batch has come. */
export interface Preparation {
  /** The target mailbox is there, and forwarding is set. */
  readonly prepared: number;
  readonly pending: { readonly mailboxes: number; readonly examples: readonly string[] };
  /** Failed before it was prepared, or held by another batch. */
  readonly failed: number;
  /** Whose new mail goes to the target now (staged). */
  readonly forwarded: number;
  /** Mailboxes that forwarded elsewhere before us, with where to: `ann@contoso.test: ann@elsewhere.test`. */
  readonly replaced: readonly string[];
  /** What the admin should know of single mailboxes. */
  readonly notes: readonly string[];
}

/** As many as a mail names. */
const mostExamples = 20;

type Prepared = Pick<MailboxJob, 'status' | 'mailbox' | 'startedAt' | 'preparation' | 'forwarding' | 'outOfOffice'>;

/** For a caller that walks the jobs anyway. */
export function startPreparation(): {
  readonly add: (job: Prepared) => void;
  readonly preparation: () => Preparation;
} {
  const sums = { prepared: 0, failed: 0, forwarded: 0 };
  const replaced: string[] = [];
  const notes: string[] = [];
  const pending = { mailboxes: 0, examples: [] as string[] };
  return {
    add(job) {
      const state = stateOf(job);
      if (job.forwarding?.state === 'set' || job.forwarding?.state === 'found') sums.forwarded += 1;
      noteUpTo(replaced, replacedBy(job));
      for (const note of notesOf(job)) noteUpTo(notes, note);
      if (state !== 'pending') {
        sums[state] += 1;
        return;
      }
      pending.mailboxes += 1;
      if (pending.examples.length < mostExamples) pending.examples.push(job.mailbox);
    },
    preparation: () => ({ ...sums, pending, replaced, notes }),
  };
}

function noteUpTo(list: string[], entry: string | undefined): void {
  if (entry !== undefined && list.length < mostExamples) list.push(entry);
}

function replacedBy({ mailbox, forwarding }: Prepared): string | undefined {
  if (forwarding?.state !== 'set' || forwarding.before === null) return undefined;
  return `${mailbox}: ${withoutPrefix(forwarding.before)}`;
}

function notesOf({ mailbox, preparation, outOfOffice }: Prepared): readonly string[] {
  const note = outOfOffice?.note ?? null;
  return [...(preparation?.warnings ?? []), ...(note === null ? [] : [note])].map((text) => `${mailbox}: ${text}`);
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
