import type { EventTimeZone } from '../../../domain/items/calendar-event.ts';
import { zoneOf, type ToldZone } from '../../../domain/items/time-zones.ts';
import { namedPropertyOf } from '../xml/extended-property.ts';
import { childOf, textOf, type XmlElement } from '../xml/xml-element.ts';
import { named } from './item-requests.ts';
import { durationMinutes } from './item-values.ts';

type Offsets = NonNullable<ToldZone['offsets']>;

/** The zone in which an item begins, and recurs: by its name, by the name that Outlook wrote, or by its rules. */
export function startZoneOf(item: XmlElement, when: Date): EventTimeZone {
  const start = childOf(item, 'StartTimeZone');
  const meeting = childOf(item, 'MeetingTimeZone');
  const names = [
    start?.attributes['Id'],
    meeting?.attributes['TimeZoneName'],
    // A series recurs in the zone of its rule, whatever its first occurrence was shown in.
    ...[named.recurrenceZone, named.startZone].map((id) => keyName(namedPropertyOf(item, { id }))),
    start?.attributes['Name'],
    namedPropertyOf(item, { id: named.zoneDescription }),
  ].flatMap((name) => (name === undefined || name === '' ? [] : name));
  const offsets = offsetsOfDefinition(start) ?? offsetsOfMeeting(meeting);
  return zoneOf({ names, ...(offsets === undefined ? {} : { offsets }) }, when);
}

/** Undefined where it is that of the beginning, or is not told. */
export function endZoneOf(item: XmlElement, start: EventTimeZone, when: Date): EventTimeZone | undefined {
  const end = childOf(item, 'EndTimeZone');
  if (end === undefined) return undefined;
  const offsets = offsetsOfDefinition(end);
  const names = [end.attributes['Id'], end.attributes['Name']].flatMap((name) => name ?? []);
  const zone = zoneOf({ names, ...(offsets === undefined ? {} : { offsets }) }, when);
  return zone.id === start.id ? undefined : zone;
}

/**
 * The key of Windows' registry in a PidLidAppointmentTimeZoneDefinition, [MS-OXOCAL] section 2.2.1.41: two octets of version,
 * two of length, two of flags, two of the name's length, and the name in UTF-16.
 */
function keyName(base64: string | undefined): string | undefined {
  if (base64 === undefined) return undefined;
  const octets = Buffer.from(base64, 'base64');
  if (octets.length < 8) return undefined;
  const hasName = (octets.readUInt16LE(4) & 2) !== 0;
  const length = octets.readUInt16LE(6) * 2;
  return hasName && octets.length >= 8 + length ? octets.toString('utf16le', 8, 8 + length) : undefined;
}

/** Months as EWS writes them, from which it is known in which half of the year summer lies. */
const months = 'JanFebMarAprMayJunJulAugSepOctNovDec';
const monthAt = (name: string): number => months.indexOf(name.slice(0, 3)) / 3;

interface Season {
  /** Minutes ahead of UTC. */
  readonly offset: number;
  /** Month in which it begins, 0 to 11. */
  readonly from: number;
}

function offsetsOfSeasons(seasons: readonly Season[]): Offsets | undefined {
  const ordered = [...seasons].sort((a, b) => a.from - b.from);
  const last = ordered.at(-1);
  if (last === undefined) return undefined;
  const at = (month: number): number => (ordered.filter(({ from }) => from <= month).at(-1) ?? last).offset;
  return { january: at(0), july: at(6) };
}

/** Exchange 2007: what UTC has to be ahead of, and the season's part of it. */
function offsetsOfMeeting(zone: XmlElement | undefined): Offsets | undefined {
  const base = durationMinutes(textOf(zone, 'BaseOffset'));
  if (base === undefined) return undefined;
  const seasons = ['Standard', 'Daylight'].flatMap((name): Season[] => {
    const season = childOf(zone, name);
    const month = textOf(childOf(season, 'RelativeYearlyRecurrence'), 'Month');
    if (season === undefined || month === undefined) return [];
    return [{ offset: 0 - base - (durationMinutes(textOf(season, 'Offset')) ?? 0), from: monthAt(month) }];
  });
  return offsetsOfSeasons(seasons) ?? { january: 0 - base, july: 0 - base };
}

/** Exchange 2010 and newer, where the zone is none of Windows' own: periods, and the transitions to them in a year. */
function offsetsOfDefinition(zone: XmlElement | undefined): Offsets | undefined {
  const periods = new Map(
    (childOf(zone, 'Periods')?.children ?? []).map(({ attributes }) => [
      attributes['Id'],
      durationMinutes(attributes['Bias']),
    ]),
  );
  const group = childOf(zone, 'TransitionsGroups')?.children.at(-1);
  const seasons = (group?.children ?? []).flatMap((transition): Season[] => {
    const bias = periods.get(textOf(transition, 'To'));
    const month = Number(textOf(transition, 'Month') ?? 1) - 1;
    return bias === undefined ? [] : [{ offset: 0 - bias, from: month }];
  });
  const [only] = periods.values();
  const fixed = periods.size === 1 && only !== undefined ? { january: 0 - only, july: 0 - only } : undefined;
  return offsetsOfSeasons(seasons) ?? fixed;
}
