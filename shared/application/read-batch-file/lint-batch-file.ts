import type { RowRules } from '../../domain/batch-file/batch-file-row.ts';
import { readBatchFile, type BatchFileSummary } from './read-batch-file.ts';

export interface BatchFileLint extends BatchFileSummary {
  /** Every row would be migrated: no finding is fatal, no row is bad. Warnings may be left. */
  readonly ok: boolean;
}

/** Checks a batch file as `readBatchFile` does, and keeps only what is to be said of it. */
export async function lintBatchFile(input: AsyncIterable<Uint8Array>, rules: RowRules): Promise<BatchFileLint> {
  for await (const event of readBatchFile(input, rules))
    if (event.kind === 'end') return { ok: !event.summary.refused && event.summary.badRows === 0, ...event.summary };
  throw new Error('A batch file was read without an end.');
}
