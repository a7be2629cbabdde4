import type { CommonOptions } from '../program.ts';
import { whoAsks } from '../who-asks.ts';
import { workOnBatch } from '../work-on-batch.ts';

/** Starts or resumes; where no service runs, works in the foreground until the batch rests. */
export async function startBatch(verb: 'start' | 'resume', name: string, options: CommonOptions): Promise<void> {
  const request = { name, startedBy: whoAsks() };
  await workOnBatch({
    options,
    command: `batch ${verb}`,
    batch: name,
    waitsForService: false,
    begin: async ({ operations }) => {
      await (verb === 'start' ? operations.startBatch(request) : operations.resumeBatch(request));
    },
  });
}
