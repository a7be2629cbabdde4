import { createHash } from 'node:crypto';
import { internalDateSeconds } from '../../domain/internal-date.ts';
import type { ItemRecord } from '../../domain/ledger.ts';
import type { FolderState, ItemListing, SourceFolder } from '../../domain/mail.ts';
import { accountOf, type PairItem } from '../../domain/pair.ts';
import type { SourceMailbox } from '../../ports/mail-source.ts';
import type { TargetFolder, TargetMailbox } from '../../ports/mail-target.ts';
import type { Services } from '../services.ts';
import { readIndex, readParts } from './index-parts.ts';
import { walkChain } from './ledger.ts';
import { readPlan } from './plan-pass.ts';
import { spanOf } from './uid-span.ts';

type PairServices = Pick<Services, 'store' | 'objects' | 'clock' | 'log' | 'settings'>;

/** The two mailboxes as they are open now. */
interface Opened {
  readonly source: SourceMailbox;
  readonly target: TargetMailbox;
}

export interface KnownPair {
  readonly id: string;
  /** The names under which the pair was first met. */
  readonly source: string;
  readonly target: string;
}

export type PairResolution =
  | {
      readonly outcome: 'known' | 'new';
      readonly pair: KnownPair;
      /** No other pair goes into the target account. */
      readonly isAlone: boolean;
    }
  /** Another worker is beginning with what may be this pair: what it holds will tell. */
  | { readonly outcome: 'undecided' };

/** Items of a folder, and folders, that are compared before two names are taken for one server. */
const sampledItems = 20;
const sampledFolders = 5;

/**
 * Finds the pair of two open mailboxes, whatever their servers are called this time. Pairs into one target account form
 * a chain, whatever the server: pairIdOf(target, 0), 1, 2 and so on. The member with these very names is the pair. Else
 * it is the one whose folders have the UIDVALIDITY that they have here, whose UIDNEXT did not fall, and whose ledger
 * names items that are there under these UIDs (RFC 9051 section 2.3.1.1: the three together identify a message for ever).
 * Else the pair is new, and comes at the chain's end.
 */
export async function resolvePair(services: PairServices, opened: Opened): Promise<PairResolution> {
  const { source, target } = opened;
  const members = await pairsInto(services, target.identity);
  const named = members.find((member) => member.source === source.identity && member.target === target.identity);
  const isAlone = members.length === 1;
  if (named !== undefined) return { outcome: 'known', pair: named, isAlone };
  let undecided = false;
  for (const member of members.filter((candidate) => mayBe(candidate, opened))) {
    const verdict = await recognise(services, opened, member);
    if (verdict === 'same') {
      const { id, source: from, target: to } = member;
      services.log.info('A mailbox pair was recognised under another name', { pair: id, from, to });
      return { outcome: 'known', pair: member, isAlone };
    }
    undecided ||= verdict === 'too-early';
  }
  if (undecided) return { outcome: 'undecided' };
  const id = pairIdOf(target.identity, members.length);
  const pair = { id, source: source.identity, target: target.identity };
  return { outcome: 'new', pair, isAlone: members.length === 0 };
}

/** Between two looks whether the other one of two pairs that began at the same time gave way. */
const giveWayMs = 1_000;

/**
 * Whether another pair into the same target account is being copied: pairs of one target take turns. What a lost worker
 * sent, and what another one is writing just now, could not be told apart where both sources hold the same message. Asked
 * while the own lease is held, so that of two that begin at once one at least sees the other; the later one in the chain
 * gives way.
 */
export async function isTurnOfOther(services: PairServices, opened: Opened, own: string): Promise<boolean> {
  const look = async (): Promise<{ readonly before: boolean; readonly after: boolean }> => {
    const members = await pairsInto(services, opened.target.identity);
    const at = members.findIndex(({ id }) => id === own);
    const now = services.clock.now();
    const busy = members.flatMap(({ id, leaseUntil }, place) => (id !== own && leaseUntil > now ? [place] : []));
    return { before: busy.some((place) => place < at), after: busy.some((place) => place > at) };
  };
  const first = await look();
  if (first.before || !first.after) return first.before;
  await services.clock.sleep(giveWayMs);
  const second = await look();
  return second.before || second.after;
}

/** The other pairs into the same target account. */
export async function pairsBeside(
  services: Pick<Services, 'store'>,
  { target }: Opened,
  own: string,
): Promise<readonly PairItem[]> {
  return (await pairsInto(services, target.identity)).filter(({ id }) => id !== own);
}

function pairIdOf(target: string, position: number): string {
  return createHash('sha256')
    .update(`${accountOf(target)}\n${String(position)}`)
    .digest('hex')
    .slice(0, 32);
}

async function pairsInto({ store }: Pick<Services, 'store'>, target: string): Promise<readonly PairItem[]> {
  const members: PairItem[] = [];
  for (;;) {
    const member = await store.getPair(pairIdOf(target, members.length));
    if (member === undefined) return members;
    members.push(member);
  }
}

/** Another UserRoot is another tree of folders, and so another pair. */
function mayBe(member: PairItem, { source }: Opened): boolean {
  const rootOf = (identity: string): string => /#.*$/.exec(identity)?.[0] ?? '';
  return accountOf(member.source) === accountOf(source.identity) && rootOf(member.source) === rootOf(source.identity);
}

