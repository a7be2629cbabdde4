import type { EventTime, EventTimeZone } from './calendar-event.ts';
import { windowsTimeZones } from './windows-time-zones.ts';

const minuteMs = 60_000;
const dayMs = 86_400_000;

/** Lower-cased Windows names and IANA names. */
const byName: ReadonlyMap<string, string> = new Map([
  ...[...windowsTimeZones].map(([windows, iana]) => [iana.toLowerCase(), windows] as const),
  ...[...windowsTimeZones.keys()].map((windows) => [windows.toLowerCase(), windows] as const),
  ['etc/utc', 'UTC'],
  ['gmt', 'UTC'],
]);

/** Clocks are dear to make, and a calendar asks the same one again and again. */
const clocks = new Map<string, Intl.DateTimeFormat>();

function clockOf(windows: string): Intl.DateTimeFormat {
  const known = clocks.get(windows);
  if (known !== undefined) return known;
  const clock = new Intl.DateTimeFormat('en-US', {
    timeZone: windowsTimeZones.get(windows) ?? 'Etc/UTC',
    calendar: 'gregory',
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  clocks.set(windows, clock);
  return clock;
}

/** What a clock in a zone of Windows shows, as if that were UTC. */
function shownMs(windows: string, moment: number): number {
  const parts = new Map(
    clockOf(windows)
      .formatToParts(moment)
      .map(({ type, value }) => [type, Number(value)]),
  );
  const part = (type: Intl.DateTimeFormatPartTypes): number => parts.get(type) ?? 0;
  return Date.UTC(part('year'), part('month') - 1, part('day'), part('hour'), part('minute'), part('second'));
}

/** Minutes that clocks in a zone are ahead of UTC at a moment. */
export function offsetMinutes(windows: string, moment: Date): number {
  const whole = Math.floor(moment.getTime() / 1000) * 1000;
  return Math.round((shownMs(windows, whole) - whole) / minuteMs);
}

/** `2026-11-20T10:00:00` of milliseconds that are taken for UTC. */
function clockTime(ms: number): string {
  return new Date(ms).toISOString().slice(0, 19);
}

export function eventTime(zone: Pick<EventTimeZone, 'id'>, moment: Date): EventTime {
  const utc = moment.toISOString().replace('.000Z', 'Z');
  return { utc, local: clockTime(shownMs(zone.id, moment.getTime())) };
}

/**
 * The day that was meant where a source gives a day as a moment: midnight in a time zone that nobody knows, or noon, for
 * any zone between twelve hours behind and less than twelve hours ahead of UTC.
 */
export function dayOf(moment: Date): string {
  return new Date(Math.floor((moment.getTime() + dayMs / 2) / dayMs) * dayMs).toISOString().slice(0, 10);
}

/** The beginning of a day of an all-day event: by the zone where it is midnight there, else by what was meant. */
export function dayStart(zone: Pick<EventTimeZone, 'id'>, moment: Date): EventTime {
  const time = eventTime(zone, moment);
  return time.local.endsWith('T00:00:00') ? time : { ...time, local: `${dayOf(moment)}T00:00:00` };
}

/** What a source says of a zone. */
export interface ToldZone {
  /** Names of any kind, the best one first: Windows', IANA's, or words for people. */
  readonly names: readonly string[];
  /** Minutes ahead of UTC on 1 January and on 1 July, where the source gives the rules. */
  readonly offsets?: { readonly january: number; readonly july: number } | undefined;
}

/** The zone of Windows that is meant; by its rules where no name is known, and UTC where nothing is. */
export function zoneOf(told: ToldZone, when: Date): EventTimeZone {
  const name = told.names[0] ?? '';
  for (const candidate of told.names) {
    const id = byName.get(candidate.toLowerCase());
    if (id !== undefined) return { id, name, exact: true };
  }
  const { offsets } = told;
  const id = offsets === undefined ? undefined : zoneLike(offsets, when);
  return { id: id ?? 'UTC', name, exact: false };
}

/** Zones that more people live in come first where several have the same rules. */
const preferred = [
  'UTC',
  'W. Europe Standard Time',
  'GMT Standard Time',
  'FLE Standard Time',
  'Eastern Standard Time',
  'Central Standard Time',
  'Mountain Standard Time',
  'Pacific Standard Time',
  'India Standard Time',
  'China Standard Time',
  'Tokyo Standard Time',
  'AUS Eastern Standard Time',
  'Russian Standard Time',
  'Arab Standard Time',
  'E. South America Standard Time',
];

function zoneLike(offsets: { readonly january: number; readonly july: number }, when: Date): string | undefined {
  const year = when.getUTCFullYear();
  const isLike = (windows: string): boolean =>
    offsetMinutes(windows, new Date(Date.UTC(year, 0, 1))) === offsets.january &&
    offsetMinutes(windows, new Date(Date.UTC(year, 6, 1))) === offsets.july;
  return preferred.find(isLike) ?? [...windowsTimeZones.keys()].find(isLike);
}
