import { z } from 'zod';
import { Name } from './endpoint.ts';

/** What is left of a removed batch: its reports, audit trail and pairs' ledgers are kept until `keepUntil`. */
export const RemovedBatch = z.object({
  schema: z.literal(1),
  name: Name,
  removedAt: z.iso.datetime(),
  removedBy: z.string(),
  keepUntil: z.iso.datetime(),
});
export type RemovedBatch = z.infer<typeof RemovedBatch>;
