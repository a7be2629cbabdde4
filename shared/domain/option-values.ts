import { z } from 'zod';
import { parseFolderPattern } from './folder-pattern.ts';
import { isDateTime, isTimeZone } from './local-time.ts';

/**
 * The kinds of value that options have. Each reads what a command line, a CSV cell (text) or a JSON file (numbers,
 * booleans, lists) holds, and reads its own result again to the same result, so that stored options can be parsed
 * once more.
 */

/**
 * A schema from a function that answers undefined for what is not acceptable. One step and one issue: a file with
 * 50,000 bad cells makes 50,000 of them, and unions of schemas made each cost ten times the memory.
 */
function value<Value>(parse: (written: unknown) => Value | undefined): z.ZodType<Value> {
  return z.unknown().transform((written, context) => {
    const parsed = parse(typeof written === 'string' ? written.trim() : written);
    if (parsed !== undefined) return parsed;
    context.addIssue({ code: 'custom', message: 'not acceptable' });
    return z.NEVER;
  });
}

const words = { true: true, yes: true, on: true, '1': true, false: false, no: false, off: false, '0': false } as const;

export const yesOrNo = value<boolean>((written) => {
  if (typeof written !== 'string') return typeof written === 'boolean' ? written : undefined;
  return Object.entries(words).find(([word]) => word === written.toLowerCase())?.[1];
});

function wholeNumber(written: unknown): number | undefined {
  const number = typeof written === 'string' && /^\d{1,15}$/.test(written) ? Number(written) : written;
  return typeof number === 'number' && Number.isSafeInteger(number) && number >= 0 ? number : undefined;
}

const isWord = (written: unknown, word: string): boolean =>
  typeof written === 'string' && written.toLowerCase() === word;

/** A count from 0 on, or `unlimited`. */
export const countLimit = value<number | 'unlimited'>((written) =>
  isWord(written, 'unlimited') ? 'unlimited' : wholeNumber(written),
);

const sizeUnits: Readonly<Record<string, number>> = { '': 1, b: 1, kb: 1024, mb: 1024 ** 2, gb: 1024 ** 3 };

/** Octets: `36700160`, `35MB` (1 MB = 1,048,576 octets), or `auto` for the target's own limit. */
export const itemSize = value<number | 'auto'>((written) => {
  if (isWord(written, 'auto')) return 'auto';
  const octets = typeof written === 'string' ? octetsOf(written) : written;
  return typeof octets === 'number' && Number.isSafeInteger(octets) && octets > 0 ? octets : undefined;
});

function octetsOf(text: string): number {
  const [, amount, unit = ''] = /^(\d{1,15}) ?([kmg]?b)?$/i.exec(text) ?? [];
  return Number(amount) * (sizeUnits[unit.toLowerCase()] ?? Number.NaN);
}

const unitMs = { s: 1000, min: 60_000, h: 3_600_000, d: 86_400_000 } as const;
export type DurationUnit = keyof typeof unitMs;

const unitNames: readonly (readonly [RegExp, DurationUnit])[] = [
  [/^s(ec(ond)?s?)?$/i, 's'],
  [/^m(in(ute)?s?)?$/i, 'min'],
  [/^h((ou)?rs?)?$/i, 'h'],
  [/^d(ays?)?$/i, 'd'],
];

const maxAmount = 3_650_000;

/** A length of time as a number of `unit`: `90`, `90 min`, `1.5h`. */
function lengthOfTime(written: unknown, unit: DurationUnit): number | undefined {
  if (typeof written === 'number') return written >= 0 && written <= maxAmount ? written : undefined;
  if (typeof written !== 'string') return undefined;
  const [, amount, name = unit] = /^(\d{1,7}(?:\.\d{1,3})?) ?([a-z]+)?$/i.exec(written) ?? [];
  const named = unitNames.find(([pattern]) => pattern.test(name))?.[1];
  if (amount === undefined || named === undefined) return undefined;
  const length = (Number(amount) * unitMs[named]) / unitMs[unit];
  return length <= maxAmount ? length : undefined;
}

