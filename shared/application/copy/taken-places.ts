import type { CopyContext } from './copy-context.ts';
import { walkChain } from './ledger.ts';
import type { PassPlan } from './pass-plan.ts';

/** Where at the target an item is. */
export function placeOf(folder: string, uid: number | undefined): string {
  return `${String(uid)} ${folder}`;
}

/** Where the items are that committed pages of this pass name, and where those of them were that it matched with. */
export async function takenPlaces(context: CopyContext, plan: PassPlan): Promise<ReadonlySet<string>> {
  const places = new Set<string>();
  for await (const { folder, items } of walkChain(context.services.objects, context.lease.pair.ledgerHead)) {
    const target = plan.folders[folder]?.target;
    for (const record of items) {
      if (target !== undefined) places.add(placeOf(target.id, record.target));
      if (record.from !== undefined) places.add(placeOf(record.from.folder, record.from.uid));
    }
  }
  return places;
}
