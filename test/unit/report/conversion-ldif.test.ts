import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { AttributeValues } from '../../../shared/domain/conversion-plan.ts';
import { conversionLdif, revertingLdif } from '../../../shared/domain/report/conversion-ldif.ts';

const text = (name: string, ...values: readonly string[]): AttributeValues => ({ name, encoding: 'text', values });
const octets = (name: string, ...values: readonly string[]): AttributeValues => ({ name, encoding: 'base64', values });

function written(
  before: readonly AttributeValues[],
  after: readonly AttributeValues[],
  dn = 'CN=ann,DC=contoso,DC=test',
) {
  const planned = [
    { mailbox: 'ann@contoso.test', notBefore: '2026-12-01T00:00:00.000Z', plan: { id: 'ann', dn, before, after } },
  ];
  return { there: conversionLdif('wave1', planned), back: revertingLdif('wave1', planned) };
}

/** RFC 2849 as its grammar says: unfolded lines without comments, values decoded. */
function read(ldif: string): readonly (readonly [string, string])[] {
  const lines = ldif.replaceAll('\r\n ', '').split('\r\n');
  return lines
    .filter((line) => line !== '' && line !== '-' && !line.startsWith('#'))
    .map((line) => {
      const [, name = '', kind, value = ''] = /^([^:]+)(::?) (.*)$/.exec(line) ?? [];
      return [name, kind === '::' ? Buffer.from(value, 'base64').toString() : value];
    });
}

describe('the LDIF of a conversion', () => {
  it('names what goes with its exact value, what comes, and what must not have changed', () => {
    const { there, back } = written(
      [
        text('homeMDB', 'CN=Store'),
        octets('msExchMailboxSecurityDescriptor', 'AQAEgA=='),
        text('targetAddress', 'SMTP:ann@cloud.test'),
        text('proxyAddresses', 'SMTP:ann@contoso.test'),
      ],
      [
        text('homeMDB'),
        octets('msExchMailboxSecurityDescriptor'),
        text('targetAddress', 'SMTP:ann@cloud.test'),
        text('proxyAddresses', 'SMTP:ann@contoso.test', 'x500:/o=Contoso/cn=ann'),
      ],
    );
    expect(there.split('\r\n').filter((line) => !line.startsWith('#'))).toEqual([
      ...['', 'dn: CN=ann,DC=contoso,DC=test', 'changetype: modify'],
      ...['delete: homeMDB', 'homeMDB: CN=Store', '-'],
      // No rule compares a security descriptor: it goes as a whole.
      ...['delete: msExchMailboxSecurityDescriptor', '-'],
      ...['delete: targetAddress', 'targetAddress: SMTP:ann@cloud.test', '-'],
      ...['add: targetAddress', 'targetAddress: SMTP:ann@cloud.test', '-'],
      ...['add: proxyAddresses', 'proxyAddresses: x500:/o=Contoso/cn=ann', '-', ''],
    ]);
    expect(there).toContain('# ann@contoso.test, not before 2026-12-01T00:00:00.000Z.');
    expect(back).toContain('add: msExchMailboxSecurityDescriptor\r\nmsExchMailboxSecurityDescriptor:: AQAEgA==\r\n-');
    expect(back).toContain('delete: proxyAddresses\r\nproxyAddresses: x500:/o=Contoso/cn=ann\r\n-');
  });

  it('carries every value and name, however long and in whatever script', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', minLength: 1, maxLength: 200 }),
        fc.string({ unit: 'binary' }),
        (value, name) => {
          const dn = `CN=${name},DC=contoso,DC=test`;
          const { there } = written([text('displayName', value)], [text('displayName')], dn);
          expect(read(there)).toEqual([
            ['dn', dn],
            ['changetype', 'modify'],
            ['delete', 'displayName'],
            ['displayName', value],
          ]);
          expect(
            Math.max(
              ...there
                .split('\r\n')
                .filter((line) => !line.startsWith('#'))
                .map(({ length }) => length),
            ),
          ).toBeLessThan(77);
        },
      ),
    );
  });
});
