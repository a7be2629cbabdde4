import { describe, expect, it } from '@jest/globals';
import { stringify } from 'csv-stringify/sync';
import fc from 'fast-check';
import { writeBatchFileWithoutPasswords } from '../../../shared/application/read-batch-file/write-batch-file-without-passwords.ts';
import type { BatchFileRow, RowRules } from '../../../shared/domain/batch-file/batch-file-row.ts';
import { acceptedRows, chunks, imapRules, lint, read, stagedRules } from './lint.ts';

/** Bits of files, good and bad, from which fast-check builds worse ones. */
const bits = fc.constantFrom(
  'EmailAddress',
  'UserName',
  'Password',
  'UserRoot',
  'ForceChangePassword',
  'badItemLimit',
  '_note',
  'alice@contoso.test',
  'bob@contoso.test',
  'Geheim123',
  'True',
  ',',
  ',',
  ',',
  '\n',
  '\n',
  '\r\n',
  '\r',
  '"',
  '""',
  ';',
  ' ',
  '\0',
  '\uFEFF',
  '\uFFFD',
  'ü',
  '𝄞',
  '“',
);
const goodStart = fc.constantFrom('', 'EmailAddress,UserName,Password\n', 'EmailAddress,Password\r\n');
const text = fc
  .tuple(goodStart, fc.array(fc.oneof(bits, fc.string()), { maxLength: 40 }))
  .map(([start, rest]) => start + rest.join(''));
const encoded = fc
  .tuple(text, fc.constantFrom('utf8', 'utf16le', 'latin1'), fc.boolean())
  .map(([content, encoding, bom]) => Buffer.from((bom ? '\uFEFF' : '') + content, encoding as BufferEncoding));
const bytes = fc.oneof(
  encoded,
  fc.uint8Array({ maxLength: 200 }).map((octets) => Buffer.from(octets)),
);
const rules = fc.constantFrom<RowRules>(
  imapRules,
  stagedRules,
  { ...imapRules, sourceLogin: 'admin', targetLogin: 'user' },
  { ...imapRules, allowUnknownColumns: true, hasSealedPassword: () => true },
);

function cutAt(content: Buffer, cuts: readonly number[]): readonly Uint8Array[] {
  const places = [0, ...cuts.map((cut) => cut % (content.length + 1)), content.length].sort((a, b) => a - b);
  return places.slice(1).map((end, index) => content.subarray(places[index], end));
}

describe('whatever the octets of a file', () => {
  it('reading it ends with a summary that fits the rows', async () => {
    await fc.assert(
      fc.asyncProperty(bytes, rules, async (content, rowRules) => {
        const events = await read(content, rowRules);
        const last = events.at(-1);

        expect(last?.kind).toBe('end');
        if (last?.kind !== 'end') return;
        const bad = events.filter((event) => event.kind === 'bad');
        expect(last.summary.rows).toBe(events.length - 1);
        expect(last.summary.badRows).toBe(bad.length);
        expect(last.summary.refused).toBe(last.summary.findings.some(({ severity }) => severity === 'fatal'));
        if (!last.summary.refused)
          for (const event of bad) expect(event.row.findings.some(({ severity }) => severity === 'error')).toBe(true);
      }),
      { numRuns: 1500 },
    );
  });

  it('it does not matter where its chunks are cut', async () => {
    await fc.assert(
      fc.asyncProperty(bytes, rules, fc.array(fc.nat(), { maxLength: 12 }), async (content, rowRules, cuts) => {
        const whole = await read(content, rowRules);
        const pieces = await read(cutAt(content, cuts), rowRules);

        expect(pieces).toEqual(whole);
      }),
      { numRuns: 1500 },
    );
  });

  it('it does not matter if every octet comes alone', async () => {
    await fc.assert(
      fc.asyncProperty(bytes, rules, async (content, rowRules) => {
        const single = Array.from(content, (octet) => Uint8Array.of(octet));

        expect(await read(single, rowRules)).toEqual(await read(content, rowRules));
      }),
      { numRuns: 300 },
    );
  });
});

