import type { Note } from '../../../domain/items/note.ts';
import { namedPropertyOf } from '../xml/extended-property.ts';
import { textOf, type XmlElement } from '../xml/xml-element.ts';
import { named } from './item-requests.ts';
import { commonOf, datesOf, type ReadAttachments } from './item-values.ts';

/** [MS-OXONOTE] section 2.2.1.1, by number. */
const colours = ['blue', 'green', 'pink', 'yellow', 'white'] as const;

export function readNote(item: XmlElement, attachments: ReadAttachments): Note {
  const colour = Number(namedPropertyOf(item, { id: named.noteColour }) ?? 3);
  return {
    kind: 'note',
    subject: textOf(item, 'Subject') ?? '',
    colour: colours[colour] ?? 'yellow',
    ...commonOf(item, attachments),
    ...datesOf(item),
  };
}
