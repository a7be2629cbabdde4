import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { estimateTables } from '../../../bench/cost/estimate-tables.ts';
import { cutIntoPages } from '../../../shared/application/copy/page-planner.ts';
import { usEast1 } from '../../../shared/domain/aws-prices.ts';
import type { Price } from '../../../shared/domain/aws-prices.ts';
import { initialDrivers } from '../../../shared/domain/cost-model.ts';
import { estimateCost } from '../../../shared/domain/estimate-cost.ts';

const GB = 1e9;
const request = { mailboxes: 10, octets: 50 * GB, items: 600_000, natGateway: false, prices: usEast1 };

function amountOf(lines: readonly { readonly what: string; readonly dollars: number }[], what: string): number {
  return lines.filter((line) => line.what === what).reduce((sum, line) => sum + line.dollars, 0);
}

describe('estimateCost', () => {
  it('adds up what each line says', () => {
    const { lines, standing, dollars } = estimateCost(request);

    for (const { quantity, price, dollars: amount } of [...lines, ...standing])
      expect(amount).toBeCloseTo(quantity * price.dollars, 9);
    expect(dollars).toBeCloseTo(
      [...lines, ...standing].reduce((sum, line) => sum + line.dollars, 0),
      9,
    );
  });

  it('charges egress by its steps', () => {
    const { lines } = estimateCost({ ...request, mailboxes: 4_000, octets: 20_000 * GB });
    const egress = lines.filter(({ what }) => what.startsWith('Egress'));

    expect(egress).toHaveLength(2);
    expect(egress[0]).toMatchObject({ quantity: 10_000, dollars: 900 });
    expect(egress[1]?.price.dollars).toBe(0.085);
  });

  it('charges the NAT gateway both ways and by the hour, and only where there is one', () => {
    const without = estimateCost(request);
    const behind = estimateCost({ ...request, natGateway: true, days: 10 });

    expect(amountOf(without.lines, 'NAT gateway: what passes it')).toBe(0);
    // 50 GB in and 50 GB out at $0.045, with a little for headers and for what is read again.
    expect(amountOf(behind.lines, 'NAT gateway: what passes it')).toBeGreaterThan(4.5);
    expect(amountOf(behind.lines, 'NAT gateway: what passes it')).toBeLessThan(5);
    expect(amountOf(behind.standing, 'NAT gateway: hours')).toBeCloseTo(10.8);
  });

  it('never costs less for more mail, more mailboxes, slower servers or another pass', () => {
    const sizes = fc.record({
      mailboxes: fc.integer({ min: 1, max: 5_000 }),
      octets: fc.integer({ min: 0, max: 1e13 }),
      items: fc.integer({ min: 0, max: 1e8 }),
      quietPasses: fc.integer({ min: 0, max: 60 }),
      natGateway: fc.boolean(),
      octetsPerSecond: fc.integer({ min: 10_000, max: 1e8 }),
    });
    fc.assert(
      fc.property(sizes, (size) => {
        const { dollars } = estimateCost({ ...size, prices: usEast1 });
        const more = [
          { ...size, octets: size.octets * 2 },
          { ...size, mailboxes: size.mailboxes * 2, octets: size.octets * 2, items: size.items * 2 },
          { ...size, octetsPerSecond: size.octetsPerSecond / 2 },
          { ...size, quietPasses: size.quietPasses + 1 },
          { ...size, natGateway: true },
        ];
        for (const larger of more)
          expect(estimateCost({ ...larger, prices: usEast1 }).dollars).toBeGreaterThanOrEqual(dollars);
      }),
    );
  });

  it('names a page of AWS for every price', () => {
    const prices: readonly Price[] = Object.values(usEast1)
      .filter((price) => typeof price === 'object')
      .flat();

    expect(prices.length).toBeGreaterThan(15);
    for (const { source, dollars } of prices) {
      expect(source).toMatch(/^https:\/\/aws\.amazon\.com\/.*pricing/);
      expect(dollars).toBeGreaterThan(0);
    }
  });

  it('is what docs/costs.md shows', () => {
    const page = readFileSync(join(import.meta.dirname, '../../../docs/costs.md'), 'utf8');
    const cells = (text: string) =>
      text
        .split('\n')
        .filter((line) => line.startsWith('|') && !/^[|\s-]+$/.test(line))
        .map((line) => line.replaceAll(/\s+/g, ' ').replaceAll('| |', '|  |'));
    const shown = (name: string) => page.split(`<!-- ${name} -->`)[1]?.split('<!-- end -->')[0] ?? '';

    for (const [name, table] of Object.entries(estimateTables())) expect(cells(shown(name))).toEqual(cells(table));
  });
});

describe('initialDrivers', () => {
  it('expects about as many pages as are cut', () => {
    const folder = fc.record({
      items: fc.integer({ min: 200, max: 4_000 }),
      size: fc.integer({ min: 500, max: 400_000 }),
    });
    fc.assert(
      fc.property(folder, ({ items, size }) => {
        const listing = Array.from({ length: items }, (_, at) => ({
          uid: at + 1,
          size,
          internalDate: '01-Jan-2020 00:00:00 +0000',
          flags: [],
        }));
        const pages = cutIntoPages({ from: 1, to: items }, listing).length;
        const octets = items * size;
        const workload = { mailboxes: 1, folders: 1, items, octets, octetsPerSecond: 3_000_000 };

        expect(initialDrivers(workload).pages).toBeGreaterThanOrEqual(pages);
        // Half a page that is left over in a folder, and what is rounded up, count for a small folder.
        expect(initialDrivers(workload).pages).toBeLessThanOrEqual(pages * 1.25 + 2);
      }),
    );
  });

  it('has a slice a mailbox at least, and more where a mailbox takes longer than a Lambda', () => {
    const workload = { mailboxes: 3, folders: 3, items: 3_000, octetsPerSecond: 1_000_000 };

    expect(initialDrivers({ ...workload, octets: 3e8 }).slices).toBe(3);
    expect(initialDrivers({ ...workload, octets: 6e9 }).slices).toBe(9);
  });
});
