/**
 * Numbers as mails show them. Counts have no thousands separator: they stand in the CSVs the same way, and whoever
 * searches for one finds the other.
 */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${String(count)} ${count === 1 ? one : many}`;
}

const units = ['KB', 'MB', 'GB', 'TB'] as const;

/** `712.3 MB (746913792 bytes)`; 1 KB = 1024 bytes. */
export function bytesInWords(bytes: number): string {
  let amount = bytes;
  let unit: string | undefined;
  for (const next of units) {
    if (amount < 1024) break;
    amount /= 1024;
    unit = next;
  }
  const exact = counted(bytes, 'byte');
  return unit === undefined ? exact : `${amount.toFixed(1)} ${unit} (${exact})`;
}

/** `2 h 5 min`, `5 min 3 s`, `3 s`. */
export function durationInWords(seconds: number): string {
  const days = Math.floor(seconds / 86_400);
  const hours = Math.floor((seconds % 86_400) / 3600);
  const minutes = Math.floor((seconds % 3600) / 60);
  if (days > 0) return `${String(days)} d ${String(hours)} h`;
  if (hours > 0) return `${String(hours)} h ${String(minutes)} min`;
  return minutes > 0 ? `${String(minutes)} min ${String(seconds % 60)} s` : `${String(seconds)} s`;
}

/** `2026-11-20 21:24 (Europe/Berlin)`: reads the same in every country. */
export function timeInWords(instant: string, timeZone: string): string {
  // Without the tables of all time zones, which take longer to load than the mail takes to write.
  if (timeZone === 'UTC') return `${new Date(instant).toISOString().slice(0, 16).replace('T', ' ')} (UTC)`;
  const parts = new Intl.DateTimeFormat('en-GB', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
  }).formatToParts(new Date(instant));
  const part = (type: Intl.DateTimeFormatPartTypes) => parts.find((found) => found.type === type)?.value ?? '';
  return `${part('year')}-${part('month')}-${part('day')} ${part('hour')}:${part('minute')} (${timeZone})`;
}
