import { addBatchFile } from '../../shared/application/add-batch-file.ts';
import { createBatch } from '../../shared/application/create-batch.ts';
import { listBatches } from '../../shared/application/list-batches.ts';
import { listJobs } from '../../shared/application/list-jobs.ts';
import { readReport } from '../../shared/application/read-report.ts';
import { runBatch } from '../../shared/application/run-batch.ts';
import type { OperationServices } from './operation-services.ts';
import { showBatch } from '../../shared/application/show-batch.ts';
import { startBatch } from '../../shared/application/start-batch.ts';
import { startExecution } from '../../shared/application/start-execution.ts';
import { BatchDetail, BatchView } from '../../shared/contract/batch-view.ts';
import { MailboxView } from '../../shared/contract/mailbox-view.ts';
import type { Operations } from '../../shared/contract/routes.ts';
import { isRunning } from '../../shared/domain/batch.ts';
import { TransientError } from '../../shared/domain/errors.ts';
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
  | 'syncBatch'
  | 'listMailboxes'
  | 'readReport'
>;

export interface BatchWork {
  readonly services: OperationServices;
  /** Resolves when no execution of the batch is running. */
  readonly settled: (batch: string) => Promise<void>;
  /** Where mails are written; null where a mail server takes them. */
  readonly mailFolder: string | null;
}

/** Answers are parsed by the contract here too, so that a command prints the same whoever did the work. */
export function batchOperations({ services, settled, mailFolder }: BatchWork): BatchOperations {
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
    async addRows({ name, csv }) {
      const added = await addBatchFile(services, { batch: name, csv: octets(csv), start: true });
      if (added.outcome === 'refused') throw refusal(added.code, added.reason);
      return detailOf(name);
    },
    async runBatch({ csv, ...request }) {
      const begun = await runBatch(services, { ...request, csv: octets(csv) });
      if (begun.outcome === 'refused') throw refusal(begun.code, begun.reason);
      return { ...(await detailOf(request.name)), thenIncremental: begun.thenIncremental };
    },
    async startBatch({ name }) {
      await startOrGoOn(services, name, 'present');
      return detailOf(name);
    },
    async resumeBatch({ name }) {
      await startOrGoOn(services, name, 'present');
      return detailOf(name);
    },
    async syncBatch({ name }) {
      await startOrGoOn(services, name, 'incremental');
      return detailOf(name);
    },
    async listMailboxes({ name, status }) {
      const jobs = await listJobs(services, { batch: name, status });
      if (jobs === undefined) throw noBatch(name);
      return jobs.map((job) => MailboxView.parse(job));
    },
    async readReport({ name, kind }) {
      const report = await readReport(services, { batch: name, report: kind });
      const pieces: string[] = [];
      for await (const piece of report.content) pieces.push(piece);
      return { contentType: report.contentType, text: pieces.join('') };
    },
  };
}

/** Starts the batch, or sees to it that a running one whose execution ended with its process has another. */
async function startOrGoOn(services: OperationServices, name: string, pass: 'present' | 'incremental'): Promise<void> {
  const started = await startBatch(services, { batch: name, pass });
  if (!('batch' in started)) {
    throw started.outcome === 'not-found' ? noBatch(name) : refusal('REFUSED_IN_THIS_STATE', started.reason);
  }
  if (!isRunning(started.batch)) return;
  const { run } = started.batch;
  if (run !== null && (await services.workflow.status(run.execution)) === 'running') return;
  if ((await startExecution(services.workflow, started.batch)) === 'gave-up') {
    throw new TransientError({ code: 'EXECUTION_LOST', message: `The batch ${name} gets no execution.` });
  }
}

function noBatch(name: string): Error {
  return refusal('BATCH_NOT_FOUND', `There is no batch ${name}.`);
}

function octets(base64: string): Uint8Array {
  return Buffer.from(base64, 'base64');
}
