import type { FaultPlanner, Run } from './fault-world.ts';
import { faultKinds, kindsAt, type FaultKind, type IoCall } from './io-calls.ts';
import type { Stage } from './profiles.ts';

export interface Injection {
  /** 1, 2, 3 ...: the call of the run at which it happens. */
  readonly number: number;
  readonly kind: FaultKind;
}

/** Every kind of fault at every call of a run without faults. */
export function injectionsInto(calls: readonly IoCall[]): Injection[] {
  return calls.flatMap((call, at) => kindsAt(call).map((kind) => ({ number: at + 1, kind })));
}

/** At every call one kind of fault: of those that make sense there the one that was met least so far. */
export function oneKindAtEach(calls: readonly IoCall[]): Injection[] {
  const met = new Map<FaultKind, number>(faultKinds.map((kind) => [kind, 0]));
  return calls.map((call, at) => {
    const [kind] = [...kindsAt(call)].sort((a, b) => (met.get(a) ?? 0) - (met.get(b) ?? 0));
    if (kind === undefined) throw new Error('a call at which nothing can go wrong');
    met.set(kind, (met.get(kind) ?? 0) + 1);
    return { number: at + 1, kind };
  });
}

/** What breaks a slice off wherever it happens, and then something at a call of the recovery: at other ones each time. */
export function pairsInto(calls: readonly IoCall[], { every }: { readonly every: number }): Injection[][] {
  const first: readonly FaultKind[] = ['cut', 'killed', 'stored-20s-later', 'reply-lost'];
  const second: readonly FaultKind[] = ['cut', 'killed', 'reply-lost', 'stall', 'fails', 'killed-after'];
  return calls.flatMap((call, at) => {
    const kind = first.filter((one) => kindsAt(call).includes(one))[at % 2] ?? 'killed';
    const then = second[at % second.length] ?? 'cut';
    return at % every === 0
      ? [
          [
            { number: at + 1, kind },
            { number: 1 + ((at * 7) % 90), kind: then },
          ],
        ]
      : [];
  });
}

/** Faults at the calls with these numbers; of the second and later ones the number counts from the fault before. */
export function planOf(injections: readonly Injection[]): FaultPlanner {
  const left = [...injections];
  let count = 0;
  return (call) => {
    const [next] = left;
    count += 1;
    if (next === undefined || count < next.number) return undefined;
    // Concurrent calls may come in another order: the fault then happens at the next call at which it can.
    if (!kindsAt(call).includes(next.kind)) return undefined;
    left.shift();
    count = 0;
    return next.kind;
  };
}

export interface Failure {
  readonly injections: readonly Injection[];
  readonly faults: Run['faults'];
  readonly help: Run['help'];
  readonly problems: readonly string[];
}

export interface Tally {
  /** Runs, and those among them whose fault did not happen, since the run was over before its call. */
  runs: number;
  idle: number;
  helped: number;
  readonly byKind: Map<FaultKind, number>;
  readonly failures: Failure[];
}

export function emptyTally(): Tally {
  return { runs: 0, idle: 0, helped: 0, byKind: new Map(), failures: [] };
}

/** One run with these faults, from the same beginning as all others. */
export async function runOnce(
  { world, start, expected }: Pick<Stage, 'world' | 'start' | 'expected'>,
  injections: readonly Injection[],
  tally: Tally,
): Promise<void> {
  await world.restore(start);
  tally.runs += 1;
  let run: Run;
  try {
    run = await world.run(planOf(injections), expected === undefined ? {} : { expected });
  } catch (error) {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    tally.failures.push({ injections, faults: [], help: [], problems: [text] });
    await world.recover();
    return;
  }
  if (run.faults.length < injections.length) tally.idle += 1;
  if (run.help.length > 0) tally.helped += 1;
  for (const { kind } of run.faults) tally.byKind.set(kind, (tally.byKind.get(kind) ?? 0) + 1);
  const { faults, help, problems } = run;
  if (problems.length > 0) tally.failures.push({ injections, faults, help, problems });
}

/** A sentence a failure, for a test's output. */
export function describeFailure({ injections, faults, help, problems }: Failure): string {
  const what = injections.map(({ number, kind }) => `${kind} at call ${String(number)}`).join(', then ');
  const where = faults.map(({ at }) => at).join(', then ');
  const helped = help.length === 0 ? '' : `, after ${help.join(' and ')}`;
  return `${what} (${where})${helped}: ${problems.slice(0, 4).join('; ')}`;
}
