import { usEast1 } from '../../shared/domain/aws-prices.ts';
import { estimateCost } from '../../shared/domain/estimate-cost.ts';
import type { CostEstimate, CostLine } from '../../shared/domain/estimate-cost.ts';

const GB = 1e9;
/** Octets of an average message. */
const messageOctets = 75_000;

const cases = [
  { title: '1 mailbox of 1 GB', mailboxes: 1, gigabytes: 1 },
  { title: '1 mailbox of 5 GB', mailboxes: 1, gigabytes: 5 },
  { title: '2,000 mailboxes of 5 GB', mailboxes: 2_000, gigabytes: 10_000 },
] as const;

/** The tables of docs/costs.md, as Markdown. */
export function estimateTables(): string {
  const first = cases.map(({ title, mailboxes, gigabytes }) => ({
    title,
    plain: estimate({ mailboxes, gigabytes, natGateway: false }),
    nat: estimate({ mailboxes, gigabytes, natGateway: true }),
  }));
  const head = ['', ...first.flatMap(({ title }) => [title, 'with a NAT gateway'])];
  const names = [...new Set(first.flatMap(({ nat }) => nat.lines.map(({ what }) => what)))];
  const rows = names.map((name) => [
    name,
    ...first.flatMap(({ plain, nat }) => [dollars(sumOf(plain.lines, name)), dollars(sumOf(nat.lines, name))]),
  ]);
  const sums = ['**together**', ...first.flatMap(({ plain, nat }) => [dollars(worth(plain)), dollars(worth(nat))])];
  const standing = first[0];
  return [
    table([head, ...rows, sums]),
    table([
      ['a month of standing there', 'without a network', 'with a NAT gateway'],
      ...(standing?.nat.standing ?? []).map(({ what }) => [
        what,
        dollars(sumOf(standing?.plain.standing ?? [], what)),
        dollars(sumOf(standing?.nat.standing ?? [], what)),
      ]),
    ]),
    table([
      ['a pass a day, nothing changed', 'a pass', 'a month of them'],
      ...[1, 2_000].map((mailboxes) => {
        const each = quietPass(mailboxes);
        return [`${mailboxes.toLocaleString('en')} mailboxes`, dollars(each), dollars(30 * each)];
      }),
    ]),
  ].join('\n');
}

function estimate(about: {
  readonly mailboxes: number;
  readonly gigabytes: number;
  readonly natGateway: boolean;
  readonly quietPasses?: number;
}): CostEstimate {
  const octets = about.gigabytes * GB;
  return estimateCost({ ...about, octets, items: Math.round(octets / messageOctets), prices: usEast1 });
}

/** What one more pass adds. */
function quietPass(mailboxes: number): number {
  const about = { mailboxes, gigabytes: 5 * mailboxes, natGateway: true };
  return worth(estimate({ ...about, quietPasses: 1 })) - worth(estimate(about));
}

const worth = ({ lines }: CostEstimate): number => lines.reduce((sum, line) => sum + line.dollars, 0);

const sumOf = (lines: readonly CostLine[], name: string): number =>
  lines.reduce((sum, line) => (line.what === name ? sum + line.dollars : sum), 0);

/** Two digits that say something. */
function dollars(amount: number): string {
  if (amount === 0) return '';
  if (amount >= 100) return `$${Math.round(amount).toLocaleString('en')}`;
  return `$${Number(amount.toPrecision(2)).toLocaleString('en', { maximumFractionDigits: 7 })}`;
}

function table(rows: readonly (readonly string[])[]): string {
  const [head = [], ...rest] = rows;
  return [head, head.map(() => '---'), ...rest].map((cells) => `| ${cells.join(' | ')} |\n`).join('');
}
