import { createHash } from 'node:crypto';
import { z } from 'zod';
import { CalendarEvent } from './calendar-event.ts';
import { Contact } from './contact.ts';
import { DistributionList } from './distribution-list.ts';
import { ItemAttachment } from './item-parts.ts';
import { Note } from './note.ts';
import { Task } from './task.ts';

/** An item that is no mail, in words of no protocol. */
export const NeutralItem = z.discriminatedUnion('kind', [Contact, DistributionList, CalendarEvent, Task, Note]);
export type NeutralItem = z.infer<typeof NeutralItem>;

export function subjectOf(item: NeutralItem): string {
  switch (item.kind) {
    case 'contact':
    case 'distribution-list':
      return item.displayName === '' ? (item.fileAs ?? '') : item.displayName;
    case 'event':
    case 'task':
    case 'note':
      return item.subject;
  }
}

/**
 * The same text for the same content, whenever it is read: properties in the order of the schema, none that is undefined.
 */
export function itemJson(item: NeutralItem): string {
  return JSON.stringify(NeutralItem.parse(item));
}

/**
 * Names the content: 16 hexadecimal digits. A reminder that was dismissed changes the source's date of modification and
 * nothing that is copied, and a mail that is attached has another MIME at each reading: neither counts.
 */
export function contentVersion(item: NeutralItem): string {
  const content = NeutralItem.parse({ ...item, modified: undefined });
  const text = JSON.stringify(content, (_, value: unknown) => {
    const attachment = ItemAttachment.safeParse(value).data;
    return attachment?.kind === 'item' ? { ...attachment, content: '' } : value;
  });
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}
