import { internalDateSeconds, mayBecome } from '../../domain/internal-date.ts';
import { isCopy, type ItemRecord } from '../../domain/ledger.ts';
import type { IndexFolder } from '../../domain/ledger-index.ts';
import type { FolderState } from '../../domain/mail.ts';
import type { TargetFolder } from '../../ports/mail-target.ts';
import type { CopyContext } from './copy-context.ts';
import { readParts } from './index-parts.ts';
import { spanOf } from './uid-span.ts';

/** Why a folder has another name at the target, in the words of the reports. */
export const renamedThere = 'it was renamed at the target';

/** Records of a folder that are compared before a folder with another name is taken for it. */
const comparedItems = 50;

interface Lost<Who> {
  readonly who: Who;
  readonly before: IndexFolder | undefined;
}

/**
 * Folders of the target that are not where we left them, among those that nothing else claims: the same UIDVALIDITY, no
 * lower UIDNEXT, and our items under the UIDs that the ledger has for them (RFC 9051 section 2.3.1.1). Their users renamed
 * them, and their names stay. UIDVALIDITY alone proves nothing, but where nothing of ours was committed there is nothing
 * to compare: then it is enough that no other folder has it.
 */
export async function findMoved<Who>(
  context: CopyContext,
  about: { readonly lost: readonly Lost<Who>[]; readonly free: readonly TargetFolder[] },
): Promise<ReadonlyMap<Who, TargetFolder>> {
  const moved = new Map<Who, TargetFolder>();
  if (about.lost.length === 0 || about.free.length === 0) return moved;
  const states = await context.target.folderStates(about.free);
  for (const { who, before } of about.lost) {
    if (before === undefined) continue;
    const like = about.free.filter((_, at) => mayBe(states[at], before.targetState));
    const records = await newestPlaced(context, before);
    for (const folder of like) {
      if ([...moved.values()].includes(folder)) continue;
      const same = records.length === 0 ? like.length === 1 : await holds(context, folder, records);
      if (same) moved.set(who, folder);
      if (same) break;
    }
  }
  return moved;
}

function mayBe(state: FolderState | 'missing' | undefined, known: FolderState): boolean {
  if (state === undefined || state === 'missing') return false;
  return state.uidValidity === known.uidValidity && state.uidNext >= known.uidNext;
}

async function newestPlaced(context: CopyContext, before: IndexFolder): Promise<readonly ItemRecord[]> {
  const last = before.parts.at(-1) ?? before.former.at(-1);
  const placed: ItemRecord[] = [];
  for await (const records of readParts(context.services.objects, last === undefined ? [] : [last])) {
    placed.push(...records.filter((record) => isCopy(record) && record.target !== undefined));
  }
  return placed.slice(-comparedItems);
}

async function holds(context: CopyContext, folder: TargetFolder, records: readonly ItemRecord[]): Promise<boolean> {
  const uids = records.map(({ target = 0 }) => target);
  const listed = await context.target.listItems(folder, spanOf(uids));
  const seconds = new Map(listed.map((item) => [item.uid, internalDateSeconds(item.internalDate)]));
  const there = records.filter(({ target = 0 }) => seconds.has(target));
  const isKept = (record: ItemRecord): boolean =>
    seconds.get(record.target ?? 0) === internalDateSeconds(record.internalDate);
  return (
    there.some(isKept) &&
    there.every(
      (record) =>
        isKept(record) || mayBecome(internalDateSeconds(record.internalDate), seconds.get(record.target ?? 0) ?? 0),
    )
  );
}
