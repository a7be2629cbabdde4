import { basename, extname } from 'node:path';
import { explainEndpoint } from '../../shared/application/convert/explain-start.ts';
import type { TestMailbox } from '../../shared/application/test-endpoint.ts';
import { CommandError } from '../../shared/contract/problem.ts';
import type { Operations } from '../../shared/contract/routes.ts';
import { Name } from '../../shared/domain/endpoint.ts';
import { readBatchFile, writtenOptions } from '../batch-input.ts';
import { readEndpointFile } from '../endpoint-file.ts';
import type { BatchOptionFlags, CommonOptions } from '../flags.ts';
import { whoAsks } from '../who-asks.ts';
import { testMailboxesOf } from '../test-mailboxes.ts';
import { workOnBatch } from '../work-on-batch.ts';

export interface RunFlags extends CommonOptions, BatchOptionFlags {
  readonly endpoint: string;
  readonly csv: string;
  readonly name?: string;
}

/** One batch from start to Synced. Run again, it resumes, or takes up new and failed rows and makes one more pass. */
export async function run(flags: RunFlags): Promise<void> {
  const endpoint = readEndpointFile(flags.endpoint);
  const name = batchName(flags);
  const startedBy = whoAsks();
  const request = {
    ...{ name, endpoint: endpoint.name, startedBy },
    csv: readBatchFile(flags.csv),
    options: writtenOptions(flags),
  };
  // A batch that is there has signed in before: a mailbox that fails now is that mailbox's trouble.
  const mailboxes = async (operations: Operations): Promise<TestMailbox[]> => {
    const known = await operations.listBatches({});
    if (known.some((batch) => batch.name === name)) return [];
    return await testMailboxesOf(Buffer.from(request.csv, 'base64'), endpoint);
  };
  let thenIncremental = false;
  await workOnBatch({
    options: flags,
    command: 'run',
    batch: name,
    waitsForService: true,
    makesFolder: true,
    mayBeginTwice: true,
    begin: async ({ operations }) => {
      const { endpoint: stored } = await operations.putEndpoint({
        name: endpoint.name,
        endpoint,
        test: true,
        mailboxes: await mailboxes(operations),
        startedBy,
      });
      for (const line of explainEndpoint(stored)) process.stderr.write(`${line}\n`);
      ({ thenIncremental } = await operations.runBatch(request));
    },
    continueWith: async ({ operations }, { batch }) => {
      if (!thenIncremental || (batch.status !== 'Synced' && batch.status !== 'SyncedWithErrors')) return false;
      thenIncremental = false;
      await operations.syncBatch({ name, startedBy });
      return true;
    },
  });
}

function batchName({ name, csv }: RunFlags): string {
  const written = name ?? basename(csv, extname(csv));
  const parsed = Name.safeParse(written);
  if (parsed.success) return parsed.data;
  const why = parsed.error.issues[0]?.message ?? 'it is not valid';
  throw CommandError.usage(`"${written}" cannot be the name of a batch: ${why}.`, 'Give it another one with --name.');
}
