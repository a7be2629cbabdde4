import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { DirectoryEntry, filterValue, guidText } from '../../../shared/adapters/ldap/ldap-values.ts';

describe('a value in a filter', () => {
  it('is escaped as RFC 4515 section 4 shows', () => {
    expect(filterValue('Parens R Us (for all your parenthetical needs)')).toBe(
      'Parens\\20R\\20Us\\20\\28for\\20all\\20your\\20parenthetical\\20needs\\29',
    );
    expect(filterValue('*')).toBe('\\2a');
    expect(filterValue('C:\\MyFile')).toBe('C:\\5cMyFile');
    expect(filterValue('Lučić')).toBe('Lu\\c4\\8di\\c4\\87');
    expect(filterValue(Buffer.from([0, 0, 0, 4]))).toBe('\\00\\00\\00\\04');
  });

  it('never holds what has a meaning there, and stands for its octets whatever they are', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (octets) => {
        const escaped = filterValue(octets);
        expect(escaped).toMatch(/^(?:[!-'+-[\]-~]|\\[0-9a-f]{2})*$/);
        const read = escaped.replace(/\\([0-9a-f]{2})/g, (_, hex: string) =>
          String.fromCharCode(Number.parseInt(hex, 16)),
        );
        expect(Buffer.from(read, 'latin1')).toEqual(Buffer.from(octets));
      }),
    );
  });
});

describe('objectGUID as text', () => {
  it('has its first three groups turned round', () => {
    const octets = Buffer.from('33221100554477668899aabbccddeeff', 'hex');
    expect(guidText(octets)).toBe('00112233-4455-6677-8899-aabbccddeeff');
  });
});

describe('an entry', () => {
  const entry = new DirectoryEntry({
    dn: 'CN=a',
    mail: 'a@contoso.test',
    proxyAddresses: ['SMTP:a@contoso.test', 'smtp:b@contoso.test'],
    targetAddress: [],
    objectGUID: Buffer.from([1, 2]),
    msExchVersion: '44220983382016',
  });

  it('gives values as lists, whether there is none, one or several, by names in any case', () => {
    expect(entry.texts('MAIL')).toEqual(['a@contoso.test']);
    expect(entry.texts('proxyaddresses')).toHaveLength(2);
    expect(entry.text('targetAddress')).toBeNull();
    expect(entry.has('targetAddress')).toBe(false);
    expect(entry.text('homeMDB')).toBeNull();
    expect(entry.octets('objectGUID')).toEqual([Buffer.from([1, 2])]);
  });

  it('gives numbers beyond 2^53 exactly, and none for what is no number', () => {
    expect(entry.integer('msExchVersion')).toBe(44_220_983_382_016n);
    expect(entry.integer('mail')).toBeNull();
  });
});
