import { z } from 'zod';

/** What a folder is made for. A folder that says nothing holds mail. */
export const ItemClass = z.enum(['mail', 'contacts', 'calendar', 'tasks', 'notes']);
export type ItemClass = z.infer<typeof ItemClass>;

/** What an item that is no mail is. */
export const ItemKind = z.enum(['contact', 'distribution-list', 'event', 'task', 'note']);
export type ItemKind = z.infer<typeof ItemKind>;

/** In which folders an item of a kind belongs. */
export function classOf(kind: ItemKind): ItemClass {
  switch (kind) {
    case 'contact':
    case 'distribution-list':
      return 'contacts';
    case 'event':
      return 'calendar';
    case 'task':
      return 'tasks';
    case 'note':
      return 'notes';
  }
}