/** A server that holds data back for more than ten minutes is not waited for: a window is settled by then. */
const maxSettleSeconds = 600;
export const settleSeconds = value((written) => {
  const length = lengthOfTime(written, 's');
  return length !== undefined && length <= maxSettleSeconds ? length : undefined;
});
export const minutes = value((written) => lengthOfTime(written, 'min'));
export const days = value((written) => lengthOfTime(written, 'd'));
export const hoursOrNever = value<number | 'never'>((written) => {
  const length = isWord(written, 'never') ? 0 : lengthOfTime(written, 'h');
  return length === 0 ? 'never' : length;
});

const conversions = ['script', 'apply', 'never'] as const;
/** How source mailboxes are converted, and for how many days they are kept before: `apply`, `apply:14`. */
export type Conversion = (typeof conversions)[number] | `${(typeof conversions)[number]}:${number}`;

export const conversion = value<Conversion>((written) => {
  const [, word, length] = typeof written === 'string' ? (/^(\w+)(?::(.+))?$/.exec(written) ?? []) : [];
  const how = conversions.find((one) => isWord(word, one));
  if (how === undefined || length === undefined) return how;
  const kept = lengthOfTime(length.trim(), 'd');
  return kept === undefined ? undefined : `${how}:${kept}`;
});

/** The two parts of it; null where it names no days. */
export function partsOfConversion(written: Conversion): {
  readonly how: (typeof conversions)[number];
  readonly days: number | null;
} {
  const [word, length] = written.split(':');
  return {
    how: conversions.find((one) => one === word) ?? 'script',
    days: length === undefined ? null : Number(length),
  };
}

export function toMs(amount: number, unit: DurationUnit): number {
  return Math.round(amount * unitMs[unit]);
}

/** Kept as written, since the zone that it is read in may come from another level. */
export const dateTime = value((written) => (typeof written === 'string' && isDateTime(written) ? written : undefined));

export const timeZoneName = value((written) =>
  typeof written === 'string' && written !== '' && isTimeZone(written) ? written : undefined,
);

export function oneOf<const Words extends readonly [string, ...string[]]>(...names: Words): z.ZodType<Words[number]> {
  return value<Words[number]>((written) => names.find((name) => isWord(written, name)));
}

/** A list in one cell: commas or semicolons between the entries; `\,` and `\;` are part of an entry. */
function splitList(written: string): readonly string[] {
  const entries: string[] = [''];
  let escaped = false;
  for (const char of written) {
    const isSeparator = char === ',' || char === ';';
    if (isSeparator && !escaped) {
      entries.push('');
      continue;
    }
    // Only separators are unescaped here: `\#`, `\/` and `\*` belong to the folder pattern.
    const entry = entries.at(-1) ?? '';
    entries[entries.length - 1] = (isSeparator ? entry.slice(0, -1) : entry) + char;
    escaped = char === '\\' && !escaped;
  }
  return entries;
}

function listOf(isEntry: (entry: string) => boolean, mostEntries = Infinity): z.ZodType<readonly string[]> {
  return value((written) => {
    const entries: readonly unknown[] | null = Array.isArray(written)
      ? written
      : typeof written === 'string'
        ? splitList(written)
        : null;
    if (entries?.every((entry) => typeof entry === 'string') !== true) return undefined;
    const kept = entries.map((entry) => entry.trim()).filter((entry) => entry !== '');
    return kept.every(isEntry) && kept.length <= mostEntries ? kept : undefined;
  });
}

export const folderList = listOf((entry) => parseFolderPattern(entry) !== null);

/** Amazon SES sends no message to more (SES quotas, "Maximum number of recipients per message"), and takes none of them then. */
export const mostRecipients = 50;

/** Whom to mail; what is acceptable is what a mail server would take as a recipient. */
export const addressList = listOf((entry) => /^[^\s@<>,;"]{1,64}@[^\s@<>,;"]{1,255}$/.test(entry), mostRecipients);
