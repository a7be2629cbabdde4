import { basename, extname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { BatchDetail } from '../../shared/contract/batch-view.ts';
import { CommandError } from '../../shared/contract/problem.ts';
import { isRunning } from '../../shared/domain/batch.ts';
import { Name } from '../../shared/domain/endpoint.ts';
import type { Endpoint } from '../../shared/domain/endpoint.ts';
import { exitCodeOf, printBatch } from '../batch-summary.ts';
import { readEndpointFile } from '../endpoint-file.ts';
import { watchUntilRest } from '../follow-batch.ts';
import type { BatchOptionFlags, CommonOptions } from '../program.ts';
import { ServiceGoneError } from '../remote-operations.ts';
import type { Access } from '../service-access.ts';
import { withAccess } from '../service-access.ts';
import { readCsv, whoAsks, writtenOptions } from './create.ts';

export interface RunFlags extends CommonOptions, BatchOptionFlags {
  readonly endpoint: string;
  readonly csv: string;
  readonly name?: string;
}

interface Run {
  readonly name: string;
  readonly endpoint: Endpoint;
  readonly csv: string;
  readonly flags: RunFlags;
}

/** One batch from start to Synced. Run again, it resumes, or takes up new and failed rows and makes one more pass. */
export async function run(flags: RunFlags): Promise<void> {
  const endpoint = readEndpointFile(flags.endpoint);
  const order: Run = { name: batchName(flags), endpoint, csv: readCsv(flags.csv), flags };
  const detail = await runThrough(order);
  printBatch(detail, flags);
  process.exitCode = exitCodeOf(detail);
}

/** What is still to be asked of whoever has the data folder: it may change hands in mid-batch. */
type Step = 'begin' | 'go on';

async function runThrough(order: Run): Promise<BatchDetail> {
  let step = 'begin' as Step;
  let thenIncremental = false;
  const work = async (access: Access): Promise<BatchDetail> => {
    if (step === 'begin') thenIncremental = await begin(access, order);
    else if (access.by === 'this-process') await goOn(access, order);
    step = 'go on';
    const detail = await watchUntilRest(access, order.name);
    if (!thenIncremental || !['Synced', 'SyncedWithErrors'].includes(detail.batch.status)) return detail;
    thenIncremental = false;
    await access.operations.syncBatch({ name: order.name, startedBy: whoAsks() });
    return watchUntilRest(access, order.name);
  };
  for (;;) {
    try {
      return await withAccess({ options: order.flags, command: 'run', works: true }, work);
    } catch (error) {
      // Who had the data folder has left it in mid-batch: the next to open it goes on, and that may be this process.
      if (step === 'begin' || !(error instanceof ServiceGoneError) || order.flags.url !== undefined) throw error;
      await delay(200);
    }
  }
}

/** Resolves with whether an incremental pass is to follow. */
async function begin({ operations }: Access, { name, endpoint, csv, flags }: Run): Promise<boolean> {
  await operations.putEndpoint({ name: endpoint.name, endpoint, test: true });
  const options = writtenOptions(flags);
  const begun = await operations.runBatch({ name, endpoint: endpoint.name, csv, options, startedBy: whoAsks() });
  return begun.thenIncremental;
}

async function goOn({ operations }: Access, { name }: Run): Promise<void> {
  const { batch } = await operations.showBatch({ name });
  if (isRunning(batch)) await operations.resumeBatch({ name, startedBy: whoAsks() });
}

function batchName({ name, csv }: RunFlags): string {
  const written = name ?? basename(csv, extname(csv));
  const parsed = Name.safeParse(written);
  if (parsed.success) return parsed.data;
  const why = parsed.error.issues[0]?.message ?? 'it is not valid';
  throw CommandError.usage(`"${written}" cannot be the name of a batch: ${why}.`, 'Give it another one with --name.');
}
