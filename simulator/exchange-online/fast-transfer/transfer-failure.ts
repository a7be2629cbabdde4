import { GraphFailure } from '../graph-failure.ts';

/** A stream that is not as [MS-OXCFXICS] has it; says where, never what was in it. */
export function corruptStream(what: string): GraphFailure {
  return new GraphFailure({ status: 400, code: 'ErrorCorruptData', message: `The item is corrupt: ${what}.` });
}
