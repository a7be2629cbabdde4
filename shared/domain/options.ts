import { z } from 'zod';
import { closestName } from './closest-name.ts';
import type { MigrationType } from './endpoint.ts';
import { instantOf } from './local-time.ts';
import {
  addressList,
  mostRecipients,
  conversion,
  countLimit,
  dateTime,
  days,
  folderList,
  hoursOrNever,
  itemSize,
  minutes,
  oneOf,
  partsOfConversion,
  settleSeconds,
  timeZoneName,
  toMs,
  yesOrNo,
} from './option-values.ts';

/** Where an option may be set: an endpoint's `defaults`, a batch (`--option`, `<batch>.json`), a row of the CSV. */
export type OptionLevel = 'endpoint' | 'batch' | 'row';

export interface OptionDefinition {
  readonly schema: z.ZodType;
  readonly levels: readonly OptionLevel[];
  /** The default in words, for docs and screens; `resolveOptions` holds the value. */
  readonly default: string;
  /** What a value looks like: ends the sentence "badItemLimit takes ...". */
  readonly takes: string;
  /** One line for the admin. */
  readonly doc: string;
}

const everywhere = ['endpoint', 'batch', 'row'] as const;
const endpointOrBatch = ['endpoint', 'batch'] as const;
const batchOrRow = ['batch', 'row'] as const;

const aDate = 'a date and time such as 2026-12-24T20:00 (in timeZone) or 2026-12-24T20:00+01:00';
const aLimit = 'a whole number from 0 on, or unlimited';
const folders = 'folders separated by commas or semicolons, such as #Inbox#, Projects/2019, Archive/*';

/**
 * The closed list of options. A number without a unit means the unit that `takes` names; parsed values keep that
 * unit, and `resolveOptions` turns them into milliseconds.
 */
