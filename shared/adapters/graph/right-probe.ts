import { isKnownError, type KnownError } from '../../domain/errors.ts';
import type { GraphClient } from './graph-client.ts';
import { graphProblemOf } from './graph-errors.ts';
import type { GraphRight } from './graph-rights.ts';

/** Something to ask for that one right allows, and that changes nothing. */
export interface RightProbe {
  readonly right: GraphRight;
  /** What is not done without it; absent: nothing is. */
  readonly loss?: string | undefined;
  readonly ask: (client: GraphClient) => Promise<unknown>;
}

export type RightResult =
  { readonly result: 'granted' | 'missing' } | { readonly result: 'unknown'; readonly error: KnownError };

/** What was found of one right. */
export type RightFinding = Pick<RightProbe, 'right' | 'loss'> & RightResult;

/**
 * Id of nothing in any mailbox. Rights are looked at before the item is: 403 tells a missing one from 404 (or 400 for an id
 * that is none), so that a right to write is tried and nothing is written.
 */
export const nothing = 'AAMkAGStagecoachProbe';
/** Id of no user. */
export const nobody = '00000000-0000-0000-0000-00000000dead';

export async function tryRights(client: GraphClient, probes: readonly RightProbe[]): Promise<readonly RightFinding[]> {
  const findings: RightFinding[] = [];
  for (const { right, loss, ask } of probes) findings.push({ right, loss, ...(await tried(() => ask(client))) });
  return findings;
}

async function tried(ask: () => Promise<unknown>): Promise<RightResult> {
  try {
    await ask();
    return { result: 'granted' };
  } catch (error) {
    if (!isKnownError(error)) throw error;
    if (error.code === 'TARGET_RIGHT_MISSING') return { result: 'missing' };
    const problem = graphProblemOf(error);
    // Of the user that does not exist; a mailbox that is not there answers otherwise.
    if (problem?.says('Request_ResourceNotFound') === true) return { result: 'granted' };
    if (error.code === 'TARGET_MAILBOX_NOT_FOUND') return { result: 'unknown', error };
    const isLookedFor = problem?.status === 404 || problem?.status === 400;
    return isLookedFor ? { result: 'granted' } : { result: 'unknown', error };
  }
}
