import type { Note } from '../../../domain/items/note.ts';
import { propertyIds } from './extended-properties.ts';
import type { WritableItem } from './item-writing.ts';
import { wholeSeconds } from './message-from-mime.ts';
import { plainText } from './plain-text.ts';
import { oneLine, shortened } from './sanitised-text.ts';

/** PSETID_Note, PidLidNoteColor ([MS-OXONOTE] section 2.2.1.1). */
const colour = 'Integer {0006200E-0000-0000-C000-000000000046} Id 0x8B00';
const colours = ['blue', 'green', 'pink', 'yellow', 'white'] as const;

/** Graph has no notes: one is a message of another class in their folder. */
export function writableNote(note: Note, dateMs: number): WritableItem {
  const date = wholeSeconds(dateMs);
  return {
    body: {
      subject: shortened(oneLine(note.subject), 255),
      body: { contentType: 'text', content: plainText(note.body) },
      isRead: true,
      categories: note.categories.map(oneLine),
    },
    properties: [
      { id: propertyIds.messageClass, value: 'IPM.StickyNote' },
      { id: propertyIds.messageFlags, value: '1' },
      { id: propertyIds.submitTime, value: date },
      { id: propertyIds.deliveryTime, value: date },
      { id: colour, value: String(colours.indexOf(note.colour)) },
    ],
    files: [],
    later: [],
    losses: note.attachments.length > 0 ? ['attachments'] : [],
  };
}
