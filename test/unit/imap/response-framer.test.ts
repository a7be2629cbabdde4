import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { FlagLists, endsInBodySection, parseFetch } from '../../../shared/adapters/imap/protocol/fetch-response.ts';
import { ImapProtocolError } from '../../../shared/adapters/imap/protocol/imap-error.ts';
import { ResponseCursor } from '../../../shared/adapters/imap/protocol/response-cursor.ts';
import { ResponseFramer } from '../../../shared/adapters/imap/protocol/response-framer.ts';

type Seen = { readonly text: string; readonly literals: readonly (string | undefined)[] } | { readonly body: string };

/** Feeds the octets in these pieces and records everything that comes out. `slow` sinks return promises. */
async function frame(pieces: readonly Buffer[], slow = false): Promise<Seen[]> {
  const seen: Seen[] = [];
  let body: Buffer[] = [];
  const maybe = (): Promise<void> | undefined => (slow ? Promise.resolve() : undefined);
  const framer = new ResponseFramer({
    openLiteral: (soFar) =>
      endsInBodySection(soFar.text)
        ? {
            begin: () => {
              body = [];
              return maybe();
            },
            chunk: (octets) => {
              body.push(Buffer.from(octets));
              return maybe();
            },
            end: () => {
              seen.push({ body: Buffer.concat(body).toString('latin1') });
              return maybe();
            },
          }
        : undefined,
    response: ({ text, literals }) => {
      seen.push({ text, literals: literals.map((literal) => literal?.toString('latin1')) });
      return maybe();
    },
  });
  for (const piece of pieces) {
    // The connection reads into the same buffer again and again.
    const reused = Buffer.from(piece);
    await framer.push(reused);
    reused.fill(0x58);
  }
  expect(framer.idle).toBe(true);
  return seen;
}

const transcript = Buffer.from(
  [
    '* OK [CAPABILITY IMAP4rev1 LITERAL+] ready {5}',
    '* LIST (\\HasNoChildren) "/" {7}',
    'od"d na (not a list)',
    '* 1 FETCH (UID 4 FLAGS (\\Seen $Label1) INTERNALDATE "17-Jul-1996 02:44:25 -0700" RFC822.SIZE 12)',
    '* 2 FETCH (FLAGS (\\Recent) UID 5 BODY[] {14}',
    'Subject: (\r\n{3})',
    '* 3 FETCH (BODY[] {0}',
    ' UID 6)',
    '* 4 FETCH (BODY[HEADER.FIELDS (DATE FROM)]<0> {5}',
    'ab\r\nc UID 7)',
    '* 5 FETCH (UID 8 BODY[] NIL)',
    '* 6 FETCH (UID 9 BODY[] "short \\"one\\"")',
    '* 7 FETCH (UID 10 BODY[] ~{4+}',
    'a\0b\r)',
    '* STATUS {3}',
    'a b (MESSAGES 3)',
    '* SEARCH 1 2 3',
    '+ go ahead {9}',
    'A1 NO [ALERT] too bad {3}',
    '* BYE',
    '',
  ].join('\r\n'),
  'latin1',
);

describe('cutting octets into responses', () => {
  it('keeps the shape of what servers send', async () => {
    const seen = await frame([transcript]);

    expect(seen).toEqual([
      { text: '* OK [CAPABILITY IMAP4rev1 LITERAL+] ready {5}', literals: [] },
      { text: '* LIST (\\HasNoChildren) "/" {7} (not a list)', literals: ['od"d na'] },
      {
        text: '* 1 FETCH (UID 4 FLAGS (\\Seen $Label1) INTERNALDATE "17-Jul-1996 02:44:25 -0700" RFC822.SIZE 12)',
        literals: [],
      },
      { body: 'Subject: (\r\n{3' },
      { text: '* 2 FETCH (FLAGS (\\Recent) UID 5 BODY[] {14}})', literals: [undefined] },
      { body: '' },
      { text: '* 3 FETCH (BODY[] {0} UID 6)', literals: [undefined] },
      { body: 'ab\r\nc' },
      { text: '* 4 FETCH (BODY[HEADER.FIELDS (DATE FROM)]<0> {5} UID 7)', literals: [undefined] },
      { text: '* 5 FETCH (UID 8 BODY[] NIL)', literals: [] },
      { text: '* 6 FETCH (UID 9 BODY[] "short \\"one\\"")', literals: [] },
      { body: 'a\0b\r' },
      { text: '* 7 FETCH (UID 10 BODY[] ~{4+})', literals: [undefined] },
      { text: '* STATUS {3} (MESSAGES 3)', literals: ['a b'] },
      { text: '* SEARCH 1 2 3', literals: [] },
      { text: '+ go ahead {9}', literals: [] },
      { text: 'A1 NO [ALERT] too bad {3}', literals: [] },
      { text: '* BYE', literals: [] },
    ]);
  });

  it('sees the same whatever the pieces are, also when the reader is slow', async () => {
    const whole = await frame([transcript]);
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(fc.integer({ min: 1, max: transcript.length - 1 })),
        fc.boolean(),
        async (cuts, slow) => {
          const ends = [...cuts.sort((a, b) => a - b), transcript.length];
          const pieces = ends.map((end, index) => transcript.subarray(ends[index - 1] ?? 0, end));
          expect(await frame(pieces, slow)).toEqual(whole);
        },
      ),
    );
  });

  it('sees the same octet by octet', async () => {
    const pieces = Array.from(transcript, (octet) => Buffer.from([octet]));

    expect(await frame(pieces)).toEqual(await frame([transcript]));
  });

  it('understands lines that end with LF alone', async () => {
    const seen = await frame([Buffer.from('* 3 EXISTS\n* LIST () "/" {3}\na b\nA1 OK\n')]);

    expect(seen).toEqual([
      { text: '* 3 EXISTS', literals: [] },
      { text: '* LIST () "/" {3}', literals: ['a b'] },
      { text: 'A1 OK', literals: [] },
    ]);
  });

  it('lets any body through untouched', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), fc.integer({ min: 1, max: 50 }), async (octets, step) => {
        const body = Buffer.from(octets);
        const wire = Buffer.concat([
          Buffer.from(`* 1 FETCH (UID 1 BODY[] {${body.length}}\r\n`),
          body,
          Buffer.from(')\r\n'),
        ]);
        const pieces = Array.from({ length: Math.ceil(wire.length / step) }, (_, index) =>
          wire.subarray(index * step, (index + 1) * step),
        );
        expect((await frame(pieces))[0]).toEqual({ body: body.toString('latin1') });
      }),
    );
  });

  it('refuses a literal that nobody asked for and that would fill the memory', () => {
    const framer = new ResponseFramer({ openLiteral: () => undefined, response: () => undefined });

    expect(() => framer.push(Buffer.from('* LIST () "/" {999999999}\r\n'))).toThrow(ImapProtocolError);
  });

  it('waits before it hands out more when a sink asks it to', async () => {
    const order: string[] = [];
    const gate = Promise.withResolvers<undefined>();
    const framer = new ResponseFramer({
      openLiteral: () => ({
        begin: () => undefined,
        chunk: (octets) => {
          order.push(octets.toString());
          return gate.promise;
        },
        end: () => void order.push('end'),
      }),
      response: () => void order.push('response'),
    });

    const pushed = framer.push(Buffer.from('* 1 FETCH (BODY[] {3}\r\nabc)\r\n'));
    await new Promise((resolve) => setImmediate(resolve));
    expect(order).toEqual(['abc']);
    gate.resolve(undefined);
    await pushed;
    expect(order).toEqual(['abc', 'end', 'response']);
  });
});

