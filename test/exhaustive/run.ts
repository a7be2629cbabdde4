/**
 * Every fault at every call, each alone, over more servers, mailboxes and pairs of faults than the test suite has time for:
 *
 *   node test/exhaustive/run.ts [--mailbox small|large|barrage|all] [--messages 10000] [--page 200] [--profile NAME ...]
 *     [--scenario 'first pass'|'second pass'] [--kind KIND ...] [--faults 1|2] [--sample 0.01] [--seed TEXT]
 *     [--shard I/N] [--processes N] [--connections N] [--minutes N]
 *
 * `barrage`: one migration a kind, in which the fault happens at one call after another of a page, again and again. Prints
 * what was run and every failure; the exit code is 1 where there was one.
 */
import { fork } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import {
  describeFailure,
  emptyTally,
  injectionsInto,
  pairsInto,
  runOnce,
  type Injection,
  type Tally,
} from '../support/copy/faults/each-alone.ts';
import { faultKinds } from '../support/copy/faults/io-calls.ts';
import { oneAfterAnother } from '../support/copy/faults/one-after-another.ts';
import {
  largeStage,
  profileNames,
  scenarios,
  smallStage,
  type ProfileName,
  type Scenario,
  type Stage,
} from '../support/copy/faults/profiles.ts';
import { Random } from '../support/mail/random.ts';

const { values } = parseArgs({
  options: {
    mailbox: { type: 'string', default: 'small' },
    messages: { type: 'string', default: '10000' },
    page: { type: 'string', default: '200' },
    profile: { type: 'string', multiple: true },
    scenario: { type: 'string', multiple: true },
    kind: { type: 'string', multiple: true },
    faults: { type: 'string', default: '1' },
    sample: { type: 'string' },
    seed: { type: 'string', default: 'exhaustive' },
    shard: { type: 'string' },
    processes: { type: 'string', default: String(availableParallelism()) },
    connections: { type: 'string', default: '1' },
    minutes: { type: 'string', default: '100000' },
  },
});

interface Plan {
  readonly name: string;
  readonly open: () => Promise<Stage>;
  readonly sample: number;
}

function plans(): readonly Plan[] {
  const chosen = profileNames.filter((name) => values.profile?.includes(name) ?? true);
  const passes = scenarios.filter((scenario) => values.scenario?.includes(scenario) ?? true);
  const small = chosen.flatMap((profile: ProfileName) =>
    passes.map((scenario: Scenario) => ({
      name: `small mailbox, ${profile}, ${scenario}`,
      open: () => smallStage(profile, scenario, Number(values.connections)),
      sample: Number(values.sample ?? 1),
    })),
  );
  const connections = Number(values.connections);
  const size = { messages: Number(values.messages), page: Number(values.page), connections };
  const large = chosen.map((profile) => ({
    name: `${values.messages} messages, ${profile}`,
    open: () => largeStage(profile, size),
    sample: Number(values.sample ?? 0.0005),
  }));
  const wanted = (mailbox: string): boolean => values.mailbox === mailbox || values.mailbox === 'all';
  return [...(wanted('small') ? small : []), ...(wanted('large') ? large : [])];
}

function injectionsOf(stage: Stage): readonly (readonly Injection[])[] {
  const kinds = faultKinds.filter((kind) => values.kind?.includes(kind) ?? true);
  if (values.faults === '2') return pairsInto(stage.calls, { every: 1 });
  return injectionsInto(stage.calls).flatMap((injection) => (kinds.includes(injection.kind) ? [[injection]] : []));
}

/** All kinds, each in a migration of its own; pages of 40 make their calls come round in 10,000 messages. */
async function runBarrages(shard: number, shards: number): Promise<number> {
  let failures = 0;
  for (const profile of profileNames.filter((name) => values.profile?.includes(name) ?? true)) {
    const connections = Number(values.connections);
    const stage = await largeStage(profile, { messages: Number(values.messages), page: 40, connections });
    const kinds = faultKinds.filter((kind) => values.kind?.includes(kind) ?? true);
    for (const kind of kinds.filter((_, at) => at % shards === shard)) {
      await stage.world.restore(stage.start);
      const { planner, met } = oneAfterAnother(kind);
      const { faults, slices, help, problems } = await stage.world.run(planner);
      const where = [...met].map(([call, times]) => `${call} ${String(times)}`).join(', ');
      const ending = problems.length === 0 ? '0 problems' : `FAILED ${problems.slice(0, 4).join('; ')}`;
      process.stdout.write(
        `barrage, ${profile}, ${kind}: ${String(faults.length)} faults, ${String(slices)} slices, ${help.join(' and ')}, ${ending} (${where})\n`,
      );
      failures += problems.length === 0 ? 0 : 1;
    }
    await stage.world.close();
  }
  return failures;
}

async function runShard(shard: number, shards: number): Promise<number> {
  const until = Date.now() + Number(values.minutes) * 60_000;
  let failures = ['barrage', 'all'].includes(values.mailbox) ? await runBarrages(shard, shards) : 0;
  for (const plan of plans()) {
    const stage = await plan.open();
    const random = new Random(`${values.seed}/${plan.name}`);
    const all = injectionsOf(stage);
    const mine = all
      .filter(() => plan.sample >= 1 || random.next() < plan.sample)
      .filter((_, at) => at % shards === shard);
    const tally = emptyTally();
    const began = Date.now();
    for (const injections of mine) {
      if (Date.now() > until) break;
      await runOnce(stage, injections, tally);
    }
    report(`${plan.name} (shard ${String(shard + 1)}/${String(shards)})`, { stage, all: all.length, began, tally });
    failures += tally.failures.length;
    await stage.world.close();
  }
  return failures;
}

function report(
  name: string,
  about: { readonly stage: Stage; readonly all: number; readonly began: number; readonly tally: Tally },
): void {
  const { stage, all, began, tally } = about;
  const minutes = ((Date.now() - began) / 60_000).toFixed(1);
  const lines = [
    `${name}: ${String(stage.calls.length)} calls, ${String(all)} combinations, ${String(tally.runs)} run in ${minutes} min`,
    `  ${String(tally.failures.length)} failures, ${String(tally.idle)} that did not happen, ${String(tally.helped)} with a retry or another pass`,
    ...tally.failures.map((failure) => `  FAILED ${describeFailure(failure)}`),
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}

/** Simulated time passes when a process is idle, so shards are processes of their own. */
async function runProcesses(processes: number): Promise<number> {
  const codes = await Promise.all(
    Array.from({ length: processes }, (_, at) => {
      const args = [...process.argv.slice(2), '--shard', `${String(at + 1)}/${String(processes)}`];
      const child = fork(import.meta.filename, args);
      return new Promise<number>((resolve) => child.once('exit', (code) => resolve(code ?? 1)));
    }),
  );
  return codes.filter((code) => code !== 0).length;
}

const [shard, shards] = (values.shard ?? '').split('/').map(Number);
const failed =
  shard === undefined || shards === undefined
    ? await runProcesses(Number(values.processes))
    : await runShard(shard - 1, shards);
process.exitCode = failed === 0 ? 0 : 1;
