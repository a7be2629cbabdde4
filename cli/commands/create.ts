import type { BatchDetail } from '../../shared/contract/batch-view.ts';
import type { Operations, RequestOf } from '../../shared/contract/routes.ts';
import { printBatch } from '../batch-summary.ts';
import { readBatchFile, writtenOptions } from '../batch-input.ts';
import type { BatchOptionFlags, CommonOptions, CreateFlags } from '../flags.ts';
import { withAccess } from '../service-access.ts';
import { whoAsks } from '../who-asks.ts';
import { workOnBatch } from '../work-on-batch.ts';

export async function createBatch(
  name: string,
  options: CommonOptions & BatchOptionFlags & CreateFlags,
): Promise<void> {
  const request = {
    ...{ name, endpoint: options.endpoint, start: options.start },
    csv: options.csv === undefined ? undefined : readBatchFile(options.csv),
    options: writtenOptions(options),
    startedBy: whoAsks(),
  };
  const command = 'batch create';
  if (request.start && request.csv !== undefined) {
    await workOnBatch({
      ...{ options, command, batch: name, waitsForService: false },
      begin: async ({ operations }) => {
        await createAndExplain(operations, request);
      },
    });
  } else {
    const created = await withAccess({ options, command }, ({ operations }) => createAndExplain(operations, request));
    printBatch(created, options);
  }
}

/** A staged batch reads its rows first, and says what starting it does, before it is started. */
async function createAndExplain(operations: Operations, request: RequestOf<'createBatch'>): Promise<BatchDetail> {
  const endpoint = await operations.showEndpoint({ name: request.endpoint });
  if (endpoint.type !== 'staged' || request.csv === undefined) return await operations.createBatch(request);
  const created = await operations.createBatch({ ...request, start: false });
  const { lines } = await operations.explainStart({ name: request.name });
  for (const line of lines) process.stderr.write(`${line}\n`);
  const mayStart = request.start && created.batch.status === 'Created';
  return mayStart ? await operations.startBatch({ name: request.name, startedBy: request.startedBy }) : created;
}

export async function addRows(name: string, options: CommonOptions & { readonly csv: string }): Promise<void> {
  const request = { name, csv: readBatchFile(options.csv), startedBy: whoAsks() };
  await workOnBatch({
    ...{ options, command: 'batch add', batch: name, waitsForService: false },
    begin: async ({ operations }) => {
      await operations.addRows(request);
    },
  });
}
