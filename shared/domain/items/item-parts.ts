import { z } from 'zod';

/** A moment: UTC, `2026-11-20T10:00:00Z`, with or without fractions of a second. */
export const Moment = z.iso.datetime();

/** A day without a time zone: `2026-11-20`. */
export const Day = z.iso.date();

/** A clock's reading without a time zone: `2026-11-20T10:00:00`. */
export const ClockTime = z.string().regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/);

export const ItemBody = z.strictObject({ type: z.enum(['text', 'html']), content: z.string() });
export type ItemBody = z.infer<typeof ItemBody>;

export const ItemAttachment = z.strictObject({
  /** `item`: another item (a mail, an event) that was attached; its content is message/rfc822. */
  kind: z.enum(['file', 'item']),
  name: z.string(),
  contentType: z.string(),
  /** Content-ID by which an HTML body shows it, without angle brackets. */
  contentId: z.string().optional(),
  isInline: z.boolean(),
  /** Octets, base64 without line ends. */
  content: z.base64(),
});
export type ItemAttachment = z.infer<typeof ItemAttachment>;

/** Somebody, as the source wrote it. Address and name may be empty, not both. */
export const Person = z.strictObject({
  name: z.string(),
  /** SMTP address; '' where the source knows none (an EX address that could not be resolved). */
  address: z.string(),
});
export type Person = z.infer<typeof Person>;

export const Importance = z.enum(['low', 'normal', 'high']);
export const Sensitivity = z.enum(['normal', 'personal', 'private', 'confidential']);

/** What every item has, and every occurrence that differs from its series. */
export const itemContent = {
  categories: z.array(z.string()),
  importance: Importance,
  sensitivity: Sensitivity,
  body: ItemBody.optional(),
  attachments: z.array(ItemAttachment),
  /** Names of attachments that the source did not deliver: they are missing from `attachments`. */
  missingAttachments: z.array(z.string()),
};

/** What every item has. */
export const itemCommon = {
  ...itemContent,
  created: Moment.optional(),
  /** When the source says that the item was changed last. No part of its content: see `contentVersion`. */
  modified: Moment.optional(),
};