const word = fc.stringMatching(/^[a-z0-9]{1,12}$/);
const value = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 30 })
  .map((raw) => raw.replaceAll(/[\p{Cc}\u2028\u2029\uFFFD\p{Cs}]/gu, 'x').trim())
  .filter((trimmed) => trimmed !== '');
const dataRow = fc.record({
  emailAddress: fc.tuple(word, word).map(([name, domain]) => `${name}@${domain}.test`),
  userName: value,
  password: fc.tuple(value, fc.constantFrom('', ' ')).map(([start, end]) => start + end),
  userRoot: fc.option(value, { nil: undefined }),
  targetUserName: fc.option(value, { nil: undefined }),
  targetPassword: fc.option(value, { nil: undefined }),
  note: fc.string({ unit: 'grapheme', maxLength: 10 }).map((raw) => raw.replaceAll(/[\0\uFFFD\p{Cs}]/gu, '')),
  badItemLimit: fc.option(fc.oneof(fc.nat(), fc.constant('unlimited')), { nil: undefined }),
});
const dataRows = fc.uniqueArray(dataRow, { selector: (row) => row.emailAddress, minLength: 1, maxLength: 8 });

const columns = [
  'EmailAddress',
  'UserName',
  'Password',
  'UserRoot',
  'TargetUserName',
  'TargetPassword',
  '_note',
  'badItemLimit',
];

const asCells = (
  row: Pick<BatchFileRow, 'emailAddress' | 'userName' | 'password' | 'userRoot'> & Record<string, unknown>,
) => [
  row.emailAddress,
  row.userName,
  row.password,
  row.userRoot,
  row['targetUserName'],
  row['targetPassword'],
  row['note'],
  row['badItemLimit'],
];

const file = (rows: readonly (readonly unknown[])[]): string => stringify([columns, ...rows.map((row) => [...row])]);

describe('every accepted row', () => {
  it('is read as it was written, and survives being written and read again', async () => {
    await fc.assert(
      fc.asyncProperty(dataRows, fc.constantFrom('utf8', 'utf16le'), async (rows, encoding) => {
        const content = Buffer.from(
          `\uFEFF${file(rows.map((row) => asCells(row as never)))}`,
          encoding as BufferEncoding,
        );

        const first = await acceptedRows(content);
        const again = await acceptedRows(
          file(
            first.map((row) => asCells({ ...row, note: row.ignored['_note'], badItemLimit: row.options.badItemLimit })),
          ),
        );

        expect(
          first.map(({ emailAddress, userName, password, userRoot }) => [emailAddress, userName, password, userRoot]),
        ).toEqual(
          rows.map(({ emailAddress, userName, password, userRoot }) => [emailAddress, userName, password, userRoot]),
        );
        const withoutPlace = (all: readonly BatchFileRow[]) =>
          all.map(({ line, ...row }) => ({ ...row, line: line > 0 }));
        expect(withoutPlace(again)).toEqual(withoutPlace(first));
      }),
      { numRuns: 500 },
    );
  });

  it('is in the copy without passwords, which lints clean where passwords are sealed', async () => {
    await fc.assert(
      fc.asyncProperty(dataRows, async (rows) => {
        const secret = 'S3cr3t#1';
        const content = file(rows.map((row) => asCells({ ...row, password: secret } as never)));
        let copy = '';
        for await (const piece of writeBatchFileWithoutPasswords(chunks(content), imapRules)) copy += piece;

        const kept = await acceptedRows(copy, { hasSealedPassword: () => true });

        expect(copy).not.toContain(secret);
        expect(kept.map(({ emailAddress, userName }) => [emailAddress, userName])).toEqual(
          rows.map(({ emailAddress, userName }) => [emailAddress, userName]),
        );
        expect((await lint(content)).badRows).toBe(0);
      }),
      { numRuns: 200 },
    );
  });
});
