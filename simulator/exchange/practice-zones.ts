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
