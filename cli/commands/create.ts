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
        await operations.createBatch(request);
      },
    });
  } else {
    const created = await withAccess({ options, command }, ({ operations }) => operations.createBatch(request));
    printBatch(created, options);
  }
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
