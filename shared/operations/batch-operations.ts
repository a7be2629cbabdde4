import { addBatchFile } from '../application/add-batch-file.ts';
import { approveItems } from '../application/approve-items.ts';
import { completeBatch } from '../application/complete-batch.ts';
import { createBatch } from '../application/create-batch.ts';
import { listBatches } from '../application/list-batches.ts';
import { listJobs } from '../application/list-jobs.ts';
import { readReport } from '../application/read-report.ts';
import { removeBatch } from '../application/remove-batch.ts';
import { retryBatch } from '../application/retry-batch.ts';
import { runBatch } from '../application/run-batch.ts';
import type { OperationServices } from './operation-services.ts';
import { setOptions } from '../application/set-options.ts';
import { showBatch } from '../application/show-batch.ts';
import { showTimeline } from '../application/show-timeline.ts';
import { startBatch } from '../application/start-batch.ts';
import { ensureExecution } from '../application/start-execution.ts';
import { stopBatch } from '../application/stop-batch.ts';
import { waiveMailboxes } from '../application/waive-mailboxes.ts';
import { BatchDetail, BatchView } from '../contract/batch-view.ts';
import { MailboxDetail } from '../contract/mailbox-view.ts';
import type { Operations, RequestOf } from '../contract/routes.ts';
import { Timeline } from '../contract/timeline-view.ts';
import { isRunning, type Batch } from '../domain/batch.ts';
import { TransientError } from '../domain/errors.ts';
import { directoryOperations } from './directory-operations.ts';
import { done } from './done.ts';
import { refusal } from './refusal.ts';

type BatchOperations = Pick<
  Operations,
  | 'listBatches'
  | 'showBatch'
  | 'createBatch'
  | 'addRows'
  | 'runBatch'
  | 'startBatch'
  | 'resumeBatch'
  | 'stopBatch'
  | 'retryBatch'
  | 'syncBatch'
  | 'completeBatch'
  | 'removeBatch'
  | 'explainStart'
  | 'convertSources'
  | 'setOptions'
  | 'approveItems'
  | 'waiveMailboxes'
  | 'showTimeline'
  | 'listMailboxes'
  | 'readReport'
>;

export interface BatchWork {
  readonly services: OperationServices;
  /** Resolves when no execution of the batch is running. */
  readonly settled: (batch: string) => Promise<void>;
  /** Told that a batch is stopping: whoever has its execution ends it as soon as no worker is left. */
  readonly stopping?: (batch: string) => void;
  /** Where mails are written; null where a mail server takes them. */
  readonly mailFolder: string | null;
}

