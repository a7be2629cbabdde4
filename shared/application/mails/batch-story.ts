import type { Batch } from '../../domain/batch.ts';
import { batchOutcome, completionOutcome } from '../../domain/batch-outcome.ts';
import type { MailKind } from '../../domain/mail-record.ts';
import type { MailboxJob } from '../../domain/mailbox-job.ts';
import { startTally, type BatchNumbers } from '../../domain/report/batch-numbers.ts';
import type { CompletedMail } from '../../domain/report/mail/completed-mail.ts';
import type { FinishedMail } from '../../domain/report/mail/finished-mail.ts';
import { startPreparation, type Preparation } from '../../domain/report/preparation.ts';
import { startWaiting, type WaitingMailboxes } from '../../domain/report/waiting-mailboxes.ts';
import type { Services } from '../services.ts';

/** What the jobs of a batch have to tell, in one walk. */
export interface BatchStory {
  readonly numbers: BatchNumbers;
  readonly waiting: WaitingMailboxes;
  readonly preparation: Preparation;
  /** How the pass ended, or ends when the batch comes to rest. */
  readonly ending: Ending;
}

type Ending =
  | ({ readonly pass: 'ordinary' } & Pick<FinishedMail, 'outcome' | 'reason'>)
  | ({ readonly pass: 'final' } & Pick<CompletedMail, 'outcome' | 'reason'>);

/** Mails about batches that go on, or wait for a cause to be mended: who waits there was not left behind. */
const underWay: readonly MailKind[] = ['digest', 'paused', 'prepared'];

export async function storyOf(
  { store, clock }: Pick<Services, 'store' | 'clock'>,
  { kind, batch }: { readonly kind: MailKind; readonly batch: Batch },
): Promise<BatchStory> {
  const tally = startTally(!underWay.includes(kind));
  const waiting = startWaiting(batch, clock.now());
  const preparation = startPreparation();
  const jobs = withEach(store.jobs(batch.name), (job) => {
    tally.add(job);
    preparation.add(job);
    if (kind === 'digest') waiting.add(job);
  });
  const ending = concludesFinalPass(kind, batch) ? await completion(jobs, batch) : await finish(jobs);
  return { numbers: tally.numbers(), waiting: waiting.waiting(), preparation: preparation.preparation(), ending };
}

/** A final pass with errors left, which were not to be ignored, ends with the mail *finished*: the batch goes on. */
function concludesFinalPass(kind: MailKind, batch: Batch): boolean {
  return kind === 'completed' || (kind === 'finished' && batch.pass === 'final' && batch.completion !== null);
}

async function* withEach(jobs: AsyncIterable<MailboxJob>, see: (job: MailboxJob) => void): AsyncGenerator<MailboxJob> {
  for await (const job of jobs) {
    see(job);
    yield job;
  }
}

const finishedOutcomes = { synced: 'Synced', syncedWithErrors: 'SyncedWithErrors', fail: 'Failed' } as const;

async function finish(jobs: AsyncIterable<MailboxJob>): Promise<Ending> {
  const { event, reason } = await batchOutcome(jobs);
  return { pass: 'ordinary', outcome: finishedOutcomes[event], reason };
}

const completedOutcomes = {
  completed: 'Completed',
  completedWithErrors: 'CompletedWithErrors',
  notCompleted: 'SyncedWithErrors',
} as const;

async function completion(jobs: AsyncIterable<MailboxJob>, batch: Batch): Promise<Ending> {
  const { event, reason } = await completionOutcome(jobs, batch);
  return { pass: 'final', outcome: completedOutcomes[event], reason };
}
