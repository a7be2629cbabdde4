import { createHash, createHmac } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { internalDateSeconds } from '../../../shared/domain/internal-date.ts';
import { canonicalForm, fingerprint, FingerprintKey, ItemDigester } from '../../../shared/domain/item-digest.ts';
import { firstDeviation } from '../../../shared/domain/line-ends.ts';

const key = new FingerprintKey(Buffer.from('key'));
const date = '17-Jul-1996 02:44:25 -0700';

/** UTF-8, one character an octet. */
function octetsOf(text: string): string {
  return Buffer.from(text).toString('latin1');
}

function digestInPieces(
  octets: Uint8Array,
  cuts: readonly number[],
  announced?: number,
): ReturnType<ItemDigester['finish']> {
  const digester = new ItemDigester(announced);
  const places = [0, ...[...cuts].map((cut) => cut % (octets.length + 1)).sort((a, b) => a - b), octets.length];
  places.slice(1).forEach((end, at) => {
    digester.update(octets.subarray(places[at], end));
  });
  return digester.finish();
}

function headerOf(text: string): string {
  const ends = [text.indexOf('\r\n\r\n') + 2, text.indexOf('\n\n') + 1].filter((end, at) => end > 1 - at);
  return ends.length === 0 ? text : text.slice(0, Math.min(...ends));
}

const messageOctets = fc
  .array(fc.constantFrom('a', '\r', '\n', '\r\n', '\0', 'Subject: x', '\r\n\r\n'), { maxLength: 60 })
  .map((parts) => Buffer.from(parts.join(''), 'latin1'));

describe('ItemDigester', () => {
  it('gives the digests of the octets as read and of their canonical form, however they are cut', () => {
    fc.assert(
      fc.property(messageOctets, fc.array(fc.nat(), { maxLength: 5 }), (octets, cuts) => {
        const digest = digestInPieces(octets, cuts);
        const sha = (form: Uint8Array): string => createHash('sha256').update(form).digest('base64');

        expect(digest.sha256).toBe(sha(octets));
        expect(digest.canonical ?? digest.sha256).toBe(sha(canonicalForm(octets)));
        expect(digest.size).toBe(octets.length);
        expect(digest.header).toBe(headerOf(octets.toString('latin1')));
        expect(digestInPieces(octets, cuts, octets.length)).toEqual(digest);
        expect(digestInPieces(octets, [], octets.length)).toEqual(digest);
      }),
    );
  });

  it('takes no more octets than were announced', () => {
    const digester = new ItemDigester(1);
    digester.update(Buffer.from('a'));

    expect(() => digester.update(Buffer.from('b'))).toThrow('announced');
  });

  it.each([
    ['a\r\nb\r\n', true],
    ['a\nb\r\n', false],
    ['a\0\r\n', false],
  ])('says of %j whether it is canonical: %s', (text, canonical) => {
    const digester = new ItemDigester();
    digester.update(Buffer.from(text));

    expect(digester.isCanonical).toBe(canonical);
  });

  it('has nothing to say of a canonical form that is the form as read', () => {
    expect(digestInPieces(Buffer.from('A: b\r\n\r\ntext\r\n'), [3, 7]).canonical).toBeUndefined();
  });
});

describe('firstDeviation', () => {
  const naive = (octets: Buffer, previousIsCr: boolean): number =>
    octets.findIndex(
      (octet, at) => octet === 0 || (octet === 10 && (at === 0 ? !previousIsCr : octets[at - 1] !== 13)),
    );

  it('finds the first bare LF or NUL wherever it stands', () => {
    fc.assert(
      fc.property(messageOctets, fc.boolean(), (octets, previousIsCr) => {
        expect(firstDeviation(octets, previousIsCr)).toBe(naive(octets, previousIsCr));
      }),
    );
  });

  it.each([0, 1, 15, 16, 17, 131_071, 131_072, 131_073, 262_144, 399_999])('finds it at %i of many octets', (at) => {
    const octets = Buffer.alloc(400_000, 'x');
    octets.write('\r\n', 131_071);
    expect(firstDeviation(octets, false)).toBe(-1);

    octets[at] = 0;
    expect(firstDeviation(octets, false)).toBe(at);

    octets.fill('x').fill('\n', at);
    expect(firstDeviation(octets, false)).toBe(at);
  });

  it('takes a CR for what it is that ended the octets before', () => {
    expect(firstDeviation(Buffer.from('\nx'), true)).toBe(-1);
    expect(firstDeviation(Buffer.from('\nx'), false)).toBe(0);
  });
});

