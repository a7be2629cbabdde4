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

/** Medians a peer, in the order of their first run; ratios are to the first peer. */
export function summarise(results: readonly RunResult[]): readonly Summary[] {
  const peers = [...Map.groupBy(results, ({ peer }) => peer)];
  const baseline = peers[0]?.[1] ?? [];
  const baseWall = median(baseline.map(({ wallSeconds }) => wallSeconds));
  const baseCpu = median(baseline.map(({ cpuSeconds }) => cpuSeconds));
  return peers.map(([peer, runs]) => {
    const wall = median(runs.map(({ wallSeconds }) => wallSeconds));
    const own = median(runs.map(({ ownSeconds }) => ownSeconds));
    const cpu = median(runs.map(({ cpuSeconds }) => cpuSeconds));
    return {
      peer,
      runs: runs.length,
      failures: distinct(runs.map(({ failure }) => failure)),
      wall,
      own,
      ratio: quotient(own ?? wall, baseWall),
      cpu,
      cpuRatio: quotient(cpu, baseCpu),
      peak: median(runs.map(({ peakMegabytes }) => peakMegabytes)),
      noChange: median(runs.map(({ noChangeSeconds }) => noChangeSeconds)),
      roundTrips: median(runs.map(({ targetRoundTrips }) => targetRoundTrips)),
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
