import { z } from 'zod';
import type { FolderState } from '../../domain/mail.ts';
import type { ObjectStore } from '../../ports/object-store.ts';
import type { CopyContext } from './copy-context.ts';
import { readNamed, storeNamed } from './ledger.ts';
import type { PassPlan } from './pass-plan.ts';

/**
 * Folders of a plan, by number, that are not what they were when the pass began: gone, renamed, or made anew under
 * another UIDVALIDITY, at the source or at the target. What the plan says of their UIDs means nothing any more, so the
 * pass leaves them as they are, ends the others, and is planned anew.
 */
export type FoldersAside = ReadonlySet<number>;

const Stored = z.array(z.int());

export async function readAside(objects: ObjectStore, key: string | null | undefined): Promise<FoldersAside> {
  return new Set(key === null || key === undefined ? [] : await readNamed(objects, key, Stored));
}

/** A write-once object, since a server that was restored makes all its folders anew at once. */
export async function storeAside(context: CopyContext, plan: PassPlan, aside: FoldersAside): Promise<string> {
  const numbers = [...aside].sort((a, b) => a - b);
  return storeNamed(context.services.objects, `${plan.prefix}/aside-${String(context.lease.pair.token)}`, numbers);
}

/** Asks both sides for every folder of the plan. */
export async function findAside(context: CopyContext, plan: PassPlan): Promise<FoldersAside> {
  const [atSource, atTarget] = await Promise.all([
    context.source.folderStates(plan.folders.map((folder) => folder.source)),
    context.target.folderStates(plan.folders.map((folder) => ({ ...folder.target, selectable: true }))),
  ]);
  const changed = plan.folders.flatMap((folder, at) =>
    isSame(atSource[at], folder.state) && isSame(atTarget[at], folder.targetState) ? [] : [at],
  );
  return new Set(changed);
}

export function isSame(now: FolderState | 'missing' | undefined, planned: { readonly uidValidity: number }): boolean {
  return now !== undefined && now !== 'missing' && now.uidValidity === planned.uidValidity;
}

/** The plan with nothing left to do in the folders that are set aside. */
export function planWithout(plan: PassPlan, aside: FoldersAside): PassPlan {
  if (aside.size === 0) return plan;
  const folders = plan.folders.map((folder, at) =>
    aside.has(at) ? { ...folder, from: folder.state.uidNext, changed: false } : folder,
  );
  return { ...plan, folders };
}