export const optionDefinitions = {
  notify: {
    schema: addressList,
    levels: endpointOrBatch,
    default: "the deployment's operator",
    takes: `up to ${String(mostRecipients)} mail addresses separated by commas or semicolons`,
    doc: 'Who gets the status mails.',
  },
  startAfter: {
    schema: dateTime,
    levels: batchOrRow,
    default: 'at once',
    takes: aDate,
    doc: 'Mailboxes are prepared now; copying begins at this time.',
  },
  completeAfter: {
    schema: dateTime,
    levels: batchOrRow,
    default: 'only when asked (batch complete)',
    takes: aDate,
    doc: 'The batch is completed by itself at this time.',
  },
  timeZone: {
    schema: timeZoneName,
    levels: everywhere,
    default: 'UTC',
    takes: 'the name of a time zone such as Europe/Berlin',
    doc: 'Zone of dates that name none, and of the times in mails.',
  },
  reportInterval: {
    schema: hoursOrNever,
    levels: endpointOrBatch,
    default: '24 h',
    takes: 'hours such as 24 or 12h; 0 or never for none',
    doc: 'How often a digest is mailed while a batch runs or waits.',
  },
  badItemLimit: {
    schema: countLimit,
    levels: everywhere,
    default: '10',
    takes: aLimit,
    doc: 'Items of a mailbox that may fail before the mailbox fails.',
  },
  largeItemLimit: {
    schema: countLimit,
    levels: everywhere,
    default: 'unlimited',
    takes: aLimit,
    doc: 'Items over the size limit that may be skipped before the mailbox fails; each is listed either way.',
  },
  maxItems: {
    schema: countLimit,
    levels: everywhere,
    default: '500000 for imap, unlimited otherwise',
    takes: aLimit,
    doc: 'Only the newest so many items of a mailbox are copied; the rest are listed as OVER_ITEM_CAP.',
  },
  maxItemBytes: {
    schema: itemSize,
    levels: everywhere,
    default: "auto: the target's own limit, else 35 MB for Exchange Online and none for IMAP",
    takes: 'octets, such as 36700160 or 35MB, or auto',
    doc: 'Larger items are skipped and listed. Exchange Online: up to 150MB, where its administrator raised the limit of 35 MB.',
  },
  includeFolders: {
    schema: folderList,
    levels: everywhere,
    default: 'all folders',
    takes: folders,
    doc: 'Only these folders are copied.',
  },
  excludeFolders: {
    schema: folderList,
    levels: everywhere,
    default: 'none',
    takes: folders,
    doc: 'These folders are not copied; wins over includeFolders.',
  },
  receivedAfter: {
    schema: dateTime,
    levels: everywhere,
    default: 'no bound',
    takes: aDate,
    doc: 'Only items received at or after this time are copied.',
  },
  receivedBefore: {
    schema: dateTime,
    levels: everywhere,
    default: 'no bound',
    takes: aDate,
    doc: 'Only items received before this time are copied.',
  },
  skipDeleted: {
    schema: yesOrNo,
    levels: everywhere,
    default: 'false',
    takes: 'true or false',
    doc: 'Leaves out messages marked \\Deleted instead of copying them with the mark.',
  },
  skipForwarding: {
    schema: yesOrNo,
    levels: everywhere,
    default: 'false',
    takes: 'true or false',
    doc: 'Staged: does not set forwarding at the source.',
  },
  usersAtWork: {
    schema: yesOrNo,
    levels: everywhere,
    default: 'true for staged, false for imap and cutover',
    takes: 'true or false',
    doc: 'Users may already work in the target mailbox: nothing is removed there, differences are classed as changes.',
  },
  allowUnknownColumns: {
    schema: yesOrNo,
    levels: endpointOrBatch,
    default: 'false',
    takes: 'true or false',
    doc: 'Ignores columns of the CSV that nobody knows, misspelt optional ones included, instead of refusing the file.',
  },
  verify: {
    schema: oneOf('sample', 'full', 'none'),
    levels: everywhere,
    default: 'sample',
    takes: 'sample, full or none',
    doc: 'How many items are read again at the target and compared.',
  },
  mail1After: {
    schema: minutes,
    levels: endpointOrBatch,
    default: '60 min',
    takes: 'minutes such as 60 or 1h',
    doc: 'Staged, cutover: mail 1 goes after this time even if some mailboxes are still being prepared.',
  },
  settleAfter: {
    schema: settleSeconds,
    levels: everywhere,
    default: '60 s',
    takes: 'seconds such as 60 or 2min, at most 10 min',
    doc: 'How long a target is left alone after a lost connection before it is searched for what arrived.',
  },
  rollbackAfter: {
    schema: hoursOrNever,
    levels: everywhere,
    default: 'never',
    takes: 'hours such as 48 or 2d; 0 or never for never',
    doc: 'Staged: forwarding is put back when a mailbox has been failed for this long.',
  },
  convertSource: {
    schema: conversion,
    levels: everywhere,
    default: 'script:7d',
    takes:
      'script, apply or never, with a length of time such as script:14d or apply:0 to name another than seven days',
    doc: 'Staged: so long after completion, source mailboxes become mail-enabled users by a script for the admin, or by us.',
  },
  outOfOffice: {
    schema: oneOf('report', 'set', 'never'),
    levels: everywhere,
    default: 'report',
    takes: 'report, set or never',
    doc: 'Carries the out-of-office switch over and reports the text, sets the text as well, or leaves both alone.',
  },
  keepReportsFor: {
    schema: days,
    levels: endpointOrBatch,
    default: '365 days',
    takes: 'days such as 365',
    doc: 'How long reports and ledgers are kept after a batch is removed.',
  },
} as const satisfies Record<string, OptionDefinition>;

export type OptionName = keyof typeof optionDefinitions;

function isOptionName(name: string): name is OptionName {
  return Object.hasOwn(optionDefinitions, name);
}

export const optionNames: readonly OptionName[] = Object.keys(optionDefinitions).filter(isOptionName);

