import { z } from 'zod';
import { itemCommon } from './item-parts.ts';

/** A sticky note: its text is `body`. */
export const Note = z.strictObject({
  kind: z.literal('note'),
  subject: z.string(),
  /** [MS-OXONOTE] section 2.2.1.1. */
  colour: z.enum(['blue', 'green', 'pink', 'yellow', 'white']),
  ...itemCommon,
});
export type Note = z.infer<typeof Note>;