describe('canonicalForm', () => {
  it('ends every line in CRLF and keeps no NUL', () => {
    fc.assert(
      fc.property(messageOctets, (octets) => {
        const form = canonicalForm(octets).toString('latin1');

        expect(form).not.toContain('\0');
        expect(form.replaceAll('\r\n', '')).not.toContain('\n');
        expect(canonicalForm(Buffer.from(form, 'latin1')).toString('latin1')).toBe(form);
      }),
    );
  });
});

describe('fingerprint', () => {
  const header = 'Message-ID: <1@a>\r\nDate: Wed, 17 Jul 1996\r\nFrom: A <a@a>\r\nSubject: Gr=?utf-8?Q?=C3=BC?=n\r\n';

  it('is the same for a header that a server folded anew, put in another order or recoded', () => {
    const folded = 'Subject: =?utf-8?B?w7w=?=\r\nFrom: A\r\n <a@a>\r\nDate: Wed, 17 Jul 1996\r\nMessage-ID:  <1@a>\r\n';
    const plain = 'Message-ID: <1@a>\r\nDate: Wed, 17 Jul 1996\r\nFrom: A <a@a>\r\nSubject: ü\r\n';

    expect(fingerprint(octetsOf(folded), date, key).value).toBe(fingerprint(octetsOf(plain), date, key).value);
  });

  it('reads encoded words of UTF-8 as a decoder does, whatever their octets', () => {
    const octets = fc.uint8Array({ minLength: 1, maxLength: 20 }).map((some) => Buffer.from(some));
    const withMark = octets.map((some) => Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), some]));
    fc.assert(
      fc.property(fc.oneof(octets, withMark), (some) => {
        const encoded = `Subject: x=?UTF-8?B?${some.toString('base64')}?=y\r\n`;
        const decoded = `x${new TextDecoder().decode(some)}y`;

        expect(fingerprint(encoded, date, key).value).toBe(
          key.hmac(`\0\0\0${decoded}\0${String(internalDateSeconds(date))}`),
        );
      }),
    );
  });

  it.each([
    ['another subject', header.replace('Gr', 'Br'), date],
    ['another date of arrival', header, date.replace('25', '26')],
  ])('differs for %s', (_, other, otherDate) => {
    const value = fingerprint(octetsOf(header), date, key).value;

    expect(fingerprint(octetsOf(other), otherDate, key).value).not.toBe(value);
  });

  it('is certain only where there is a Message-ID', () => {
    expect(fingerprint(octetsOf(header), date, key).certain).toBe(true);
    expect(fingerprint('Subject: x\r\n', date, key).certain).toBe(false);
  });
});

describe('FingerprintKey', () => {
  it('makes the HMAC-SHA-256 that node:crypto makes, of texts of any length and in any order', () => {
    const texts = fc.array(fc.oneof(fc.string({ unit: 'binary' }), fc.string({ minLength: 3000, maxLength: 9000 })));
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), texts, (octets, all) => {
        const reused = new FingerprintKey(octets);

        for (const text of all)
          expect(reused.hmac(text)).toBe(createHmac('sha256', octets).update(text).digest('base64'));
      }),
    );
  });

  it('is what RFC 4231 says, test case 2', () => {
    const made = new FingerprintKey(Buffer.from('Jefe')).hmac('what do ya want for nothing?');

    expect(Buffer.from(made, 'base64').toString('hex')).toBe(
      '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
    );
  });

  it('takes no key that would have to be hashed first', () => {
    expect(() => new FingerprintKey(Buffer.alloc(65))).toThrow(RangeError);
  });
});

describe('internalDateSeconds', () => {
  it.each([
    ['17-Jul-1996 02:44:25 -0700', Date.UTC(1996, 6, 17, 9, 44, 25) / 1000],
    [' 1-Jan-1970 00:00:00 +0000', 0],
    ['nonsense', 0],
  ])('reads %s', (text, seconds) => {
    expect(internalDateSeconds(text)).toBe(seconds);
  });
});
