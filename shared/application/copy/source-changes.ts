import { z } from 'zod';
import { internalDateSeconds } from '../../domain/internal-date.ts';
import type { ItemRecord } from '../../domain/ledger.ts';
import type { IndexFolder, LedgerIndex } from '../../domain/ledger-index.ts';
import type { FolderState, ItemListing } from '../../domain/mail.ts';
import type { FolderChanges } from '../../ports/mail-source.ts';
import type { CopyContext } from './copy-context.ts';
import { digestItems } from './digest-items.ts';
import { readParts } from './index-parts.ts';
import { encodeObject, readNamed, storeOnce } from './ledger.ts';
import { writableFlags } from './page-copy.ts';
import type { PassPlan, PlannedFolder } from './pass-plan.ts';
import { spanOf } from './uid-span.ts';

/** What changed at the source among items that earlier passes settled, by the plan's folder index. */
export const SourceChanges = z.object({
  folders: z.record(
    z.string(),
    z.object({
      gone: z.array(z.int()),
      /** Flags as they were carried over, by UID. */
      flags: z.record(z.string(), z.array(z.string())),
    }),
  ),
});
export type SourceChanges = z.infer<typeof SourceChanges>;

/**
 * Looks at every folder that changed since the previous pass: what is gone, and which flags are other. Flags carry over
 * as the difference since the copy, and only where the target still has what we last wrote; \Deleted never.
 *
 * Run twice: an item whose flags were changed by a killed worker has the wanted flags already, which counts as done.
 */
export async function applySourceChanges(
  context: CopyContext,
  plan: PassPlan,
  previous: LedgerIndex | null,
): Promise<string | null> {
  const folders: SourceChanges['folders'] = {};
  for (const [at, folder] of plan.folders.entries()) {
    const before = previous?.folders[folder.previous ?? folder.rekey ?? -1];
    if (before === undefined || !folder.changed || before.parts.length === 0) continue;
    if (!isContinued(before.state, folder.state)) {
      const gone = await goneByKind(context, folder, before);
      if (gone.length > 0) folders[String(at)] = { gone, flags: {} };
      continue;
    }
    const changes = await context.source.changesSince(folder.source, before.state);
    const { gone, flags } = await compare(context, before, changes);
    // A target folder that was made anew: the ledger's UIDs name other items there.
    const sameTarget = before.targetState.uidValidity === folder.targetState.uidValidity;
    // Of a folder that is matched anew only what is gone matters: it may be in another one. Flags follow with the match.
    const carried = await carryFlags(context, folder, sameTarget && folder.rekey === null ? flags : []);
    if (gone.length > 0 || carried.size > 0) folders[String(at)] = { gone, flags: Object.fromEntries(carried) };
  }
  if (Object.keys(folders).length === 0) return null;
  const object = encodeObject(`${plan.prefix}/changes-${String(context.lease.pair.token)}.json`, { folders });
  await storeOnce(context.services.objects, object);
  return object.head.key;
}

/** True where the UIDs of a folder still mean what they meant (RFC 9051 section 2.3.1.1). */
export function isContinued(before: FolderState, now: FolderState): boolean {
  return before.uidValidity === now.uidValidity && now.uidNext >= before.uidNext;
}

/** UIDs of one listing request, of which the headers are read. */
const listingSpan = 2_500;

/**
 * What a folder does not hold any more though its UIDs tell nothing, since it was made anew or its name is another
 * folder's now (`Projects` became `Projects 2024`, and there is a new `Projects`): records of which it has no item, or not
 * as many, of the same fingerprint, second and size. They may be in another folder. So may those that a fingerprint does not
 * tell apart: what of them is here still is found here. A target that cannot remove single messages (no UIDPLUS) cannot
 * move them there.
 */
async function goneByKind(context: CopyContext, folder: PlannedFolder, before: IndexFolder): Promise<number[]> {
  if (!context.target.profile.uidPlus) return [];
  const { uidValidity, uidNext } = folder.state;
  const place = { side: 'source', folder: folder.source, uidValidity } as const;
  const here = new Map<string, number>();
  for (let from = 1; from < uidNext; from += listingSpan) {
    const range = { uidValidity, from, to: Math.min(from + listingSpan, uidNext) - 1 };
    const listed = await context.source.listItems(folder.source, range);
    const sizes = new Map(listed.map(({ uid, size }) => [uid, size]));
    for (const { uid, fingerprint, seconds } of await digestItems(context, place, listed, true))
      count(here, kindOf(context, { fingerprint, seconds, size: sizes.get(uid) }));
  }
  const known = new Map<string, number>();
  /** One version each, as far as it is one. */
  const versions = new Map<string, string | undefined>();
  const copied: { readonly uid: number; readonly kind: string }[] = [];
  for await (const records of readParts(context.services.objects, before.parts)) {
    for (const { uid, outcome, fingerprint, internalDate, size, sha256, certain } of records) {
      if (outcome !== 'copied' || fingerprint === undefined) continue;
      const kind = kindOf(context, { fingerprint, seconds: internalDateSeconds(internalDate), size });
      const isOne = certain !== false && (!versions.has(kind) || versions.get(kind) === sha256);
      versions.set(kind, isOne ? sha256 : undefined);
      count(known, kind);
      copied.push({ uid, kind });
    }
  }
  const isHere = (kind: string): boolean =>
    versions.get(kind) !== undefined && (here.get(kind) ?? 0) >= (known.get(kind) ?? 0);
  return copied.filter(({ kind }) => !isHere(kind)).map(({ uid }) => uid);
}