/** Answers are parsed by the contract here too, so that a command prints the same whoever did the work. */
export function batchOperations({ services, settled, stopping, mailFolder }: BatchWork): BatchOperations {
  const detailOf = async (name: string): Promise<BatchDetail> => {
    const detail = await showBatch(services, { batch: name });
    if (detail === undefined) throw noBatch(name);
    return BatchDetail.parse({ ...detail, mailFolder });
  };
  return {
    listBatches: async () => (await listBatches(services)).map((batch) => BatchView.parse(batch)),
    showBatch: ({ name }) => detailOf(name),
    async createBatch({ csv, ...request }) {
      const created = await createBatch(services, { ...request, csv: csv === undefined ? undefined : octets(csv) });
      if (created.outcome === 'refused') throw refusal(created.code, created.reason);
      if (created.outcome === 'exists') {
        throw refusal('BATCH_EXISTS', `There is a batch ${request.name} already: it is ${created.batch.status}.`);
      }
      // Rows that are not to be copied yet are read at once: whoever asks next sees them.
      if (!request.start) await settled(request.name);
      return detailOf(request.name);
    },
    async addRows({ name, csv, startedBy }) {
      const added = await addBatchFile(services, { batch: name, csv: octets(csv), start: true, by: startedBy });
      if (added.outcome === 'refused') throw refusal(added.code, added.reason);
      return detailOf(name);
    },
    async runBatch({ csv, ...request }) {
      const begun = await runBatch(services, { ...request, csv: octets(csv) });
      if (begun.outcome === 'refused') throw refusal(begun.code, begun.reason);
      return { ...(await detailOf(request.name)), thenIncremental: begun.thenIncremental };
    },
    async startBatch(request) {
      await startOrGoOn(services, { ...request, verb: 'start' });
      return detailOf(request.name);
    },
    async resumeBatch(request) {
      await startOrGoOn(services, { ...request, verb: 'resume' });
      return detailOf(request.name);
    },
    async syncBatch(request) {
      await startOrGoOn(services, { ...request, verb: 'sync' });
      return detailOf(request.name);
    },
    async stopBatch({ name, startedBy, mailboxes, rollback }) {
      const { batch } = done(await stopBatch(services, { batch: name, by: startedBy, mailboxes, rollback }));
      // Where a single mailbox was stopped, the others go on, also in a batch whose execution ended with its process.
      await seeToExecution(services, batch);
      stopping?.(name);
      return detailOf(name);
    },
    async retryBatch({ name, startedBy, ...request }) {
      done(await retryBatch(services, { batch: name, by: startedBy, ...request }));
      return detailOf(name);
    },
    async completeBatch({ name, startedBy, mailboxes, ignoreErrors }) {
      done(await completeBatch(services, { batch: name, by: startedBy, mailboxes, ignoreErrors }));
      return detailOf(name);
    },
    async removeBatch({ name, startedBy, mailboxes, forget }) {
      const { removed } = done(await removeBatch(services, { batch: name, by: startedBy, mailboxes, forget }));
      return { removed };
    },
    ...directoryOperations({ services }),
    async setOptions({ name, startedBy, mailboxes, options }) {
      done(await setOptions(services, { batch: name, by: startedBy, mailboxes, options }));
      return detailOf(name);
    },
    async approveItems({ name, startedBy, mailboxes, why }) {
      done(await approveItems(services, { batch: name, by: startedBy, mailboxes, why }));
      return detailOf(name);
    },
    async waiveMailboxes({ name, startedBy, mailboxes, why }) {
      done(await waiveMailboxes(services, { batch: name, by: startedBy, mailboxes, why }));
      return detailOf(name);
    },
    async showTimeline({ name, mailbox }) {
      const { mailbox: shown, from, until, entries } = done(await showTimeline(services, { batch: name, mailbox }));
      return Timeline.parse({ mailbox: shown, from, until, entries });
    },
    async listMailboxes({ name, status }) {
      const jobs = await listJobs(services, { batch: name, status });
      if (jobs === undefined) throw noBatch(name);
      return jobs.map((job) => MailboxDetail.parse(job));
    },
    readReport: ({ name, kind, after }) => readReport(services, { batch: name, report: kind, after }),
  };
}

type StartOrder = RequestOf<'startBatch'> & { readonly verb: 'start' | 'resume' | 'sync' };

/** Starts the batch, or sees to it that a running one whose execution ended with its process has another. */
async function startOrGoOn(services: OperationServices, order: StartOrder): Promise<void> {
  const { name, startedBy, verb, mailboxes, overrides } = order;
  const pass = verb === 'sync' ? 'incremental' : 'present';
  const started = await startBatch(services, { batch: name, pass, verb, by: startedBy, mailboxes, overrides });
  if (started.outcome === 'not-found') throw noBatch(name);
  await seeToExecution(services, done(started).batch);
}

async function seeToExecution({ workflow }: OperationServices, batch: Batch): Promise<void> {
  if (isRunning(batch) && (await ensureExecution(workflow, batch)) === 'gave-up')
    throw new TransientError({ code: 'EXECUTION_LOST', message: `The batch ${batch.name} gets no execution.` });
}

function noBatch(name: string): Error {
  return refusal('BATCH_NOT_FOUND', `There is no batch ${name}.`);
}

function octets(base64: string): Uint8Array {
  return Buffer.from(base64, 'base64');
}
