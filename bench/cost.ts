/**
 * What batches cost on AWS, counted: whole batches run between two Dovecots through the AWS adapters, and every request
 * is counted by kind.
 *
 *   npm run cost -- [--mailboxes 20] [--messages 1000] [--octets 60000000]
 *   npm run cost -- --fit | --estimates
 *
 * Prints what a batch of so many mailboxes (messages and octets are each mailbox's) came to, for each mailbox and each GB,
 * beside what the model in shared/domain/cost-model.ts says. --fit runs the batches from which the model's coefficients
 * come, and writes those (shared/domain/cost-coefficients.ts) and the tables of docs/costs.md, which follow from them: for
 * when the program makes other requests than it did. --estimates writes the tables alone: for when a price changed.
 */
import { execFileSync } from 'node:child_process';
import { parseArgs } from 'node:util';
import { countNames, predictCounts } from '../shared/domain/cost-model.ts';
import type { Coefficients } from '../shared/domain/cost-model.ts';
import { initialCoefficients, quietCoefficients } from '../shared/domain/cost-coefficients.ts';
import { DovecotServer } from '../test/support/dovecot/dovecot-server.ts';
import { countBatch, mailboxesOf } from '../test/support/costs/count-batch.ts';
import type { CountedBatch, Scenario } from '../test/support/costs/count-batch.ts';
import { fitCoefficients, initialCauses, largestError, quietCauses } from '../test/support/costs/fit-coefficients.ts';
import type { Counted } from '../test/support/costs/metered-service.ts';
import { estimateTables } from './cost/estimate-tables.ts';
import { writeCoefficients, writeTables } from './cost/write-results.ts';

const password = 'bench';
const { values } = parseArgs({
  options: {
    mailboxes: { type: 'string', default: '20' },
    messages: { type: 'string', default: '1000' },
    octets: { type: 'string', default: '60000000' },
    fit: { type: 'boolean', default: false },
    estimates: { type: 'boolean', default: false },
  },
});

const KB = 1_000;
const MB = 1_000 * KB;
/** Each varies what the others hold; the clock's speed brings writes of progress, `renewMs` renewals. */
const fitted: readonly Scenario[] = [
  { name: 'single', mailboxes: 1, folders: 1, messages: 50, octets: 300 * KB },
  { name: 'several', mailboxes: 5, folders: 3, messages: 90, octets: 900 * KB },
  { name: 'many', mailboxes: 16, folders: 1, messages: 50, octets: 300 * KB },
  { name: 'foldered', mailboxes: 5, folders: 24, messages: 480, octets: 2 * MB },
  { name: 'large', mailboxes: 2, folders: 1, messages: 8_000, octets: 16 * MB },
  { name: 'heavy', mailboxes: 2, folders: 2, messages: 600, octets: 200 * MB },
  { name: 'sliced', mailboxes: 3, folders: 3, messages: 3_000, octets: 9 * MB, commitsASlice: 2 },
  { name: 'moving', mailboxes: 1, folders: 2, messages: 8_000, octets: 16 * MB, clockSpeed: 500 },
  { name: 'renewed', mailboxes: 2, folders: 2, messages: 6_000, octets: 12 * MB, renewMs: 15 },
];
const asked: Scenario = {
  name: 'asked',
  mailboxes: Number(values.mailboxes),
  folders: 8,
  messages: Number(values.messages),
  octets: Number(values.octets),
};

async function count(scenarios: readonly Scenario[]): Promise<readonly CountedBatch[]> {
  const users = Object.fromEntries(scenarios.flatMap(mailboxesOf).map((user) => [user, password]));
  const [source, target] = await Promise.all([DovecotServer.start({ users }), DovecotServer.start({ users })]);
  const counted: CountedBatch[] = [];
  try {
    for (const scenario of scenarios) counted.push(await countBatch({ source, target, password }, scenario));
  } finally {
    await Promise.all([source.stop(), target.stop()]);
  }
  return counted;
}

async function fit(): Promise<void> {
  const counted = await count(fitted);
  const initial = fitPass(counted, 'initial');
  // The renewals of that batch, one every 15 ms, are no part of a pass in which nothing happens.
  const quiet = fitPass(
    counted.filter(({ scenario }) => scenario.renewMs === undefined),
    'quiet',
  );
  writeCoefficients({ initial, quiet });
}

function fitPass(counted: readonly CountedBatch[], pass: 'initial' | 'quiet'): Coefficients {
  const coefficients = fitCoefficients(
    counted.map((one) => one[pass]),
    pass === 'initial' ? initialCauses : quietCauses,
  );
  for (const one of counted) {
    const { drivers, counts } = one[pass];
    const { count: worst, error } = largestError(predictCounts(coefficients, drivers), counts);
    console.log(`${pass} ${one.scenario.name}: worst is ${worst}, off by ${(error * 100).toFixed(1)} %`);
  }
  return coefficients;
}

function tell(title: string, { drivers, counts }: Counted, coefficients: Coefficients): void {
  const predicted = predictCounts(coefficients, drivers);
  console.log(`\n${title}: ${JSON.stringify(drivers)}\n`);
  console.log('| | counted | a mailbox | a GB | the model says |\n| --- | --- | --- | --- | --- |');
  for (const name of countNames) {
    const counted = counts[name];
    const cells = [counted, counted / drivers.mailboxes, (counted / drivers.octets) * 1e9, predicted[name]];
    console.log(
      `| ${[name, ...cells.map((cell) => cell.toLocaleString('en', { maximumFractionDigits: 1 }))].join(' | ')} |`,
    );
  }
}

function tellRequests({ initial, quiet }: CountedBatch): void {
  console.log('\n| request, first and second pass | requests | units | octets written |\n| --- | --- | --- | --- |');
  for (const [name, tally] of initial.meter.tallies) {
    const again = quiet.meter.tallies.get(name);
    const cells = [
      `${String(tally.requests)}, ${String(again?.requests ?? 0)}`,
      `${String(tally.units)}, ${String(again?.units ?? 0)}`,
      `${String(tally.octets)}, ${String(again?.octets ?? 0)}`,
    ];
    console.log(`| ${[name, ...cells].join(' | ')} |`);
  }
  const functions = [...initial.functions].map(
    ([name, { calls, ms }]) => `${name} ${String(calls)} (${ms.toFixed(0)} ms)`,
  );
  console.log(`\nInvocations: ${functions.join(', ')}`);
}

if (values.estimates) writeTables(estimateTables());
else if (values.fit) {
  await fit();
  // In a process of its own, which reads what was just written.
  execFileSync(process.execPath, [import.meta.filename, '--estimates']);
} else {
  for (const one of await count([asked])) {
    tell('First pass', one.initial, initialCoefficients);
    tell('A second pass, nothing changed', one.quiet, quietCoefficients);
    tellRequests(one);
  }
}
