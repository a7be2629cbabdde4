/** One run of one peer; numbers are missing where it failed or where the peer has no such pass. */
export type RunResult = {
  readonly peer: string;
  readonly round: number;
  readonly failure?: string;
  readonly wallSeconds?: number;
  /** What the peer itself calls the copying (Stagecoach: startedAt to syncedAt). */
  readonly ownSeconds?: number;
  readonly cpuSeconds?: number;
  readonly peakMegabytes?: number;
  readonly noChangeSeconds?: number;
  readonly targetRoundTrips?: number;
  /** What the comparison of both mailboxes found, in words. */
  readonly verdict?: string;
};

export type Summary = {
  readonly peer: string;
  readonly runs: number;
  readonly failures: readonly string[];
  readonly wall: number | undefined;
  readonly own: number | undefined;
  /** Of `own` where there is one, else of `wall`, to the first peer's. */
  readonly ratio: number | undefined;
  readonly cpu: number | undefined;
  readonly cpuRatio: number | undefined;
  readonly peak: number | undefined;
  readonly noChange: number | undefined;
  readonly roundTrips: number | undefined;
  readonly verdicts: readonly string[];
};

export function median(values: readonly (number | undefined)[]): number | undefined {
  const sorted = values.filter((value) => value !== undefined).sort((left, right) => left - right);
  const middle = Math.floor(sorted.length / 2);
  const high = sorted[middle];
  return sorted.length % 2 === 1 || high === undefined ? high : (high + (sorted[middle - 1] ?? high)) / 2;
}

/** Medians a peer, in the order of their first run; ratios are to the first peer's run of the same round, so that a busy machine slows both. */
export function summarise(results: readonly RunResult[]): readonly Summary[] {
  const peers = [...Map.groupBy(results, ({ peer }) => peer)];
  const bare = new Map((peers[0]?.[1] ?? []).map((run) => [run.round, run]));
  return peers.map(([peer, runs]) => {
    const medianOf = (pick: (run: RunResult) => number | undefined): number | undefined => median(runs.map(pick));
    return {
      peer,
      runs: runs.length,
      failures: distinct(runs.map(({ failure }) => failure)),
      wall: medianOf((run) => run.wallSeconds),
      own: medianOf((run) => run.ownSeconds),
      ratio: medianOf((run) => quotient(run.ownSeconds ?? run.wallSeconds, bare.get(run.round)?.wallSeconds)),
      cpu: medianOf((run) => run.cpuSeconds),
      cpuRatio: medianOf((run) => quotient(run.cpuSeconds, bare.get(run.round)?.cpuSeconds)),
      peak: medianOf((run) => run.peakMegabytes),
      noChange: medianOf((run) => run.noChangeSeconds),
      roundTrips: medianOf((run) => run.targetRoundTrips),
      verdicts: distinct(runs.map(({ verdict }) => verdict)),
    };
  });
}

export function markdownTable(summaries: readonly Summary[]): string {
  const head = [
    ...['peer', 'runs', 'wall s', 'copying s', 'x bare', 'client CPU s', 'x bare', 'peak RSS MB', 'no-change pass s'],
    ...['round trips at the target', 'both mailboxes compared'],
  ];
  const rows = summaries.map((one) => [
    one.peer,
    String(one.runs),
    number(one.wall, 2),
    number(one.own, 2),
    number(one.ratio, 2),
    number(one.cpu, 2),
    number(one.cpuRatio, 2),
    number(one.peak, 0),
    number(one.noChange, 2),
    number(one.roundTrips, 0),
    [...one.failures.map((failure) => `FAILED: ${failure}`), ...one.verdicts].join('; '),
  ]);
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |\n`).join('');
}

const distinct = (values: readonly (string | undefined)[]): string[] => [
  ...new Set(values.filter((value) => value !== undefined)),
];

const number = (value: number | undefined, digits: number): string => value?.toFixed(digits) ?? '';

const quotient = (value: number | undefined, base: number | undefined): number | undefined =>
  value === undefined || base === undefined ? undefined : value / base;
