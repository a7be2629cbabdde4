/**
 * INTERNALDATE, `dd-Mon-yyyy hh:mm:ss +zzzz` (RFC 9051 date-time). The day may be padded by a blank, or not at all.
 */

const names = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const monthNumbers = new Map(names.map((name, at) => [name.toLowerCase(), at + 1]));
const shape = /^[ \d]\d-[A-Za-z]{3}-\d{4} \d{2}:\d{2}:\d{2} [+-]\d{4}$/;

/** A year has four digits. */
const lastSecond = Date.UTC(9999, 11, 31, 23, 59, 59) / 1000;

/** Epoch milliseconds, or undefined where the server sent something else. */
export function parseInternalDate(text: string): number | undefined {
  const seconds = secondsOf(text);
  return seconds === undefined ? undefined : seconds * 1000;
}

/** The same instant in UTC: `01-Mar-2019 10:00:00 +0000`. */
export function formatInternalDate(epochMs: number): string {
  const date = new Date(epochMs);
  const two = (value: number): string => String(value).padStart(2, '0');
  const day = `${two(date.getUTCDate())}-${names[date.getUTCMonth()] ?? ''}-${String(date.getUTCFullYear()).padStart(4, '0')}`;
  return `${day} ${two(date.getUTCHours())}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())} +0000`;
}

/**
 * Epoch seconds by which dates of two servers are compared. What is before 1970 is 0, as is what is no date: servers do
 * not keep the sign (Dovecot 2.3 has 1960 in memory and 2096 in its cache).
 */
export function internalDateSeconds(text: string): number {
  return Math.max(0, Math.min(lastSecond, secondsOf(text) ?? 0));
}

/**
 * True where a server may have put `there` in the place of the date that was written, both in epoch seconds: what lies in
 * the future becomes the time of writing (Dovecot 2.3: from two hours on).
 */
export function mayBecome(written: number, there: number): boolean {
  return there < written;
}

/** Nearly all there are; days that not every month has are looked at closely. */
const ordinary =
  /^(?:[012 ]\d|3[01])-[A-Z][a-z]{2}-(?:19(?:7[1-9]|[89]\d)|20[012]\d) (?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d [+-]\d{4}$/;

/**
 * The date to write an item with: as it was read, but for one that servers do not keep (year 1850, 31 February, a leap
 * second). A server would put a date of its own in its place, and nobody could tell the item again that a lost connection
 * left there.
 */
export function writableInternalDate(text: string): string {
  if (ordinary.test(text) && !(text.charCodeAt(0) > 0x32 || text.startsWith('29') || text.startsWith('00')))
    return text;
  const seconds = secondsOf(text);
  const kept = internalDateSeconds(text);
  return seconds === kept && isOfCalendar(text) ? text : formatInternalDate(kept * 1000);
}

/** False: rolled over into the next day, month or hour. */
function isOfCalendar(text: string): boolean {
  const local = parseInternalDate(`${text.slice(0, -5)}+0000`);
  return local !== undefined && formatInternalDate(local).slice(3, 20) === padded(text).slice(3, 20);
}

function padded(text: string): string {
  return text.length === 25 ? ` ${text}` : text;
}

/** Read by position and counted in days: this is done several times an item. */
function secondsOf(text: string): number | undefined {
  const date = padded(text);
  if (!shape.test(date)) return undefined;
  const month = monthNumbers.get(date.slice(3, 6).toLowerCase());
  if (month === undefined) return undefined;
  const year = number(date, 7) * 100 + number(date, 9);
  const time = number(date, 12) * 3600 + number(date, 15) * 60 + number(date, 18);
  const zone = number(date, 22) * 3600 + number(date, 24) * 60;
  const utc = daysSince1970(year, month, number(date, 0)) * 86_400 + time;
  return date.charCodeAt(21) === 0x2d ? utc + zone : utc - zone;
}

/** Two digits, the first of which may be a blank. */
function number(date: string, at: number): number {
  const tens = date.charCodeAt(at);
  return (tens === 0x20 ? 0 : tens - 0x30) * 10 + date.charCodeAt(at + 1) - 0x30;
}

/** Days in the Gregorian calendar, whose years are counted from March so that the leap day is their last. */
function daysSince1970(year: number, month: number, day: number): number {
  const years = month > 2 ? year : year - 1;
  const era = Math.floor(years / 400);
  const ofEra = years - era * 400;
  const ofYear = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + day - 1;
  return era * 146_097 + ofEra * 365 + Math.floor(ofEra / 4) - Math.floor(ofEra / 100) + ofYear - 719_468;
}
