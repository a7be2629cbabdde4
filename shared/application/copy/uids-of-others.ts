import type { PairItem } from '../../domain/pair.ts';
import type { CopyContext } from './copy-context.ts';
import { readIndex, readParts } from './index-parts.ts';
import { walkChain } from './ledger.ts';
import { readPlan } from './plan-pass.ts';

/** A target folder as it is when UIDs mean something in it. */
interface NamedFolder {
  readonly target: { readonly id: string };
  readonly targetState: { readonly uidValidity: number };
}

/** Other pairs rest while this one is copied: what their records name is read once a slice. */
const known = new WeakMap<CopyContext, Map<string, Promise<ReadonlySet<number>>>>();

/** UIDs of a target folder that records of other pairs into the same account name. */
export function uidsOfOthers(context: CopyContext, folder: NamedFolder): Promise<ReadonlySet<number>> {
  const folders = known.get(context) ?? new Map<string, Promise<ReadonlySet<number>>>();
  known.set(context, folders);
  const key = `${String(folder.targetState.uidValidity)} ${folder.target.id}`;
  const uids = folders.get(key) ?? context.otherPairs().then((pairs) => uidsOfPairs(context, folder, pairs));
  folders.set(key, uids);
  return uids;
}

/** UIDs of a target folder that records of these pairs name. */
export async function uidsOfPairs(
  context: CopyContext,
  folder: NamedFolder,
  pairs: readonly PairItem[],
): Promise<ReadonlySet<number>> {
  const uids = new Set<number>();
  for (const pair of pairs) {
    await addIndexed(context, { folder, pair, uids });
    await addCommitted(context, { folder, pair, uids });
  }
  return uids;
}

interface Naming {
  readonly folder: NamedFolder;
  readonly pair: PairItem;
  readonly uids: Set<number>;
}

async function addIndexed(context: CopyContext, { folder, pair, uids }: Naming): Promise<void> {
  const { objects } = context.services;
  const index = await readIndex(objects, pair.index);
  const parts = (index?.folders ?? [])
    .filter(({ target }) => target.id === folder.target.id)
    .filter(({ targetState }) => targetState.uidValidity === folder.targetState.uidValidity)
    .flatMap((entry) => [...entry.parts, ...entry.former]);
  for await (const records of readParts(objects, parts)) {
    for (const { target } of records) if (target !== undefined) uids.add(target);
  }
}

/** Pages that a pair committed since its index: its folders are numbered by its own plan. */
async function addCommitted(context: CopyContext, { folder, pair, uids }: Naming): Promise<void> {
  const { plan: key } = pair.pass ?? { plan: null };
  if (key === null || pair.ledgerHead === null) return;
  const plan = await readPlan(context, key);
  for await (const segment of walkChain(context.services.objects, pair.ledgerHead)) {
    if (segment.targetUidValidity !== folder.targetState.uidValidity) continue;
    if (plan.folders[segment.folder]?.target.id !== folder.target.id) continue;
    for (const { target } of segment.items) if (target !== undefined) uids.add(target);
  }
}
