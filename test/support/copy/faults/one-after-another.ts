import type { FaultPlanner } from './fault-world.ts';
import { kindsAt, nameOf, refusals, type FaultKind } from './io-calls.ts';

export interface Barrage {
  readonly planner: FaultPlanner;
  /** Which calls were met, by name, and how often. */
  readonly met: ReadonlyMap<string, number>;
}

/**
 * Faults at one call after another within one migration: at the first call after a commit, then, when the migration has
 * recovered and committed again, at the second, and so on through all that a page needs, and again from the first.
 * `stride`: only every so many calls.
 */
export function oneAfterAnother(kind: FaultKind, stride = 1): Barrage {
  const met = new Map<string, number>();
  let position = 1;
  let count = 0;
  let committed = 0;
  let recovering = false;
  const planner: FaultPlanner = (call, commits) => {
    if (commits !== committed) {
      // A page went by without its call: there are no more than these between two commits.
      if (!recovering && count < position && committed > 0) position = 1 + (position % stride);
      committed = commits;
      count = 0;
      recovering = false;
    }
    // A refused sign-in would end the job before it began.
    if (recovering || (committed === 0 && refusals.includes(kind))) return undefined;
    count += 1;
    if (count < position || !kindsAt(call).includes(kind)) return undefined;
    position = count + stride;
    recovering = true;
    met.set(nameOf(call), (met.get(nameOf(call)) ?? 0) + 1);
    return kind;
  };
  return { planner, met };
}
