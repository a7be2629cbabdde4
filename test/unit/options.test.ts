import { readFile } from 'node:fs/promises';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  mergeOptions,
  optionDefinitions,
  optionNames,
  parseOption,
  parseOptions,
  resolveOptions,
  type OptionName,
} from '../../shared/domain/options.ts';

const valueOf = (name: OptionName, raw: unknown): unknown => {
  const parsed = parseOption(name, raw);
  return parsed.outcome === 'parsed' ? parsed.options[name] : 'refused';
};

const people = (count: number) => Array.from({ length: count }, (_, one) => `p${String(one)}@x.test`);

describe('parseOption', () => {
  it.each<[OptionName, unknown, unknown]>([
    ['badItemLimit', '0', 0],
    ['badItemLimit', ' 50 ', 50],
    ['badItemLimit', 'Unlimited', 'unlimited'],
    ['badItemLimit', 7, 7],
    ['badItemLimit', '-1', 'refused'],
    ['badItemLimit', -1, 'refused'],
    ['badItemLimit', '1.5', 'refused'],
    ['badItemLimit', 'ten', 'refused'],
    ['badItemLimit', '', 'refused'],
    ['largeItemLimit', 'unlimited', 'unlimited'],
    ['maxItems', '500000', 500_000],
    ['maxItemBytes', '35MB', 36_700_160],
    ['maxItemBytes', '36700160', 36_700_160],
    ['maxItemBytes', '1 kb', 1024],
    ['maxItemBytes', 'auto', 'auto'],
    ['maxItemBytes', '0', 'refused'],
    ['maxItemBytes', '35 TB', 'refused'],
    ['skipDeleted', 'True', true],
    ['skipDeleted', 'no', false],
    ['skipDeleted', true, true],
    ['skipDeleted', 'maybe', 'refused'],
    ['verify', 'FULL', 'full'],
    ['verify', 'all', 'refused'],
    ['settleAfter', '2', 2],
    ['settleAfter', 0.2, 0.2],
    ['settleAfter', '2min', 120],
    ['settleAfter', '11 min', 'refused'],
    ['mail1After', '1h', 60],
    ['mail1After', '90', 90],
    ['mail1After', '90 s', 1.5],
    ['mail1After', '90 apples', 'refused'],
    ['reportInterval', '0', 'never'],
    ['reportInterval', 0, 'never'],
    ['reportInterval', '0 h', 'never'],
    ['reportInterval', '1d', 24],
    ['keepReportsFor', '30 days', 30],
    ['timeZone', 'Europe/Berlin', 'Europe/Berlin'],
    ['timeZone', 'Berlin', 'refused'],
    ['startAfter', '2026-12-24', '2026-12-24'],
    ['startAfter', '2026-12-24 20:00', '2026-12-24 20:00'],
    ['startAfter', '2026-12-24T20:00:00Z', '2026-12-24T20:00:00Z'],
    ['startAfter', '2026-12-24T20:00+01:00', '2026-12-24T20:00+01:00'],
    ['startAfter', '12/24/2026', 'refused'],
    ['startAfter', '2026-02-30', 'refused'],
    ['startAfter', '2026-12-24T25:00', 'refused'],
    ['startAfter', '2026-12-24T20:00+25:00', 'refused'],
    ['startAfter', '0000-01-01', 'refused'],
    ['notify', 'a@x.test, b@y.test;c@z.test', ['a@x.test', 'b@y.test', 'c@z.test']],
    ['notify', ['a@x.test'], ['a@x.test']],
    ['notify', 'nobody', 'refused'],
    ['notify', people(50), people(50)],
    ['notify', people(51), 'refused'],
    ['excludeFolders', '#Inbox#; Projects/2019,Archive/*', ['#Inbox#', 'Projects/2019', 'Archive/*']],
    ['excludeFolders', 'Bits\\, Bytes', ['Bits, Bytes']],
    ['excludeFolders', '\\#Notes\\#', ['\\#Notes\\#']],
    ['excludeFolders', '#Inboxx#', 'refused'],
    ['excludeFolders', 'Proj*', 'refused'],
    ['excludeFolders', '', []],
    ['convertSource', 'apply', 'apply'],
    ['convertSource', 'Script:14d', 'script:14'],
    ['convertSource', 'script:14', 'script:14'],
    ['convertSource', 'apply:0', 'apply:0'],
    ['convertSource', 'apply:36h', 'apply:1.5'],
    ['convertSource', 'apply:soon', 'refused'],
    ['convertSource', 'apply:-1', 'refused'],
    ['convertSource', 'delete', 'refused'],
    ['outOfOffice', 'set', 'set'],
  ])('reads %s=%j as %j', (name, raw, expected) => {
    const value = valueOf(name, raw);

    expect(value).toEqual(expected);
  });

  it('suggests the option that was meant', () => {
    const parsed = parseOption('badItemLimt', '5');

    expect(parsed).toMatchObject({ outcome: 'refused', reason: 'unknown', suggestion: 'Did you mean badItemLimit?' });
  });

  it('does not take names that every object has for options', () => {
    expect(parseOption('constructor', '1').outcome).toBe('refused');
    expect(parseOption('__proto__', '1').outcome).toBe('refused');
  });

  it('refuses an option at a level where it means nothing, and says where it belongs', () => {
    const parsed = parseOption('notify', 'a@x.test', 'row');

    expect(parsed).toMatchObject({
      outcome: 'refused',
      reason: 'level',
      suggestion: 'Set notify for an endpoint or a batch.',
    });
  });

  it('never repeats the value that it refuses', () => {
    for (const name of optionNames) {
      const parsed = parseOption(name, 'Pa55 w0rd!*#');
      expect(JSON.stringify(parsed)).not.toContain('Pa55');
    }
  });

  it('reads its own result again to the same result, whatever was written', () => {
    const written = fc.oneof(
      fc.string(),
      fc.nat().map(String),
      fc.constantFrom(
        '90s',
        '2h',
        '0',
        'never',
        'unlimited',
        '35MB',
        'a@b.c;d@e.f',
        '#Inbox#/*,A\\,b',
        '2026-01-01',
        'on',
      ),
      fc.integer(),
      fc.double().filter((number) => !Object.is(number, -0)),
      fc.boolean(),
      fc.array(fc.string()),
    );
    fc.assert(
      fc.property(fc.constantFrom(...optionNames), written, (name, raw) => {
        const once = parseOption(name, raw);
        if (once.outcome === 'refused') return;
        const stored: unknown = JSON.parse(JSON.stringify(once.options));
        expect(parseOption(name, (stored as Record<string, unknown>)[name])).toEqual(once);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('parseOptions', () => {
  it('reports every problem and keeps what is good', () => {
    const parsed = parseOptions({ badItemLimit: '5', verify: 'all', nope: 1 });

    expect(parsed.options).toEqual({ badItemLimit: 5 });
    expect(parsed.problems.map((problem) => problem.name)).toEqual(['verify', 'nope']);
  });
});

describe('mergeOptions', () => {
  it('lets the row win over the batch and the batch over the endpoint', () => {
    const merged = mergeOptions(
      { badItemLimit: 1, maxItems: 1, verify: 'none' },
      { badItemLimit: 2, maxItems: 2 },
      { badItemLimit: 3 },
    );

    expect(merged).toEqual({ badItemLimit: 3, maxItems: 2, verify: 'none' });
  });
});

describe('resolveOptions', () => {
  it('fills in the defaults of each migration type', () => {
    const imap = resolveOptions('imap', {});
    const staged = resolveOptions('staged', {});

    expect(imap).toMatchObject({
      badItemLimit: 10,
      largeItemLimit: 'unlimited',
      maxItems: 500_000,
      maxItemBytes: 'auto',
      usersAtWork: false,
      verify: 'sample',
      settleAfterMs: 60_000,
      mail1AfterMs: 3_600_000,
      reportIntervalMs: 86_400_000,
      rollbackAfterMs: null,
      keepReportsForMs: 365 * 86_400_000,
    });
    expect(staged).toMatchObject({ usersAtWork: true, maxItems: 'unlimited' });
    expect(staged).toMatchObject({ convertSource: 'script', convertAfterMs: 7 * 86_400_000 });
    const apply = resolveOptions('staged', { convertSource: 'apply:1.5' });
    expect(apply).toMatchObject({ convertSource: 'apply', convertAfterMs: 36 * 3_600_000 });
  });

  it.each([
    ['2026-12-24T20:00', 'Europe/Berlin', '2026-12-24T19:00:00.000Z'],
    ['2026-12-24T20:00', undefined, '2026-12-24T20:00:00.000Z'],
    ['2026-12-24T20:00-05:00', 'Europe/Berlin', '2026-12-25T01:00:00.000Z'],
    // Clocks go from 02:00 to 03:00: the wall time does not exist and moves on by the hour.
    ['2026-03-29T02:30', 'Europe/Berlin', '2026-03-29T01:30:00.000Z'],
    // Clocks go back from 03:00 to 02:00: the wall time comes twice, the first counts.
    ['2026-10-25T02:30', 'Europe/Berlin', '2026-10-25T00:30:00.000Z'],
    ['2026-07-01', 'Asia/Kolkata', '2026-06-30T18:30:00.000Z'],
  ])('reads %s in zone %s as %s', (startAfter, timeZone, expected) => {
    const resolved = resolveOptions('imap', { startAfter, ...(timeZone === undefined ? {} : { timeZone }) });

    expect(resolved.startAfter).toBe(expected);
  });
});

describe('the list of options', () => {
  it('is exactly the closed list of the command line contract', () => {
    expect([...optionNames].sort()).toEqual(
      `notify startAfter completeAfter timeZone reportInterval badItemLimit largeItemLimit maxItems maxItemBytes
       includeFolders excludeFolders receivedAfter receivedBefore skipDeleted skipForwarding usersAtWork
       allowUnknownColumns verify mail1After settleAfter rollbackAfter convertSource outOfOffice keepReportsFor`
        .split(/\s+/)
        .sort(),
    );
  });

  it('documents each option', () => {
    for (const definition of Object.values(optionDefinitions)) {
      expect(definition.doc).toMatch(/^[A-Z].*\.$/);
      expect(definition.levels.length).toBeGreaterThan(0);
    }
  });
});

describe('docs/csv.md', () => {
  it('describes each option as the program does', async () => {
    const page = await readFile(new URL('../../docs/csv.md', import.meta.url), 'utf8');
    const cells = page
      .split('\n')
      .filter((line) => line.startsWith('| `'))
      .map((line) => line.split('|').map((cell) => cell.trim()));

    for (const [name, definition] of Object.entries(optionDefinitions)) {
      const row = cells.find((cell) => cell[1] === `\`${name}\``);
      expect(row?.slice(2, 6)).toEqual([
        definition.levels.join(', '),
        definition.default,
        definition.takes,
        definition.doc,
      ]);
    }
  });
});
