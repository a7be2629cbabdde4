import type { PassState } from '../../domain/pair.ts';

/** Times that one pass is planned anew; after that, somebody has to find out what goes on with the folders. */
export const mostReplans = 5;

/** What a pass begins with, and begins with again when it is planned anew. */
export function beforePlanning(
  counters: PassState['counters'],
): Omit<PassState, 'kind' | 'batch' | 'number' | 'startedAt' | 'fingerprintKey'> {
  return {
    plan: null,
    phase: 'plan',
    cursor: { folder: 0, below: Number.MAX_SAFE_INTEGER, page: 1 },
    intent: [],
    lastSentAt: 0,
    failures: 0,
    suspect: null,
    givenUp: [],
    excused: false,
    digested: null,
    counters,
    settled: null,
    changes: null,
    closing: null,
    aside: null,
    folderChanged: false,
    moving: null,
  };
}
