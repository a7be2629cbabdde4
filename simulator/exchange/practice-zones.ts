/** A time zone as the versions of Exchange tell it. */
export interface PracticeZone {
  /** Exchange 2007: rules, and a name in the language of the server. */
  readonly meeting: string;
  /** Exchange 2010 and newer. */
  readonly named: (tag: string) => string;
  /** PidLidAppointmentTimeZoneDefinitionStartDisplay up to its rules, [MS-OXOCAL] section 2.2.1.42. */
  readonly definition: Buffer;
}

interface Rules {
  readonly display: string;
  /** What is to be added to local time for UTC. */
  readonly base: string;
  readonly summer?: readonly [from: string, fromIndex: string, until: string, untilIndex: string];
}

const rules: Readonly<Record<string, Rules>> = {
  UTC: { display: '(UTC) Koordinierte Weltzeit', base: 'PT0M' },
  'W. Europe Standard Time': {
    display: '(GMT+01:00) Amsterdam, Berlin, Bern, Rom',
    base: '-PT60M',
    summer: ['March', 'Last', 'October', 'Last'],
  },
  'Eastern Standard Time': {
    display: '(GMT-05:00) Eastern Time (US &amp; Canada)',
    base: 'PT300M',
    summer: ['March', 'Second', 'November', 'First'],
  },
  'India Standard Time': { display: '(GMT+05:30) Chennai, Kolkata', base: '-PT330M' },
};

export function practiceZone(id: string): PracticeZone {
  const zone = rules[id];
  if (zone === undefined) throw new Error(`The practice Exchange knows no time zone ${id}`);
  const season = (name: string, offset: string, month: string, index: string): string =>
    `<t:${name}><t:Offset>${offset}</t:Offset><t:RelativeYearlyRecurrence><t:DaysOfWeek>Sunday</t:DaysOfWeek>` +
    `<t:DayOfWeekIndex>${index}</t:DayOfWeekIndex><t:Month>${month}</t:Month></t:RelativeYearlyRecurrence><t:Time>02:00:00</t:Time></t:${name}>`;
  const [from, fromIndex, until, untilIndex] = zone.summer ?? [];
  const seasons =
    from === undefined || fromIndex === undefined || until === undefined || untilIndex === undefined
      ? ''
      : season('Standard', 'PT0M', until, untilIndex) + season('Daylight', '-PT60M', from, fromIndex);
  return {
    meeting: `<t:MeetingTimeZone TimeZoneName="${zone.display}"><t:BaseOffset>${zone.base}</t:BaseOffset>${seasons}</t:MeetingTimeZone>`,
    named: (tag) => `<t:${tag} Id="${id}" Name="${zone.display}"/>`,
    definition: definitionOf(id),
  };
}

/** The same rules as a VTIMEZONE of iCalendar (RFC 5545 section 3.6.5), line by line. */
export function zoneComponent(id: string): readonly string[] {
  const zone = rules[id];
  if (zone === undefined || id === 'UTC') return [];
  const winter = -minutesOf(zone.base);
  const [from = '', fromIndex = '', until = '', untilIndex = ''] = zone.summer ?? [];
  const summer = zone.summer === undefined ? winter : winter + 60;
  const part = (name: string, offsets: readonly [number, number], rule: readonly string[]): readonly string[] => [
    `BEGIN:${name}`,
    'DTSTART:16010101T020000',
    `TZOFFSETFROM:${offsetOf(offsets[0])}`,
    `TZOFFSETTO:${offsetOf(offsets[1])}`,
    ...rule,
    `END:${name}`,
  ];
  const every = (month: string, index: string): readonly string[] => [
    `RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=${indexes[index] ?? ''}SU;BYMONTH=${String(months.indexOf(month.slice(0, 3)) / 3 + 1)}`,
  ];
  return [
    'BEGIN:VTIMEZONE',
    `TZID:${id}`,
    ...part('STANDARD', [summer, winter], zone.summer === undefined ? [] : every(until, untilIndex)),
    ...(zone.summer === undefined ? [] : part('DAYLIGHT', [winter, summer], every(from, fromIndex))),
    'END:VTIMEZONE',
  ];
}

const indexes: Readonly<Record<string, string>> = { First: '1', Second: '2', Last: '-1' };
const months = 'JanFebMarAprMayJunJulAugSepOctNovDec';

function minutesOf(duration: string): number {
  const [, minus = '', minutes = '0'] = /^(-?)PT(\d+)M$/.exec(duration) ?? [];
  return minus === '-' ? -Number(minutes) : Number(minutes);
}

function offsetOf(minutes: number): string {
  const two = (value: number): string => String(value).padStart(2, '0');
  const size = Math.abs(minutes);
  return `${minutes < 0 ? '-' : '+'}${two(Math.floor(size / 60))}${two(size % 60)}`;
}

function definitionOf(id: string): Buffer {
  const name = Buffer.from(id, 'utf16le');
  const head = Buffer.alloc(8);
  head.writeUInt8(2, 0);
  head.writeUInt8(1, 1);
  head.writeUInt16LE(6 + name.length, 2);
  head.writeUInt16LE(2, 4);
  head.writeUInt16LE(id.length, 6);
  return Buffer.concat([head, name, Buffer.alloc(2)]);
}
