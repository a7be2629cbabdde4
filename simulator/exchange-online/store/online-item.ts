import type { JsonObject } from '../json-object.ts';

export type ItemKind = 'message' | 'contact' | 'event' | 'task';

export interface OnlineAttachment {
  readonly id: string;
  /** `#microsoft.graph.fileAttachment`, `itemAttachment` or `referenceAttachment`. */
  readonly type: string;
  readonly properties: JsonObject;
  /** Of a file; empty for others. */
  readonly content: Buffer;
  readonly modified: number;
}

/** An item of a mailbox in Exchange Online. */
export interface OnlineItem {
  readonly kind: ItemKind;
  /** Stays the same when the item moves. */
  readonly immutableId: string;
  id: string;
  /** Id of its folder. */
  folder: string;
  readonly created: number;
  modified: number;
  /** Rises with every change. */
  change: number;
  /** As Graph shows them, but for ids, times and what is computed. */
  properties: JsonObject;
  /** Extended properties by id (see propertyId). */
  readonly single: Map<string, string>;
  readonly multiple: Map<string, readonly string[]>;
  readonly attachments: OnlineAttachment[];
  /** Of a series, by the day of an occurrence, `2026-03-01`: what differs is there, and null is deleted. */
  readonly exceptions: Map<string, OnlineItem | null>;
  /** Of an occurrence: which one of which series. */
  readonly occurrence?: { readonly series: OnlineItem; readonly day: string } | undefined;
}

export type NewItem = Pick<OnlineItem, 'kind' | 'folder' | 'properties'> &
  Partial<Pick<OnlineItem, 'single' | 'multiple' | 'attachments'>>;

export type ItemChange = Partial<Pick<OnlineItem, 'properties' | 'single' | 'multiple'>>;

/** Octets that an item counts for against the quota, roughly. */
export function sizeOf(item: Pick<OnlineItem, 'properties' | 'single' | 'attachments'>): number {
  const values = [...item.single.values()].reduce((sum, value) => sum + value.length, 0);
  const attached = item.attachments.reduce((sum, { content }) => sum + content.length + 500, 0);
  return 1_000 + JSON.stringify(item.properties).length + values + attached;
}
