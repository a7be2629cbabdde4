/** Years that mail has: a 0204 for 2024 is a typing error. */
const localForm = /^((?:19|20|21)\d{2})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2}))?)?$/;
const dayMs = 86_400_000;

export function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en-US', { timeZone: name });
    return true;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

/** Milliseconds that a zone's clocks are ahead of UTC at an instant. */
function offsetAt(instant: number, timeZone: string): number {
  const parts = new Intl.DateTimeFormat('en-US', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  }).formatToParts(instant);
  const part = (type: Intl.DateTimeFormatPartTypes) => Number(parts.find((found) => found.type === type)?.value);
  const wall = Date.UTC(part('year'), part('month') - 1, part('day'), part('hour'), part('minute'), part('second'));
  return wall - Math.floor(instant / 1000) * 1000;
}

/** The wall time as if it were UTC; null where the text is no date (2026-02-30) or no date at all. */
function wallTime(text: string): number | null {
  const match = localForm.exec(text);
  if (match === null) return null;
  const [, year, month, day, hour = '00', minute = '00', second = '00'] = match;
  const iso = `${year}-${month}-${day}T${hour}:${minute}:${second}.000Z`;
  const wall = Date.parse(iso);
  return !Number.isNaN(wall) && new Date(wall).toISOString() === iso ? wall : null;
}

/**
 * True for `2026-12-24`, `2026-12-24T20:00`, `2026-12-24 20:00:00` and the same with `Z` or `+01:00`. Dates like
 * 8/9/2026 are refused: half of the world reads them the other way round.
 */
export function isDateTime(text: string): boolean {
  return instantOf(text, 'UTC') !== null;
}

/**
 * The instant that a date and time names: its own offset counts, else `timeZone`. A wall time that clocks jump over in
 * spring moves on by the jump; one that comes twice in autumn means the first. Null where the text is no date and time.
 */
export function instantOf(text: string, timeZone: string): Date | null {
  const zoned = /^(.+[T ].+?)(Z|[+-]\d{2}:?\d{2})$/i.exec(text.trim());
  if (zoned?.[1] !== undefined && zoned[2] !== undefined) {
    const wall = wallTime(zoned[1]);
    const offset = offsetOf(zoned[2]);
    return wall === null || offset === null ? null : new Date(wall - offset);
  }
  const wall = wallTime(text.trim());
  if (wall === null) return null;
  const candidates = [wall - offsetAt(wall - dayMs, timeZone), wall - offsetAt(wall + dayMs, timeZone)];
  const exact = candidates.filter((instant) => instant + offsetAt(instant, timeZone) === wall);
  return new Date(exact.length > 0 ? Math.min(...exact) : (candidates[0] ?? wall));
}

function offsetOf(text: string): number | null {
  if (text.toUpperCase() === 'Z') return 0;
  const [, sign, hours, minutes] = /^([+-])(\d{2}):?(\d{2})$/.exec(text) ?? [];
  const total = Number(hours) * 60 + Number(minutes);
  // No zone is further from UTC than 14 hours: more is a typing error.
  if (!(total <= 14 * 60) || Number(minutes) > 59) return null;
  return (sign === '-' ? -total : total) * 60_000;
}
