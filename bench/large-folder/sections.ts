import type { Commit } from '../../test/support/copy/watch-copy.ts';

export interface Section {
  readonly from: number;
  readonly to: number;
  /** A message. */
  readonly wallMs: number;
  readonly cpuMs: number;
  /** Largest in the section. */
  readonly residentMegabytes: number;
  readonly heapMegabytes: number;
  readonly bufferMegabytes: number;
}

/** Cuts a copy into sections of equally many messages, by its commits. */
export function costOfSections(commits: readonly Commit[], sections: number): readonly Section[] {
  const total = commits.at(-1)?.items ?? 0;
  const found: Section[] = [];
  let before = commits[0];
  for (let at = 1; at <= sections && before !== undefined; at += 1) {
    const start: Commit = before;
    const until = (total * at) / sections;
    const inside = commits.filter(({ items }) => items > start.items && items <= until);
    const end = inside.at(-1);
    if (end === undefined) continue;
    const items = end.items - start.items;
    found.push({
      from: start.items,
      to: end.items,
      wallMs: (end.wallMs - start.wallMs) / items,
      cpuMs: (end.cpuMs - start.cpuMs) / items,
      residentMegabytes: Math.max(...inside.map((commit) => commit.residentMegabytes)),
      heapMegabytes: Math.max(...inside.map((commit) => commit.heapMegabytes)),
      bufferMegabytes: Math.max(...inside.map((commit) => commit.bufferMegabytes)),
    });
    before = end;
  }
  return found;
}
