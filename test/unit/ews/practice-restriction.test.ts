import { describe, expect, it } from '@jest/globals';
import { isWanted, sorted, type ValueOf } from '../../../simulator/exchange/ews-restriction.ts';
import { parseXml } from '../../../simulator/exchange/parse-xml.ts';

const thing: Readonly<Record<string, string>> = {
  subject: 'Grüße aus Köln',
  number: '12',
  start: '2025-01-07T11:00:00Z',
};
const valueOf: ValueOf = ({ attributes }) => thing[attributes['FieldURI'] ?? ''];
const path = (name: string): string => `<t:FieldURI FieldURI="${name}"/>`;
const than = (value: string): string => `<t:FieldURIOrConstant><t:Constant Value="${value}"/></t:FieldURIOrConstant>`;
const compare = (how: string, name: string, value: string): string =>
  `<t:${how}>${path(name)}${than(value)}</t:${how}>`;
const contains = (mode: string, value: string): string =>
  `<t:Contains ContainmentMode="${mode}" ContainmentComparison="IgnoreCase">${path('subject')}<t:Constant Value="${value}"/></t:Contains>`;

describe('a restriction at the practice Exchange', () => {
  it.each([
    ['', true],
    [compare('IsEqualTo', 'number', '12'), true],
    [compare('IsGreaterThan', 'number', '9'), true],
    [compare('IsLessThanOrEqualTo', 'number', '9'), false],
    [compare('IsGreaterThanOrEqualTo', 'start', '2025-01-07T11:00:00Z'), true],
    [compare('IsLessThan', 'start', '2025-01-07T10:59:59Z'), false],
    [compare('IsEqualTo', 'missing', ''), false],
    [compare('IsNotEqualTo', 'missing', 'x'), true],
    [contains('Substring', 'AUS'), true],
    [contains('Prefixed', 'aus'), false],
    [contains('FullString', 'grüße aus köln'), true],
    [`<t:Exists>${path('missing')}</t:Exists>`, false],
    [`<t:Not><t:Exists>${path('missing')}</t:Exists></t:Not>`, true],
    [`<t:And>${contains('Substring', 'aus')}${compare('IsEqualTo', 'number', '1')}</t:And>`, false],
    [`<t:Or>${contains('Substring', 'aus')}${compare('IsEqualTo', 'number', '1')}</t:Or>`, true],
  ])('%s', (condition, wanted) => {
    const restriction = condition === '' ? '' : `<m:Restriction>${condition}</m:Restriction>`;

    expect(isWanted(parseXml(`<m:FindItem>${restriction}</m:FindItem>`), valueOf)).toBe(wanted);
  });

  it('is not passed over where it says what is not known', () => {
    const operation = parseXml(
      `<m:FindItem><m:Restriction>${compare('Excludes', 'number', '1')}</m:Restriction></m:FindItem>`,
    );

    expect(() => isWanted(operation, valueOf)).toThrow('Excludes');
  });

  it.each(['Ascending', 'Descending'])('comes with an order: %s', (order) => {
    const operation = parseXml(
      `<m:FindItem><m:SortOrder><t:FieldOrder Order="${order}">${path('n')}</t:FieldOrder></m:SortOrder></m:FindItem>`,
    );
    const numbers = ['10', '9', '200'];

    const found = sorted(numbers, operation, (value) => () => value);

    expect(found).toEqual(order === 'Ascending' ? ['9', '10', '200'] : ['200', '10', '9']);
  });
});