function kindOf(
  { source }: CopyContext,
  item: { readonly fingerprint: string; readonly seconds: number; readonly size: number | undefined },
): string {
  return JSON.stringify([item.fingerprint, item.seconds, source.stableOctets ? item.size : null]);
}

function count(counts: Map<string, number>, kind: string): void {
  counts.set(kind, (counts.get(kind) ?? 0) + 1);
}

export async function readSourceChanges(
  context: Pick<CopyContext, 'services'>,
  key: string | null,
): Promise<SourceChanges> {
  return key === null ? { folders: {} } : readNamed(context.services.objects, key, SourceChanges);
}

interface FlagChange {
  readonly record: Pick<ItemRecord, 'uid' | 'flags' | 'target'>;
  readonly flags: readonly string[];
}

async function compare(
  context: CopyContext,
  before: IndexFolder,
  changes: FolderChanges,
): Promise<{ readonly gone: number[]; readonly flags: readonly FlagChange[] }> {
  const present = changes.present === undefined ? undefined : new Set(changes.present);
  const vanished = new Set(changes.vanished ?? []);
  const flagsNow = new Map(changes.flags.map((item) => [item.uid, item.flags]));
  const gone: number[] = [];
  const flags: FlagChange[] = [];
  for await (const records of readParts(context.services.objects, before.parts)) {
    for (const record of records) {
      if (record.outcome === 'vanished') continue;
      if (vanished.has(record.uid) || present?.has(record.uid) === false) {
        gone.push(record.uid);
        continue;
      }
      const now = flagsNow.get(record.uid);
      if (now !== undefined && record.target !== undefined && !sameFlags(record.flags, now)) {
        flags.push({ record, flags: now });
      }
    }
  }
  return { gone, flags };
}

export async function carryFlags(
  context: CopyContext,
  folder: PlannedFolder,
  changes: readonly FlagChange[],
): Promise<Map<string, string[]>> {
  const carried = new Map<string, string[]>();
  const targets = changes.flatMap(({ record }) => (record.target === undefined ? [] : [record.target]));
  if (targets.length === 0) return carried;
  const target = { ...folder.target, selectable: true };
  const there = new Map(
    (await context.target.listItems(target, spanOf(targets))).map((item) => [item.uid, item.flags]),
  );
  const { keywords } = context.target.profile;
  const writes: { uid: number; add: string[]; remove: string[] }[] = [];
  for (const { record, flags } of changes) {
    const now = record.target === undefined ? undefined : there.get(record.target);
    if (now === undefined || record.target === undefined) continue;
    const wanted = withoutDeleted(writableFlags(flags, keywords));
    const written = withoutDeleted(writableFlags(record.flags, keywords));
    // Adding and removing are two commands: a worker may have been killed between them, or one of them refused.
    const added = [...written, ...wanted];
    const removed = written.filter((flag) => wanted.map(lower).includes(lower(flag)));
    // Somebody changed the flags at the target since: theirs stay.
    if (![written, added, removed, wanted].some((known) => sameFlags(withoutDeleted(now), known))) continue;
    const has = new Set(now.map(lower));
    const wants = new Set(wanted.map(lower));
    const add = wanted.filter((flag) => !has.has(lower(flag)));
    const remove = written.filter((flag) => !wants.has(lower(flag)) && has.has(lower(flag)));
    if (add.length > 0 || remove.length > 0) writes.push({ uid: record.target, add, remove });
    // \Deleted is never carried over: the target has it exactly where it was copied with the message.
    const deleted = record.flags.filter((flag) => lower(flag) === '\\deleted');
    carried.set(String(record.uid), [...withoutDeleted(flags), ...deleted]);
  }
  if (writes.length > 0) await context.target.changeFlags(target, writes);
  return carried;
}

/**
 * Items that are at the target though no record says so get the source's flags, as if they had just been written: a server
 * that ended in mid-write may have lost its names of keywords. Where users are at work, the flags that they gave them stay.
 */
export async function giveFlags(
  context: CopyContext,
  folder: PlannedFolder,
  items: readonly { readonly uid: number; readonly flags: readonly string[]; readonly there: ItemListing }[],
): Promise<Map<string, string[]>> {
  const { usersAtWork } = context.options;
  const changes = items
    .filter(({ flags, there }) => !usersAtWork && !sameFlags(there.flags, flags))
    .map(({ uid, flags, there }) => ({ record: { uid, flags: [...there.flags], target: there.uid }, flags }));
  return carryFlags(context, folder, changes);
}

function withoutDeleted(flags: readonly string[]): readonly string[] {
  return flags.filter((flag) => !['\\deleted', '\\recent'].includes(lower(flag)));
}

function lower(flag: string): string {
  return flag.toLowerCase();
}

/** Flags compare without regard to case or order (RFC 9051 section 2.3.2). */
export function sameFlags(a: readonly string[], b: readonly string[]): boolean {
  const one = new Set(a.map(lower).filter((flag) => flag !== '\\recent'));
  const other = new Set(b.map(lower).filter((flag) => flag !== '\\recent'));
  return one.size === other.size && [...one].every((flag) => other.has(flag));
}
