import { z } from 'zod';
import { itemCommon } from './item-parts.ts';

/** A personal list of addresses, as it lies among contacts. */
export const DistributionList = z.strictObject({
  kind: z.literal('distribution-list'),
  displayName: z.string(),
  fileAs: z.string().optional(),
  members: z.array(
    z.strictObject({
      name: z.string(),
      /** SMTP address; '' where the source knows none. */
      address: z.string(),
      /** `list`: another list, private or of the organisation. */
      type: z.enum(['person', 'list', 'unknown']),
    }),
  ),
  /** False where the source did not deliver the members. */
  membersKnown: z.boolean(),
  ...itemCommon,
});
export type DistributionList = z.infer<typeof DistributionList>;
