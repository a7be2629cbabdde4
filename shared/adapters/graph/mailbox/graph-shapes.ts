import { z } from 'zod';

/** What of Graph's answers is read; everything else in them is passed over. */

export const Identified = z.object({ id: z.string() });

export const Properties = z.array(z.object({ id: z.string(), value: z.string() })).optional();

/** What every item of a mailbox has. */
export const itemFacts = {
  id: z.string(),
  createdDateTime: z.string(),
  lastModifiedDateTime: z.string(),
  changeKey: z.string().nullish(),
  singleValueExtendedProperties: Properties,
} as const;

export const CreatedItem = z.object(itemFacts);
export type CreatedItem = z.infer<typeof CreatedItem>;

export const AttachmentFacts = z.object({ id: z.string(), name: z.string().nullish(), size: z.number().nullish() });

export const UploadSession = z.object({ uploadUrl: z.string() });

export function epochMs(dateTime: string | null | undefined): number {
  const at = Date.parse(dateTime ?? '');
  return Number.isNaN(at) ? 0 : at;
}