const shape = optionDefinitions;
const Options = z.strictObject({
  notify: shape.notify.schema.exactOptional(),
  startAfter: shape.startAfter.schema.exactOptional(),
  completeAfter: shape.completeAfter.schema.exactOptional(),
  timeZone: shape.timeZone.schema.exactOptional(),
  reportInterval: shape.reportInterval.schema.exactOptional(),
  badItemLimit: shape.badItemLimit.schema.exactOptional(),
  largeItemLimit: shape.largeItemLimit.schema.exactOptional(),
  maxItems: shape.maxItems.schema.exactOptional(),
  maxItemBytes: shape.maxItemBytes.schema.exactOptional(),
  includeFolders: shape.includeFolders.schema.exactOptional(),
  excludeFolders: shape.excludeFolders.schema.exactOptional(),
  receivedAfter: shape.receivedAfter.schema.exactOptional(),
  receivedBefore: shape.receivedBefore.schema.exactOptional(),
  skipDeleted: shape.skipDeleted.schema.exactOptional(),
  skipForwarding: shape.skipForwarding.schema.exactOptional(),
  usersAtWork: shape.usersAtWork.schema.exactOptional(),
  allowUnknownColumns: shape.allowUnknownColumns.schema.exactOptional(),
  verify: shape.verify.schema.exactOptional(),
  mail1After: shape.mail1After.schema.exactOptional(),
  settleAfter: shape.settleAfter.schema.exactOptional(),
  rollbackAfter: shape.rollbackAfter.schema.exactOptional(),
  convertSource: shape.convertSource.schema.exactOptional(),
  outOfOffice: shape.outOfOffice.schema.exactOptional(),
  keepReportsFor: shape.keepReportsFor.schema.exactOptional(),
} satisfies Record<OptionName, z.ZodType>);

/** Options that somebody has set, parsed; what is absent is left to the level below. */
export type BatchOptions = Readonly<z.output<typeof Options>>;

export type ParsedOption =
  | { readonly outcome: 'parsed'; readonly options: BatchOptions }
  | {
      readonly outcome: 'refused';
      readonly reason: 'unknown' | 'level' | 'value';
      /** A sentence that names the option and what it takes, never the value: in a CSV it may be a shifted password. */
      readonly message: string;
      readonly suggestion: string;
    };

/**
 * Reads one option from text (`--option KEY=VALUE`, a CSV cell) or from JSON (`<batch>.json`, an endpoint's `defaults`).
 * With `level` it also refuses an option that cannot be set there. The answer holds that one option; merge it with
 * `mergeOptions`.
 */
export function parseOption(name: string, raw: unknown, level?: OptionLevel): ParsedOption {
  if (!isOptionName(name)) {
    const meant = closestName(name, optionNames);
    return {
      outcome: 'refused',
      reason: 'unknown',
      message: `There is no option "${name.slice(0, 64)}".`,
      suggestion: meant === undefined ? `The options are: ${optionNames.join(', ')}.` : `Did you mean ${meant}?`,
    };
  }
  const definition: OptionDefinition = optionDefinitions[name];
  if (level !== undefined && !definition.levels.includes(level))
    return {
      outcome: 'refused',
      reason: 'level',
      message: `The option ${name} cannot be set for ${levelNames[level]}.`,
      suggestion: `Set ${name} for ${definition.levels.map((allowed) => levelNames[allowed]).join(' or ')}.`,
    };
  if (definition.schema.safeParse(raw).success) return { outcome: 'parsed', options: Options.parse({ [name]: raw }) };
  return {
    outcome: 'refused',
    reason: 'value',
    message: `The value of ${name} is not valid.`,
    suggestion: `${name} takes ${definition.takes}.`,
  };
}

const levelNames: Record<OptionLevel, string> = { endpoint: 'an endpoint', batch: 'a batch', row: 'a row of the CSV' };

export interface ParsedOptions {
  /** The options that could be read. */
  readonly options: BatchOptions;
  /** One for each that could not; empty when all is well. */
  readonly problems: readonly { readonly name: string; readonly message: string; readonly suggestion: string }[];
}

/** Reads a whole set of options, such as an endpoint's `defaults`, and reports all problems at once. */
export function parseOptions(written: Readonly<Record<string, unknown>>, level?: OptionLevel): ParsedOptions {
  let options: BatchOptions = {};
  const problems: ParsedOptions['problems'][number][] = [];
  for (const [name, raw] of Object.entries(written)) {
    const parsed = parseOption(name, raw, level);
    if (parsed.outcome === 'parsed') options = { ...options, ...parsed.options };
    else problems.push({ name, message: parsed.message, suggestion: parsed.suggestion });
  }
  return { options, problems };
}

