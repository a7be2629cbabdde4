import { windowsTimeZones } from '../../../shared/domain/items/windows-time-zones.ts';
import { badRequest } from '../graph-failure.ts';
import { textAt, type JsonObject } from '../json-object.ts';

const clocks = new Map<string, Intl.DateTimeFormat>();

/** By a Windows or an IANA name; 400 for a zone that nobody knows. */
function clockOf(zone: string): Intl.DateTimeFormat {
  const known = clocks.get(zone);
  if (known !== undefined) return known;
  const timeZone = windowsTimeZones.get(zone) ?? (zone.includes(' ') ? undefined : zone);
  try {
    if (timeZone === undefined) throw new RangeError(zone);
    const clock = new Intl.DateTimeFormat('en-CA', {
      timeZone,
      hourCycle: 'h23',
      dateStyle: 'short',
      timeStyle: 'medium',
    });
    clocks.set(zone, clock);
    return clock;
  } catch (error) {
    if (error instanceof RangeError)
      throw badRequest(`The time zone '${zone}' is not supported.`, 'TimeZoneNotSupportedException');
    throw error;
  }
}

/** What a clock in a zone shows at a moment, `2026-03-01T10:00:00`. */
export function localTime(epochMs: number, zone: string): string {
  return clockOf(zone).format(epochMs).replace(', ', 'T').replace(' ', 'T');
}

/** The moment at which a clock in a zone shows a time. */
export function momentOf(local: string, zone: string): number {
  const shown = asUtc(local);
  const guess = shown - (asUtc(localTime(shown, zone)) - shown);
  return guess + (shown - asUtc(localTime(guess, zone)));
}

/** A dateTimeTimeZone of Graph as a moment. */
export function momentOfJson(json: JsonObject): number {
  const { dateTime, timeZone } = zonedTime(json);
  return momentOf(dateTime, timeZone);
}

export interface ZonedTime {
  /** `2026-03-01T10:00:00` */
  readonly dateTime: string;
  readonly timeZone: string;
}

/** A dateTimeTimeZone of Graph to whole seconds; 400 where it is none. */
export function zonedTime(json: JsonObject): ZonedTime {
  const { dateTime, timeZone = 'UTC' } = {
    dateTime: textAt(json, 'dateTime') ?? '',
    timeZone: textAt(json, 'timeZone'),
  };
  const {
    day = '',
    time = '',
    zone,
  } = /^(?<day>\d{4}-\d\d-\d\d)(?:T(?<time>\d\d:\d\d(?::\d\d)?)(?:\.\d{1,7})?(?<zone>Z|[+-]\d\d:\d\d)?)?$/.exec(
    dateTime,
  )?.groups ?? {};
  if (day === '') throw badRequest(`The dateTime '${dateTime}' is malformed.`, 'ErrorPropertyValidationFailure');
  clockOf(timeZone);
  if (zone !== undefined) return { dateTime: localTime(Date.parse(dateTime), timeZone), timeZone };
  const local = `${day}T${time === '' ? '00:00' : time}`;
  return { dateTime: local.length === 16 ? `${local}:00` : local, timeZone };
}

function asUtc(local: string): number {
  return Date.parse(`${local}Z`);
}
