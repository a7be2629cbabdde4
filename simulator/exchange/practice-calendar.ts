import { createHash } from 'node:crypto';
import type { PracticeEvent, PracticePerson } from './practice-content.ts';
import { zoneComponent } from './practice-zones.ts';

/** What Exchange makes of an event when its MIME is asked for: an iCalendar object (RFC 5545), and no message around it. */
export function calendarText(event: PracticeEvent): string {
  const uid = calendarUid(event);
  const changed = event.changed ?? [];
  const lines = [
    'BEGIN:VCALENDAR',
    'METHOD:PUBLISH',
    'PRODID:Microsoft Exchange Server 2007',
    'VERSION:2.0',
    ...zoneComponent(event.zone),
    ...component(event, { uid, more: [...ruleOf(event), ...deletedOf(event)] }),
    ...changed.flatMap(({ originalStart, event: occurrence }) =>
      component(occurrence, { uid, more: [`RECURRENCE-ID:${utc(originalStart)}`] }),
    ),
    'END:VCALENDAR',
  ];
  return lines.map((line) => `${folded(line)}\r\n`).join('');
}

/** The form of a GlobalObjectId ([MS-OXOCAL] section 2.2.1.27), in hexadecimal. */
export function calendarUid({ subject = '', start, zone }: PracticeEvent): string {
  const own = createHash('sha256').update(`${subject}${start.toISOString()}${zone}`).digest('hex').slice(0, 32);
  return `040000008200E00074C5B7101A82E00800000000${own.toUpperCase()}`;
}

function component(
  event: PracticeEvent,
  { uid, more }: { readonly uid: string; readonly more: readonly string[] },
): readonly string[] {
  const time = (name: string, moment: Date): string =>
    event.allDay === true
      ? `${name};VALUE=DATE:${localDate(moment, event.zone)}`
      : `${name};TZID=${event.zone}:${local(moment, event.zone)}`;
  const { organizer, attendees = [], location, text, reminder, categories } = event;
  return [
    'BEGIN:VEVENT',
    ...(organizer === undefined ? [] : [`ORGANIZER${person(organizer)}`]),
    ...attendees.map((attendee) => `ATTENDEE;ROLE=${roles[attendee.role]}${person(attendee)}`),
    ...(text === undefined ? [] : [`DESCRIPTION:${escaped(text)}`]),
    ...more.filter((line) => !line.startsWith('RECURRENCE-ID')),
    `SUMMARY:${escaped(event.subject ?? '')}`,
    time('DTSTART', event.start),
    time('DTEND', event.end),
    `UID:${uid}`,
    ...more.filter((line) => line.startsWith('RECURRENCE-ID')),
    `CLASS:${event.isPrivate === true ? 'PRIVATE' : 'PUBLIC'}`,
    ...(categories === undefined ? [] : [`CATEGORIES:${categories.map(escaped).join(',')}`]),
    `DTSTAMP:${utc(event.start)}`,
    'SEQUENCE:0',
    ...(location === undefined ? [] : [`LOCATION:${escaped(location)}`]),
    `X-MICROSOFT-CDO-BUSYSTATUS:${(event.showAs ?? 'Busy').toUpperCase()}`,
    ...(reminder === undefined
      ? []
      : ['BEGIN:VALARM', 'ACTION:DISPLAY', `TRIGGER;RELATED=START:-PT${String(reminder)}M`, 'END:VALARM']),
    'END:VEVENT',
  ];
}

const roles = { Required: 'REQ-PARTICIPANT', Optional: 'OPT-PARTICIPANT', Resource: 'NON-PARTICIPANT' } as const;

function person({ name, address }: PracticePerson): string {
  return `;CN="${name}":MAILTO:${address}`;
}

/** The rules of the generator's own events, from the form in which EWS tells them. */
function ruleOf({ recurrence, allDay }: PracticeEvent): readonly string[] {
  if (recurrence === undefined) return [];
  const told = (tag: string): string | undefined => new RegExp(`<t:${tag}>([^<]*)<`).exec(recurrence)?.[1];
  const [, pattern = ''] = /^<t:(\w+)>/.exec(recurrence) ?? [];
  const days = (told('DaysOfWeek') ?? '').split(' ').map((day) => day.slice(0, 2).toUpperCase());
  const until = told('EndDate')?.slice(0, 10).replaceAll('-', '');
  const index = { First: '1', Second: '2', Third: '3', Fourth: '4', Last: '-1' }[told('DayOfWeekIndex') ?? ''] ?? '';
  const frequency = /Daily|Weekly|Monthly|Yearly/.exec(pattern)?.[0].toUpperCase() ?? 'DAILY';
  const parts = [
    `FREQ=${frequency}`,
    ...(until === undefined ? [] : [`UNTIL=${until}${allDay === true ? '' : 'T225959Z'}`]),
    ...(told('NumberOfOccurrences') === undefined ? [] : [`COUNT=${told('NumberOfOccurrences') ?? ''}`]),
    `INTERVAL=${told('Interval') ?? '1'}`,
    ...(told('DaysOfWeek') === undefined ? [] : [`BYDAY=${days.map((day) => `${index}${day}`).join(',')}`]),
    ...(told('Month') === undefined ? [] : [`BYMONTH=${String(monthOf(told('Month') ?? ''))}`]),
  ];
  return [`RRULE:${parts.join(';')}`];
}

const months = 'JanFebMarAprMayJunJulAugSepOctNovDec';

function monthOf(name: string): number {
  return months.indexOf(name.slice(0, 3)) / 3 + 1;
}

function deletedOf({ deleted = [], zone }: PracticeEvent): readonly string[] {
  return deleted.map((start) => `EXDATE;TZID=${zone}:${local(start, zone)}`);
}

/** IANA's names of the zones that the generator uses. */
const places: Readonly<Record<string, string>> = {
  UTC: 'UTC',
  'W. Europe Standard Time': 'Europe/Berlin',
  'Eastern Standard Time': 'America/New_York',
  'India Standard Time': 'Asia/Kolkata',
};

function local(moment: Date, zone: string): string {
  const parts = new Intl.DateTimeFormat('en-GB', {
    timeZone: places[zone] ?? 'UTC',
    ...{ year: 'numeric', month: '2-digit', day: '2-digit' },
    ...{ hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' },
  }).formatToParts(moment);
  const part = (type: string): string => parts.find((one) => one.type === type)?.value ?? '';
  return `${part('year')}${part('month')}${part('day')}T${part('hour')}${part('minute')}${part('second')}`;
}

function localDate(moment: Date, zone: string): string {
  return local(moment, zone).slice(0, 8);
}

function utc(moment: Date): string {
  return moment
    .toISOString()
    .replace(/[-:]/g, '')
    .replace(/\.\d+Z$/, 'Z');
}

function escaped(text: string): string {
  return text.replace(/[\\;,]/g, (char) => `\\${char}`).replace(/\r?\n/g, '\\n');
}

/** RFC 5545 section 3.1: no line is longer than 75 octets. */
function folded(line: string): string {
  const pieces: string[] = [];
  let piece = '';
  for (const character of line) {
    if (Buffer.byteLength(piece + character) > 74) {
      pieces.push(piece);
      piece = '';
    }
    piece += character;
  }
  return [...pieces, piece].join('\r\n ');
}