/** Later levels win: pass the endpoint's defaults, then the batch's options, then the row's. */
export function mergeOptions(...levels: readonly BatchOptions[]): BatchOptions {
  return levels.reduce<BatchOptions>((merged, level) => ({ ...merged, ...level }), {});
}

/** All options with their defaults; lengths of time in milliseconds, times as instants. */
export interface ResolvedOptions {
  /** Empty: the deployment's operator. */
  readonly notify: readonly string[];
  /** ISO 8601 in UTC; null: at once. */
  readonly startAfter: string | null;
  /** ISO 8601 in UTC; null: only when asked. */
  readonly completeAfter: string | null;
  readonly timeZone: string;
  /** Null: no digests. */
  readonly reportIntervalMs: number | null;
  readonly badItemLimit: number | 'unlimited';
  readonly largeItemLimit: number | 'unlimited';
  readonly maxItems: number | 'unlimited';
  /** Octets; `auto`: the target's own limit. */
  readonly maxItemBytes: number | 'auto';
  /** Patterns for `folderSelection`; empty: all. */
  readonly includeFolders: readonly string[];
  readonly excludeFolders: readonly string[];
  /** ISO 8601 in UTC, inclusive; null: no bound. */
  readonly receivedAfter: string | null;
  /** ISO 8601 in UTC, exclusive; null: no bound. */
  readonly receivedBefore: string | null;
  readonly skipDeleted: boolean;
  readonly skipForwarding: boolean;
  readonly usersAtWork: boolean;
  readonly allowUnknownColumns: boolean;
  readonly verify: 'sample' | 'full' | 'none';
  readonly mail1AfterMs: number;
  readonly settleAfterMs: number;
  /** Null: forwarding is never rolled back by itself. */
  readonly rollbackAfterMs: number | null;
  readonly convertSource: 'script' | 'apply' | 'never';
  /** For how long after its completion a source mailbox stays one. */
  readonly convertAfterMs: number;
  readonly outOfOffice: 'report' | 'set' | 'never';
  readonly keepReportsForMs: number;
}

export function resolveOptions(type: MigrationType, options: BatchOptions): ResolvedOptions {
  const timeZone = options.timeZone ?? 'UTC';
  const instant = (written: string | undefined): string | null =>
    written === undefined ? null : (instantOf(written, timeZone)?.toISOString() ?? null);
  const converting = partsOfConversion(options.convertSource ?? 'script');
  const hoursMs = (hours: number | 'never'): number | null => (hours === 'never' ? null : toMs(hours, 'h'));
  return {
    notify: options.notify ?? [],
    startAfter: instant(options.startAfter),
    completeAfter: instant(options.completeAfter),
    timeZone,
    reportIntervalMs: hoursMs(options.reportInterval ?? 24),
    badItemLimit: options.badItemLimit ?? 10,
    largeItemLimit: options.largeItemLimit ?? 'unlimited',
    // Microsoft's IMAP migration copies at most 500,000 items of a mailbox, the newest first.
    maxItems: options.maxItems ?? (type === 'imap' ? 500_000 : 'unlimited'),
    maxItemBytes: options.maxItemBytes ?? 'auto',
    includeFolders: options.includeFolders ?? [],
    excludeFolders: options.excludeFolders ?? [],
    receivedAfter: instant(options.receivedAfter),
    receivedBefore: instant(options.receivedBefore),
    skipDeleted: options.skipDeleted ?? false,
    skipForwarding: options.skipForwarding ?? false,
    usersAtWork: options.usersAtWork ?? type === 'staged',
    allowUnknownColumns: options.allowUnknownColumns ?? false,
    verify: options.verify ?? 'sample',
    mail1AfterMs: toMs(options.mail1After ?? 60, 'min'),
    settleAfterMs: toMs(options.settleAfter ?? 60, 's'),
    rollbackAfterMs: hoursMs(options.rollbackAfter ?? 'never'),
    convertSource: converting.how,
    convertAfterMs: toMs(converting.days ?? 7, 'd'),
    outOfOffice: options.outOfOffice ?? 'report',
    keepReportsForMs: toMs(options.keepReportsFor ?? 365, 'd'),
  };
}
