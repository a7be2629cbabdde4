import type { NeutralItem } from '../../../../domain/items/neutral-item.ts';
import { headerText } from '../../../../domain/items/header-text.ts';

/** What an imported item must look like: its class, and values of properties that every item of the class has. */
export interface ExpectedLook {
  readonly itemClass: RegExp;
  /** By Graph's ids. */
  readonly values: ReadonlyMap<string, string>;
}

const displayName = 'String 0x3001';
const subject = 'String 0x0037';
/** PidLidTaskStatus, [MS-OXOTASK] section 2.2.2.2.2 */
const taskStatus = 'Integer {00062003-0000-0000-C000-000000000046} Id 0x8101';
const taskStates = ['notStarted', 'inProgress', 'completed', 'waitingOnOthers', 'deferred'];

/** Undefined: items of this kind are not imported. */
export function expectedLook(item: NeutralItem): ExpectedLook | undefined {
  switch (item.kind) {
    case 'contact':
      return look(/^IPM\.Contact\b/i, {
        [displayName]: item.displayName,
        'String 0x3A06': item.givenName,
        'String 0x3A11': item.surname,
        'String 0x3A16': item.company,
        'String 0x3A17': item.jobTitle,
      });
    case 'distribution-list':
      return look(/^IPM\.DistList\b/i, { [displayName]: item.displayName });
    case 'task':
      return look(/^IPM\.Task\b/i, {
        [subject]: item.subject,
        [taskStatus]: String(taskStates.indexOf(item.status)),
      });
    case 'note':
      return look(/^IPM\.StickyNote\b/i, { [subject]: item.subject });
    case 'event':
      // Its stream has attendees in it: see readme.md.
      return undefined;
  }
}

function look(itemClass: RegExp, values: Readonly<Record<string, string | undefined>>): ExpectedLook {
  const told = Object.entries(values).flatMap(([id, value]) =>
    value === undefined || headerText(value) === '' ? [] : [[id, value] as const],
  );
  return { itemClass, values: new Map(told) };
}

/** White space and control characters may be others: EWS cannot write all of them. */
export function looksAlike(
  expected: ExpectedLook,
  found: { readonly itemClass: string; readonly valueOf: (id: string) => string | undefined },
): boolean {
  if (!expected.itemClass.test(found.itemClass)) return false;
  return [...expected.values].every(([id, value]) => letters(found.valueOf(id) ?? '') === letters(value));
}

function letters(text: string): string {
  return headerText(text).replace(/[\s\ufffd]+/g, '');
}
