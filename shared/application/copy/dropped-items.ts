import { internalDateSeconds } from '../../domain/internal-date.ts';
import type { ItemRecord } from '../../domain/ledger.ts';
import type { IndexFolder, LedgerIndex } from '../../domain/ledger-index.ts';
import type { TargetFolder } from '../../ports/mail-target.ts';
import type { CopyContext } from './copy-context.ts';
import { readIndex, readParts } from './index-parts.ts';
import type { KnownItem } from './known-item.ts';
import { walkChain } from './ledger.ts';
import type { PassPlan } from './pass-plan.ts';
import type { RenumberedFolders } from './renumbered-folders.ts';

interface About {
  readonly plan: PassPlan;
  readonly previous: LedgerIndex;
  readonly renumbered: RenumberedFolders;
}

/**
 * Where a pass is planned anew: items that its earlier indexes name, and the newest does not. They left their folder at the
 * source, and the pass had not come to the folder that they may be in now. What is where it was at the target still is
 * moved after its message, instead of being written twice; the rest was moved already, or its user deleted it.
 */
export async function droppedItems(
  context: CopyContext,
  plan: PassPlan,
  about: { readonly previous: LedgerIndex | null; readonly renumbered: RenumberedFolders },
): Promise<readonly KnownItem[]> {
  const { previous, renumbered } = about;
  // Without UIDPLUS nothing can be moved safely.
  if (previous?.replaces === undefined || !context.target.profile.uidPlus) return [];
  const dropped: KnownItem[] = [];
  for (let head = previous.replaces; head !== null;) {
    const earlier = await readIndex(context.services.objects, head);
    for (const folder of earlier?.folders ?? []) {
      if (!folder.missing) dropped.push(...(await droppedFrom(context, folder, { plan, previous, renumbered })));
    }
    head = earlier?.replaces ?? null;
  }
  const taken = await takenPlaces(context, plan);
  return dropped.filter(({ record, target }) => !taken.has(placeOf(record, target)));
}

/** What committed pages of this pass name: an earlier slice had the same items to match. */
async function takenPlaces(context: CopyContext, plan: PassPlan): Promise<ReadonlySet<string>> {
  const places = new Set<string>();
  for await (const { folder, items } of walkChain(context.services.objects, context.lease.pair.ledgerHead)) {
    const target = plan.folders[folder]?.target;
    if (target !== undefined) for (const record of items) places.add(placeOf(record, target));
  }
  return places;
}

function placeOf({ target }: ItemRecord, folder: Pick<TargetFolder, 'id'>): string {
  return `${String(target)} ${folder.id}`;
}

async function droppedFrom(context: CopyContext, folder: IndexFolder, about: About): Promise<readonly KnownItem[]> {
  const at = about.previous.folders.findIndex(({ target }) => target.id === folder.target.id);
  const entry = about.previous.folders[at];
  if (
    entry?.missing === false &&
    folder.parts.every(({ head }) => entry.parts.some((part) => part.head.key === head.key))
  )
    return [];
  const planned = about.plan.folders.find(({ previous, rekey }) => previous === at || rekey === at);
  const target: TargetFolder = { ...(planned?.target ?? folder.target), selectable: true };
  const [state] = await context.target.folderStates([target]);
  if (state === undefined || state === 'missing') return [];
  const { uidValidity } = state;
  const left = await unnamed(context, folder, entry?.missing === false ? entry : undefined);
  const there =
    uidValidity === folder.targetState.uidValidity
      ? await stillThere(context, target, left)
      : (
          await about.renumbered.locate(
            target,
            state,
            left.map((record) => [record, { record }]),
          )
        ).map(([, { record }]) => record);
  // No ledger names them any more: where a move of them is lost, its journal tells what they are.
  return there.flatMap((record) =>
    record.target === undefined ? [] : [{ record, target, uidValidity, unnamed: true }],
  );
}

/** Records of an earlier index that the newer one has none for; under another UIDVALIDITY that is told by what they are. */
async function unnamed(
  context: CopyContext,
  folder: IndexFolder,
  entry: IndexFolder | undefined,
): Promise<readonly ItemRecord[]> {
  const isContinued = entry?.targetState.uidValidity === folder.targetState.uidValidity;
  const keyOf = ({ target, fingerprint = '', internalDate }: ItemRecord): string =>
    isContinued && target !== undefined
      ? String(target)
      : `${fingerprint} ${String(internalDateSeconds(internalDate))}`;
  const named = new Map<string, number>();
  for await (const records of readParts(context.services.objects, entry?.parts ?? [])) {
    for (const record of records) {
      if (record.outcome === 'copied') named.set(keyOf(record), (named.get(keyOf(record)) ?? 0) + 1);
    }
  }
  const left: ItemRecord[] = [];
  for await (const records of readParts(context.services.objects, folder.parts)) {
    for (const record of records) {
      const count = named.get(keyOf(record)) ?? 0;
      if (count > 0) named.set(keyOf(record), count - 1);
      else if (record.outcome === 'copied' && record.target !== undefined) left.push(record);
    }
  }
  return left;
}

async function stillThere(
  context: CopyContext,
  target: TargetFolder,
  records: readonly ItemRecord[],
): Promise<readonly ItemRecord[]> {
  const uids = records.flatMap((record) => record.target ?? []);
  if (uids.length === 0) return [];
  const range = { from: uids.reduce((a, b) => Math.min(a, b)), to: uids.reduce((a, b) => Math.max(a, b)) };
  const there = new Set((await context.target.listItems(target, range)).map(({ uid }) => uid));
  return records.filter((record) => there.has(record.target ?? 0));
}
