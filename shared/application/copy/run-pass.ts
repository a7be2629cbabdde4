import { randomBytes } from 'node:crypto';
import type { PassKind } from '../../domain/batch.ts';
import type { LedgerIndex } from '../../domain/ledger-index.ts';
import type { PassState } from '../../domain/pair.ts';
import { ConflictError, TransientError } from '../../domain/errors.ts';
import { closePass, totalOf, type ClosedMailbox } from './close-pass.ts';
import type { CopyContext } from './copy-context.ts';
import { copyPages } from './copy-pages.ts';
import { findAside, planWithout, readAside, storeAside } from './folders-aside.ts';
import { readIndex } from './index-parts.ts';
import { ListingsAhead } from './listings-ahead.ts';
import { matchKnown, type MatchKnown } from './match-known.ts';
import { matchPresent } from './match-present.ts';
import { keepMovesInto, readMoves } from './move-journal.ts';
import { beforePlanning } from './pass-start.ts';
import { planAgain } from './plan-again.ts';
import { planPass, readPlan } from './plan-pass.ts';
import type { Page } from './page.ts';
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
  const { lease } = context;
  let inVain = false;
  try {
    if (lease.pair.pass?.folderChanged === true) inVain = !(await setAside(context));
    return await drive(context, request);
  } catch (error) {
    if (!(error instanceof ConflictError) || error.code !== 'FOLDER_CHANGED' || lease.lost.aborted) throw error;
    context.services.log.info('A folder is not what it was when the pass began', { message: error.message });
    await lease.update({ pass: { folderChanged: true } });
    // Both sides show the folder as it was, and it cannot be opened all the same: trouble of the server's, with an end.
    if (inVain) throw new TransientError({ code: 'FOLDER_CHANGED', message: error.message, cause: error });
    return { outcome: 'budget' };
  }
}

/** False: every folder of the plan is what it was. */
async function setAside(context: CopyContext): Promise<boolean> {
  const { lease, services } = context;
  const { plan: key } = lease.pass;
  if (key === null) {
    await lease.update({ pass: { folderChanged: false } });
    return false;
  }
  const plan = await readPlan(context, key);
  const before = await readAside(services.objects, lease.pass.aside);
  const aside = new Set([...before, ...(await findAside(context, plan))]);
  const found = aside.size > before.size;
  if (found && lease.pass.phase === 'changes') {
    // Nothing is written yet. What left a folder that is set aside now would be unknown, and be written again elsewhere.
    await planAgain(context, { counters: lease.pass.counters });
    return true;
  }
  // Found nothing: it is looked for again in every slice, so that one that ends otherwise in between does not hide that.
  const moving = await keepMovesInto(context, plan, aside);
  await lease.update({ pass: { folderChanged: !found, aside: await storeAside(context, plan, aside), moving } });
  return found;
}

async function drive(context: CopyContext, request: PassRequest): Promise<PassOutcome> {
  const { lease, services } = context;
  const previous = await readIndex(services.objects, lease.pair.index);
  const present = lease.pair.pass;
  if (present === null || present.phase === 'done') await lease.begin(newPass(context, request, totalOf(previous)));
  else await lease.update({ pass: { batch: request.batch, number: request.number } });

  const listings = new ListingsAhead(context.source, context.limits);
  if (lease.pass.plan === null) {
    const key = await planPass(context, previous, listings);
    const counters = totalOf(previous, await readPlan(context, key));
    await lease.update({ pass: { plan: key, phase: 'changes', counters } });
  }
  const whole = await readPlan(context, lease.pass.plan ?? '');
  const aside = await readAside(services.objects, lease.pass.aside);
  const plan = planWithout(whole, aside);
  context.onProgress({ items: lease.pass.counters });
  if (lease.pass.phase === 'changes') {
    const found = await applySourceChanges(context, plan, previous);
    await lease.update({ pass: { changes: found, phase: 'copy' } });
  }
  const changes = await readSourceChanges(context, lease.pass.changes);
  if (lease.pass.phase === 'copy') {
    const settlement = await settle(context, plan, aside);
    if (settlement.outcome === 'wait') return settlement;
    const { redo } = settlement;
    const match = await matcher(context, plan, { previous, changes, redo });
    const end = await copyPages(context, { plan, redo, match, listings });
    // Every page that was begun is committed: what this slice moved has its record.
    if (typeof lease.pass.moving === 'string' && (await readMoves(context)).length === 0)
      await lease.update({ pass: { moving: null } });
    if (end === 'budget') return { outcome: 'budget' };
    await lease.update({ pass: { phase: 'close' } });
  }
  const end = await closePass(context, whole, { previous, changes, aside });
  return end.outcome === 'closed' ? { outcome: 'done', closed: end.closed } : { outcome: 'budget' };
}

/**
 * What our own records know comes first; what else the target folder held may stand for the rest. A record whose item is
 * nobody knows where, because the folder was made anew, yields to an item that is there.
 */
async function matcher(
  context: CopyContext,
  plan: PassPlan,
  about: { readonly previous: LedgerIndex | null; readonly changes: SourceChanges; readonly redo: readonly Page[] },
): Promise<MatchKnown> {
  const known = await matchKnown(context, plan, about);
  const present = matchPresent(context, plan, about.previous);
  return async (page) => {
    const found = await known(page);
    const placed = [...found].filter(([, there]) => there.target !== undefined);
    const rest = await present(page, new Set([...placed.map(([uid]) => uid), ...page.already.keys()]));
    return new Map([...found, ...rest]);
  };
}

function newPass(context: CopyContext, request: PassRequest, counters: PassState['counters']): PassState {
  return {
    ...request,
    startedAt: new Date(context.services.clock.now()).toISOString(),
    ...beforePlanning(counters),
    replans: 0,
    fingerprintKey: context.lease.pair.pass?.fingerprintKey ?? randomBytes(32).toString('base64'),
  };
}
