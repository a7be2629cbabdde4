import { usEast1 } from '../../shared/domain/aws-prices.ts';
import { initialCoefficients, quietCoefficients } from '../../shared/domain/cost-coefficients.ts';
import {
  countNames,
  driverNames,
  initialDrivers,
  predictCounts,
  quietDrivers,
} from '../../shared/domain/cost-model.ts';
import type { Coefficients, Drivers, RequestCounts } from '../../shared/domain/cost-model.ts';
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

/** The tables of docs/costs.md, as Markdown, by the name of their place there. */
export function estimateTables(): Readonly<Record<string, string>> {
  return {
    work: workTable(),
    standing: standingTable(),
    daily: dailyTable(),
    example: exampleTable(),
    'first pass': coefficientTable(initialCoefficients),
    'nothing changed': coefficientTable(quietCoefficients),
  };
}

function workTable(): string {
  const estimates = cases.map(({ title, mailboxes, gigabytes }) => ({
    title,
    plain: estimate({ mailboxes, gigabytes, natGateway: false }),
    nat: estimate({ mailboxes, gigabytes, natGateway: true }),
  }));
  const names = [...new Set(estimates.flatMap(({ nat }) => nat.lines.map(({ what }) => what)))];
  return table([
    ['', ...estimates.flatMap(({ title }) => [title, 'with a NAT gateway'])],
    ...names.map((name) => [
      name,
      ...estimates.flatMap(({ plain, nat }) => [dollars(sumOf(plain.lines, name)), dollars(sumOf(nat.lines, name))]),
    ]),
    ['**together**', ...estimates.flatMap(({ plain, nat }) => [dollars(worth(plain)), dollars(worth(nat))])],
  ]);
}

function standingTable(): string {
  const about = { mailboxes: 2_000, gigabytes: 10_000 };
  const plain = estimate({ ...about, natGateway: false }).standing;
  const nat = estimate({ ...about, natGateway: true }).standing;
  return table([
    ['a month, with the ledger of 2,000 mailboxes of 5 GB', 'without a network', 'with a NAT gateway'],
    ...nat.map(({ what }) => [what, dollars(sumOf(plain, what)), dollars(sumOf(nat, what))]),
  ]);
}

function dailyTable(): string {
  return table([
    ['', 'a pass', 'a month of them'],
    ...[1, 100, 2_000].map((mailboxes) => {
      const each = quietPass(mailboxes);
      return [`${mailboxes.toLocaleString('en')} of 5 GB`, dollars(each), dollars(30 * each)];
    }),
  ]);
}

const example = { mailboxes: 20, folders: 160, items: 20_000, octets: 1.2 * GB, octetsPerSecond: 3e6 };

function exampleTable(): string {
  const counts = predictCounts(initialCoefficients, initialDrivers(example));
  const quiet = predictCounts(quietCoefficients, quietDrivers(example));
  const { mailboxes, octets } = example;
  return table([
    ['', 'a mailbox', 'a GB', 'a mailbox in which nothing changed'],
    ...countNames.map((name) => [
      words[name],
      short(counts[name] / mailboxes),
      short((counts[name] * GB) / octets),
      short(quiet[name] / mailboxes),
    ]),
  ]);
}

function coefficientTable(coefficients: Coefficients): string {
  const present = driverNames.filter((driver) => countNames.some((name) => (coefficients[name][driver] ?? 0) !== 0));
  return table([
    ['', ...present.map((driver) => driverWords[driver])],
    ...countNames.map((name) => [words[name], ...present.map((driver) => short(coefficients[name][driver] ?? 0))]),
  ]);
}

const words: Readonly<Record<keyof RequestCounts, string>> = {
  stateTransitions: 'state transitions',
  lambdaRequests: 'Lambda requests',
  dynamoWriteUnits: 'DynamoDB write request units',
  dynamoReadUnits: 'DynamoDB read request units',
  s3Writes: 'S3 PUT and LIST',
  s3Reads: 'S3 GET',
  kmsRequests: 'KMS requests',
  mails: 'mails',
  logLines: 'log lines',
  ledgerOctets: 'octets of the ledger written',
  mailOctetsOut: 'octets to mail servers',
  mailOctetsIn: 'octets from mail servers',
};

const driverWords: Readonly<Record<keyof Drivers, string>> = {
  runs: 'a batch',
  mailboxes: 'a mailbox',
  slices: 'a slice',
  folders: 'a folder',
  items: 'a message',
  octets: 'an octet',
  checkedOctets: 'an octet compared',
  pages: 'a page',
  commits: 'a commit',
  progress: 'a second',
  renewals: 'a renewal',
};

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

function dollars(amount: number): string {
  if (amount === 0) return '';
  if (amount >= 100) return `$${Math.round(amount).toLocaleString('en')}`;
  return `$${Number(amount.toPrecision(2)).toLocaleString('en', { maximumFractionDigits: 7 })}`;
}

function short(value: number): string {
  return value === 0 ? '' : Number(value.toPrecision(3)).toLocaleString('en', { maximumFractionDigits: 3 });
}

function table(rows: readonly (readonly string[])[]): string {
  const [head = [], ...rest] = rows;
  return [head, head.map(() => '---'), ...rest].map((cells) => `| ${cells.join(' | ')} |\n`).join('');
}