describe('FETCH data', () => {
  const parse = (text: string, literals: readonly (Buffer | undefined)[] = []): ReturnType<typeof parseFetch> =>
    parseFetch({ text, literals }, 1, new FlagLists());

  it.each([
    ['UID 7 FLAGS (\\Seen \\Recent $x) INTERNALDATE "01-Jan-2020 00:00:00 +0000" RFC822.SIZE 9)'],
    ['UID 7 FLAGS () INTERNALDATE "31-Dec-1999 23:59:59 -1200" RFC822.SIZE 0)'],
    ['UID 7 BODY[] {4}'],
    ['UID 7 BODY[] {4})'],
    ['UID 7 BODY[HEADER] {4})'],
  ])('are the same in the usual form and in any other: %s', (attributes) => {
    for (const literals of [[], [undefined], [Buffer.from('a: b')]]) {
      const usual = parse(`* 1 FETCH (${attributes}`, literals);

      expect(usual).toEqual(parse(`* 1 FETCH (${attributes.replace('UID', 'uid')}`, literals));
      expect(usual.uid).toBe(7);
    }
  });

  it('come in any order and case, with attributes that nobody asked for', () => {
    const data = parse(
      '* 1 FETCH (x-gm-labels ("\\\\Inbox" (a "b)")) flags (\\Seen \\Recent $x) MODSEQ (12) rfc822.size 9 InternalDate " 1-Jan-2020 00:00:00 +0000" ENVELOPE ("d" NIL ((NIL NIL "a" "b")) NIL) Uid 7)',
    );

    expect(data).toEqual({
      sequence: 1,
      uid: 7,
      flags: ['\\Seen', '$x'],
      internalDate: '01-Jan-2020 00:00:00 +0000',
      size: 9,
      modSeq: '12',
      body: undefined,
    });
  });

  it.each([
    ['* 1 FETCH (UID 1 BODY[] NIL)', 'nil'],
    ['* 1 FETCH (BODY[] {5} UID 1)', 'streamed'],
    ['* 1 FETCH (BODY[HEADER] "" UID 1)', Buffer.from('')],
  ])('tell of a body: %s', (text, body) => {
    expect(parse(text, [undefined])).toMatchObject({ uid: 1, body });
  });

  it('are read to an end whatever stands in them', () => {
    fc.assert(
      fc.property(
        fc.string({
          unit: fc.constantFrom(
            '(',
            ')',
            '{',
            '}',
            '"',
            '[',
            ']',
            '\\',
            ' ',
            '\0',
            'a',
            'UID',
            '1',
            '~',
            '<',
            '>',
            '*',
          ),
        }),
        (noise) => {
          expect(parse(`* 1 FETCH (${noise}`).sequence).toBe(1);
        },
      ),
      { numRuns: 2000 },
    );
  });
});

describe('the response cursor', () => {
  it('reads nested lists, NIL, escapes and literals', () => {
    const cursor = new ResponseCursor({
      text: '(("" "/")) NIL ("a\\"b\\\\" {2} (1 (2)))',
      literals: [Buffer.from('x"')],
    });

    expect([cursor.value(), cursor.value(), cursor.value()]).toEqual([
      [['', '/']],
      undefined,
      ['a"b\\', 'x"', ['1', ['2']]],
    ]);
    expect(cursor.atEnd).toBe(true);
  });
});