/** What a pair knows of one folder. */
interface Known {
  readonly source: SourceFolder;
  readonly state: FolderState;
  readonly target: TargetFolder;
  readonly targetState: FolderState;
  readonly records: readonly ItemRecord[];
}

async function recognise(
  services: PairServices,
  { source, target }: Opened,
  member: PairItem,
): Promise<'same' | 'other' | 'too-early'> {
  const folders = await knownFolders(services, member);
  if (folders.length === 0) return member.leaseUntil > services.clock.now() ? 'too-early' : 'other';
  const [atSource, atTarget] = await Promise.all([
    source.folderStates(folders.map((folder) => folder.source)),
    target.folderStates(folders.map((folder) => folder.target)),
  ]);
  const consistent =
    grewFrom(
      folders.map((folder) => folder.state),
      atSource,
    ) &&
    grewFrom(
      folders.map((folder) => folder.targetState),
      atTarget,
    );
  if (!consistent) return 'other';
  return await samplesAgree({ source, target }, folders, { atSource, atTarget });
}

/**
 * More folders than not are the ones we know: a few may have been removed, or made anew under their old name. One that
 * never held anything proves nothing: servers number folders by the second in which they were made, or all alike.
 */
function grewFrom(known: readonly FolderState[], now: readonly (FolderState | 'missing')[]): boolean {
  let same = 0;
  let other = 0;
  for (const [at, before] of known.entries()) {
    if (before.uidNext <= 1) continue;
    const state = now[at];
    const isIt =
      typeof state === 'object' && state.uidValidity === before.uidValidity && state.uidNext >= before.uidNext;
    if (isIt) same += 1;
    else other += 1;
  }
  return same > other || same + other === 0;
}

async function samplesAgree(
  { source, target }: Opened,
  folders: readonly Known[],
  { atSource, atTarget }: Record<'atSource' | 'atTarget', readonly (FolderState | 'missing')[]>,
): Promise<'same' | 'other'> {
  let alikeAtSource = 0;
  let different = 0;
  let asked = 0;
  const judge = (
    records: readonly ItemRecord[],
    listed: readonly ItemListing[],
    uidOf: (record: ItemRecord) => number,
  ): number => {
    let alike = 0;
    const items = new Map(listed.map((item) => [item.uid, item]));
    for (const record of records) {
      const item = items.get(uidOf(record));
      if (item === undefined) continue;
      if (internalDateSeconds(item.internalDate) === internalDateSeconds(record.internalDate)) alike += 1;
      else different += 1;
    }
    return alike;
  };
  for (const [at, folder] of folders.entries()) {
    const records = folder.records.filter((record) => record.outcome === 'copied').slice(-sampledItems);
    const state = atSource[at];
    if (records.length === 0 || asked === sampledFolders) continue;
    asked += 1;
    if (state !== undefined && state !== 'missing' && state.uidValidity === folder.state.uidValidity) {
      const range = { uidValidity: state.uidValidity, ...spanOf(records.map(({ uid }) => uid)) };
      alikeAtSource += judge(records, await source.listItems(folder.source, range), ({ uid }) => uid);
    }
    const placed = records.filter((record) => record.target !== undefined);
    const uids = placed.map((record) => record.target ?? 0);
    if (uids.length > 0 && atTarget[at] !== 'missing')
      judge(placed, await target.listItems(folder.target, spanOf(uids)), (record) => record.target ?? 0);
  }
  // Nothing was copied yet: whichever pair goes on from here, nothing is there that could come twice.
  if (asked === 0) return 'same';
  // That the target holds what we wrote tells nothing of the source: another mailbox of the same name would be taken for
  // one that was copied. Where all that is looked at was deleted there, the pair is a new one, to a filled target.
  return alikeAtSource > 0 && different === 0 ? 'same' : 'other';
}

/** From the index of the last pass that closed; before the first one did, from its plan and its newest page. */
async function knownFolders(services: PairServices, member: PairItem): Promise<readonly Known[]> {
  const { objects } = services;
  const index = await readIndex(objects, member.index);
  if (index !== null) {
    const folders: Known[] = [];
    for (const folder of index.folders.filter(({ missing }) => !missing)) {
      const last = folders.length < 4 * sampledFolders ? folder.parts.at(-1) : undefined;
      const records: ItemRecord[] = [];
      for await (const part of readParts(objects, last === undefined ? [] : [last])) records.push(...part);
      folders.push({
        source: { ...folder.source, selectable: true },
        target: { ...folder.target, selectable: true },
        state: folder.state,
        targetState: folder.targetState,
        records,
      });
    }
    return folders;
  }
  const planned = member.pass?.plan ?? null;
  if (planned === null) return [];
  const plan = await readPlan({ services }, planned);
  const newest = new Map<number, readonly ItemRecord[]>();
  for await (const segment of walkChain(objects, member.ledgerHead)) {
    newest.set(segment.folder, segment.items);
    break;
  }
  return plan.folders.map((folder, at) => {
    const records = newest.get(at) ?? [];
    const highest = records.reduce((most, { target = 0 }) => Math.max(most, target), 0);
    return {
      source: folder.source,
      target: { ...folder.target, selectable: true },
      state: folder.state,
      targetState: { ...folder.targetState, uidNext: Math.max(folder.targetState.uidNext, highest + 1) },
      records,
    };
  });
}
