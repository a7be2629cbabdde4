/** INTERNALDATE, `dd-Mon-yyyy hh:mm:ss +zzzz` (RFC 3501 date-time). The day may be padded by a blank. */

const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const names = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const dateTime = /^[ "]*(\d{1,2})-([A-Za-z]{3})-(\d{4}) (\d{2}):(\d{2}):(\d{2}) ([+-])(\d{2})(\d{2})"?$/;

/** Epoch milliseconds, or undefined where the server sent something else. */
export function parseInternalDate(text: string): number | undefined {
  const match = dateTime.exec(text);
  if (match === null) {
    return undefined;
  }
  const [, day, month = '', year, hour, minute, second, sign, zoneHours, zoneMinutes] = match;
  const monthIndex = months.indexOf(month.toLowerCase());
  if (monthIndex === -1) {
    return undefined;
  }
  // Date.UTC reads the years 0 to 99 as 1900 to 1999; setUTCFullYear does not.
  const local = new Date(Date.UTC(2000, 0, 1, Number(hour), Number(minute), Number(second)));
  local.setUTCFullYear(Number(year), monthIndex, Number(day));
  const zone = (Number(zoneHours) * 60 + Number(zoneMinutes)) * 60_000;
  return sign === '-' ? local.getTime() + zone : local.getTime() - zone;
}

/** The same instant in UTC: `01-Mar-2019 10:00:00 +0000`. */
export function formatInternalDate(epochMs: number): string {
  const date = new Date(epochMs);
  const two = (value: number): string => String(value).padStart(2, '0');
  const day = `${two(date.getUTCDate())}-${names[date.getUTCMonth()] ?? ''}-${String(date.getUTCFullYear()).padStart(4, '0')}`;
  return `${day} ${two(date.getUTCHours())}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())} +0000`;
}
