import { userInfo } from 'node:os';
import { readOctets } from '../endpoint-file.ts';
import { followBatch } from '../follow-batch.ts';
import type { BatchOptionFlags, CommonOptions, CreateFlags, WrittenOptions } from '../program.ts';
import { withAccess } from '../service-access.ts';
import { printBatch } from '../batch-summary.ts';

export async function createBatch(
  name: string,
  options: CommonOptions & BatchOptionFlags & CreateFlags,
): Promise<void> {
  const { endpoint, start } = options;
  const csv = options.csv === undefined ? undefined : readCsv(options.csv);
  await withAccess({ options, command: 'batch create', works: start }, async (access) => {
    const created = await access.operations.createBatch({
      name,
      endpoint,
      csv,
      options: writtenOptions(options),
      start,
      startedBy: whoAsks(),
    });
    if (start && csv !== undefined) await followBatch(access, name, options);
    else printBatch(created, options);
  });
}

export async function addRows(name: string, options: CommonOptions & { readonly csv: string }): Promise<void> {
  const csv = readCsv(options.csv);
  await withAccess({ options, command: 'batch add', works: true }, async (access) => {
    await access.operations.addRows({ name, csv, startedBy: whoAsks() });
    await followBatch(access, name, options);
  });
}

export function readCsv(file: string): string {
  return readOctets(file, 'batch file').toString('base64');
}

/** The OS user: who started a batch stands in `batch show` and in the mails. */
export function whoAsks(): string {
  return userInfo().username;
}

export function writtenOptions(flags: BatchOptionFlags): WrittenOptions {
  return { ...(flags.notify === undefined ? {} : { notify: flags.notify }), ...flags.option };
}
