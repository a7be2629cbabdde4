import { randomBytes } from 'node:crypto';
import type { PassKind } from '../../domain/batch.ts';
import type { LedgerIndex } from '../../domain/ledger-index.ts';
import type { PassState } from '../../domain/pair.ts';
import { closePass, totalOf, type ClosedMailbox } from './close-pass.ts';
import type { CopyContext } from './copy-context.ts';
import { copyPages } from './copy-pages.ts';
import { readIndex } from './index-parts.ts';
import { matchKnown, type MatchKnown } from './match-known.ts';
import { matchPresent } from './match-present.ts';
import { planPass, readPlan } from './plan-pass.ts';
import type { PassPlan } from './pass-plan.ts';
import { settle } from './settle.ts';
import { applySourceChanges, readSourceChanges, type SourceChanges } from './source-changes.ts';

export interface PassRequest {
  readonly kind: PassKind;
  readonly batch: string;
  readonly number: number;
}

export type PassOutcome =
  | { readonly outcome: 'done'; readonly closed: ClosedMailbox }
  | { readonly outcome: 'budget' }
  | { readonly outcome: 'wait'; readonly waitMs: number };

/**
 * Drives a pair's pass from wherever it stands to its end, or to the end of the slice's time. A pass that an earlier
 * batch left unfinished is finished first: what it has open is settled by its own plan.
 */
export async function runPass(context: CopyContext, request: PassRequest): Promise<PassOutcome> {
  const { lease, services } = context;
  const previous = await readIndex(services.objects, lease.pair.index);
  const present = lease.pair.pass;
  if (present === null || present.phase === 'done') await lease.begin(newPass(context, request, totalOf(previous)));
  else await lease.update({ pass: { batch: request.batch, number: request.number } });

  if (lease.pass.plan === null)
    await lease.update({ pass: { plan: await planPass(context, previous), phase: 'changes' } });
  const plan = await readPlan(context, lease.pass.plan ?? '');
  context.onProgress({ items: lease.pass.counters });
  if (lease.pass.phase === 'changes') {
    await lease.update({ pass: { changes: await applySourceChanges(context, plan, previous), phase: 'copy' } });
  }
  const changes = await readSourceChanges(context, lease.pass.changes);
  if (lease.pass.phase === 'copy') {
    const settlement = await settle(context, plan);
    if (settlement.outcome === 'wait') return settlement;
    const match = await matcher(context, plan, { previous, changes });
    const end = await copyPages(context, { plan, redo: settlement.redo, match });
    if (end === 'budget') return { outcome: 'budget' };
    await lease.update({ pass: { phase: 'close' } });
  }
  const end = await closePass(context, plan, { previous, changes });
  return end.outcome === 'closed' ? { outcome: 'done', closed: end.closed } : end;
}

/** What our own records know comes first; what else the target folder held may stand for the rest. */
async function matcher(
  context: CopyContext,
  plan: PassPlan,
  about: { readonly previous: LedgerIndex | null; readonly changes: SourceChanges },
): Promise<MatchKnown> {
  const known = await matchKnown(context, plan, about);
  const present = matchPresent(context, about.previous);
  return async (page) => {
    const found = await known(page);
    return new Map([...(await present(page, new Set([...found.keys(), ...page.already.keys()]))), ...found]);
  };
}

function newPass(context: CopyContext, request: PassRequest, counters: PassState['counters']): PassState {
  return {
    ...request,
    startedAt: new Date(context.services.clock.now()).toISOString(),
    plan: null,
    phase: 'plan',
    cursor: { folder: 0, below: Number.MAX_SAFE_INTEGER, page: 1 },
    intent: [],
    lastSentAt: 0,
    failures: 0,
    suspect: null,
    excused: false,
    counters,
    settled: null,
    changes: null,
    fingerprintKey: context.lease.pair.pass?.fingerprintKey ?? randomBytes(32).toString('base64'),
  };
}
