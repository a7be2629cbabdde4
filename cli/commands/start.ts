import { followBatch } from '../follow-batch.ts';
import type { CommonOptions } from '../program.ts';
import { withAccess } from '../service-access.ts';
import { whoAsks } from './create.ts';

/** Starts or resumes; where no service runs, works in the foreground until the batch rests. */
export async function startBatch(verb: 'start' | 'resume', name: string, options: CommonOptions): Promise<void> {
  await withAccess({ options, command: `batch ${verb}`, works: true }, async (access) => {
    const request = { name, startedBy: whoAsks() };
    await (verb === 'start' ? access.operations.startBatch(request) : access.operations.resumeBatch(request));
    await followBatch(access, name, options);
  });
}
