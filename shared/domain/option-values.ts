import { z } from 'zod';
import { parseFolderPattern } from './folder-pattern.ts';
import { isDateTime, isTimeZone } from './local-time.ts';

/**
 * The kinds of value that options have. Each reads what a command line, a CSV cell (text) or a JSON file (numbers,
 * booleans, lists) holds, and reads its own result again to the same result, so that stored options can be parsed
 * once more.
 */

/** Parses text with a function that answers undefined where the text is not acceptable. */
function text<Value>(parse: (written: string) => Value | undefined): z.ZodType<Value> {
  return z.string().transform((written, context) => {
    const value = parse(written.trim());
    if (value !== undefined) return value;
    context.addIssue({ code: 'custom', message: 'not acceptable' });
    return z.NEVER;
  });
}

const words = { true: true, yes: true, on: true, '1': true, false: false, no: false, off: false, '0': false } as const;

export const yesOrNo: z.ZodType<boolean> = z.union([
  z.boolean(),
  text((written) => Object.entries(words).find(([word]) => word === written.toLowerCase())?.[1]),
]);

const wholeNumber = (written: string): number | undefined => (/^\d{1,15}$/.test(written) ? Number(written) : undefined);

/** A count from 0 on, or `unlimited`. */
export const countLimit: z.ZodType<number | 'unlimited'> = z.union([
  z.int().min(0),
  text((written) => (written.toLowerCase() === 'unlimited' ? 'unlimited' : wholeNumber(written))),
]);

const sizeUnits: Record<string, number> = { '': 1, b: 1, kb: 1024, mb: 1024 ** 2, gb: 1024 ** 3 };

/** Octets: `36700160`, `35MB` (1 MB = 1,048,576 octets), or `auto` for the target's own limit. */
export const itemSize: z.ZodType<number | 'auto'> = z.union([
  z.int().min(1),
  text((written) => {
    if (written.toLowerCase() === 'auto') return 'auto';
    const [, amount, unit = ''] = /^(\d{1,15}) ?([kmg]?b)?$/i.exec(written) ?? [];
    const octets = Number(amount) * (sizeUnits[unit.toLowerCase()] ?? Number.NaN);
    return Number.isSafeInteger(octets) && octets > 0 ? octets : undefined;
  }),
]);

const unitMs = { s: 1000, min: 60_000, h: 3_600_000, d: 86_400_000 } as const;
export type DurationUnit = keyof typeof unitMs;

const unitNames: readonly (readonly [RegExp, DurationUnit])[] = [
  [/^s(ec(ond)?s?)?$/i, 's'],
  [/^m(in(ute)?s?)?$/i, 'min'],
  [/^h((ou)?rs?)?$/i, 'h'],
  [/^d(ays?)?$/i, 'd'],
];

/** A length of time in `unit`, as a number of that unit: `90`, `90 min`, `1.5h`. */
function lengthOfTime(unit: DurationUnit): z.ZodType<number> {
  return z.union([
    z.number().min(0).max(3_650_000),
    text((written) => {
      const [, amount, name = unit] = /^(\d{1,7}(?:\.\d{1,3})?) ?([a-z]+)?$/i.exec(written) ?? [];
      const named = unitNames.find(([pattern]) => pattern.test(name))?.[1];
      if (amount === undefined || named === undefined) return undefined;
      return (Number(amount) * unitMs[named]) / unitMs[unit];
    }),
  ]);
}

/** A server that holds data back for more than ten minutes is not waited for (a window is settled by then). */
export const settleSeconds = lengthOfTime('s').refine((amount) => amount <= 600);
export const minutes = lengthOfTime('min');
export const hoursOrNever: z.ZodType<number | 'never'> = z.union([
  z.literal(0).transform(() => 'never' as const),
  text((written) => (['never', '0'].includes(written.toLowerCase()) ? ('never' as const) : undefined)),
  lengthOfTime('h').transform((hours) => (hours === 0 ? ('never' as const) : hours)),
]);
export const days = lengthOfTime('d');

export function toMs(amount: number, unit: DurationUnit): number {
  return Math.round(amount * unitMs[unit]);
}

/** Kept as written, since the zone that it is read in may come from another level. */
export const dateTime: z.ZodType<string> = text((written) => (isDateTime(written) ? written : undefined));

export const timeZoneName: z.ZodType<string> = text((written) =>
  written !== '' && isTimeZone(written) ? written : undefined,
);

export function oneOf<const Words extends readonly [string, ...string[]]>(...names: Words): z.ZodType<Words[number]> {
  return text<Words[number]>((written) => names.find((name) => name === written.toLowerCase()));
}

/** A list in one cell: commas or semicolons between the entries; `\,` and `\;` are part of an entry. */
function splitList(written: string): readonly string[] {
  const entries: string[] = [''];
  let escaped = false;
  for (const char of written) {
    const last = entries.length - 1;
    if (!escaped && (char === ',' || char === ';')) {
      entries.push('');
      continue;
    }
    // Only separators are unescaped here: `\#`, `\/` and `\*` belong to the folder pattern.
    const entry = entries[last] ?? '';
    entries[last] = (escaped && (char === ',' || char === ';') ? entry.slice(0, -1) : entry) + char;
    escaped = char === '\\' && !escaped;
  }
  return entries;
}

const listOf = (isEntry: (entry: string) => boolean): z.ZodType<readonly string[]> =>
  z
    .union([z.array(z.string()), z.string().transform(splitList)])
    .transform((entries) => entries.map((entry) => entry.trim()).filter((entry) => entry !== ''))
    .refine((entries) => entries.every(isEntry))
    .readonly();

export const folderList = listOf((entry) => parseFolderPattern(entry) !== null);

/** Whom to mail; what is acceptable is what a mail server would take as a recipient. */
export const addressList = listOf((entry) => /^[^\s@<>,;"]{1,64}@[^\s@<>,;"]{1,255}$/.test(entry));
