import { TransientError } from '../../domain/errors.ts';
import type { Change, ItemFacts, ItemMap } from '../item-map/item-map.ts';
import type { ItemMapStore, StoredMap } from '../item-map/item-map-store.ts';
import { at } from '../exchange-http/connection-errors.ts';
import { mailFacts } from '../exchange-http/mail-facts.ts';
import type { DavConnection, MultistatusAnswer } from './dav-connection.ts';
import { davError } from './dav-errors.ts';
import { keptUrl, scopeOf } from './dav-paths.ts';
import { askAnything, searchItems, searchManifest, searchUnread, tags } from './dav-requests.ts';
import { idOf, isTrue } from './dav-values.ts';
import type { DavResponse } from './multistatus.ts';

/** Rows of one answer while a folder is listed: what is lost when a connection breaks. */
const pageRows = 500;
/** Changes of one segment: a manifest comes in one answer, however long. */
const segmentChanges = 2_000;

/**
 * Where the listing of a folder stands, as the map keeps it. A folder is listed page by page under a collblob that was
 * taken before: so what changes meanwhile comes with the next manifest, and who is killed goes on with the next page.
 */
type Standing =
  | { readonly at: 'beginning' }
  | { readonly at: 'page'; readonly row: number; readonly collblob: string }
  | { readonly at: 'manifest'; readonly collblob: string };

export interface AskedFolder {
  readonly id: string;
  readonly path: string;
  /** Unread items, as of the last look at the folders; undefined: the server does not say. */
  readonly unread?: number | undefined;
}

/** Has the server tell what changed in a folder and keeps it. 'missing' where the folder is gone. */
export async function syncDavItems(
  connection: DavConnection,
  store: ItemMapStore,
  folder: AskedFolder,
): Promise<ItemMap | 'missing'> {
  const stored = await syncMap(connection, store, folder);
  if (stored === 'missing') return 'missing';
  const { map } = stored;
  if (folder.unread === 0 && unreadIn(map) === 0) return map;
  const changes = await readingChanges(connection, folder, map);
  if (changes === 'missing') return 'missing';
  if (changes.length === 0) return map;
  const standing = standingOf(stored.map);
  const step = { anew: false, changes, now: standing, next: standing, last: true };
  return (await keep(store, stored, step)) ? map : (await store.load(folder.id)).map;
}

function unreadIn(map: ItemMap): number {
  return map.list(1, Infinity).filter(({ flags }) => !flags.includes('\\Seen')).length;
}

/**
 * That somebody reads a message changes no other property of it, and nothing says whether a manifest tells it. So the
 * unread items are asked for, which are few. Their number alone would not do: one may have been read, and another one not.
 */
async function readingChanges(
  connection: DavConnection,
  folder: AskedFolder,
  map: ItemMap,
): Promise<readonly Change[] | 'missing'> {
  const unread = new Set<string>();
  const answer = await search(connection, folder, { body: searchUnread(scopeOf(folder.path)) }, (response) => {
    unread.add(idOf(response));
  });
  if (answer.status === 404) return 'missing';
  if (answer.status !== 207) throw davError(answer, 'folder', connection.host);
  return map.facts(map.list(1, Infinity).map(({ uid }) => uid)).flatMap(({ facts: { id, flags } }) => {
    const read = !unread.has(id);
    return flags.includes('\\Seen') === read ? [] : [{ id, read }];
  });
}

async function syncMap(
  connection: DavConnection,
  store: ItemMapStore,
  folder: AskedFolder,
): Promise<StoredMap | 'missing'> {
  let stored = await store.load(folder.id);
  let losses = 0;
  let isLost = false;
  for (;;) {
    const standing: Standing = isLost ? { at: 'beginning' } : standingOf(stored.map);
    const withManifest = losses < 2;
    const step = await stepFrom(connection, folder, { standing, map: stored.map, withManifest });
    if (step === 'missing') return 'missing';
    if (step === 'unchanged') return stored;
    isLost = step === 'lost';
    if (step === 'lost') losses += 1;
    else if (!(await keep(store, stored, step))) stored = await store.load(folder.id);
    else if (step.last) return stored;
  }
}

interface Step {
  readonly anew: boolean;
  readonly changes: readonly Change[];
  /** Where the server goes on when all of the changes are kept, and until then. */
  readonly next: Standing;
  readonly now: Standing;
  readonly last: boolean;
}

type Progress = Step | 'missing' | 'lost' | 'unchanged';

async function stepFrom(
  connection: DavConnection,
  folder: AskedFolder,
  from: {
    readonly standing: Standing;
    readonly map: ItemMap;
    /** False: a server that takes none of the collblobs that it gave is listed without. */
    readonly withManifest: boolean;
  },
): Promise<Progress> {
  const { standing, map, withManifest } = from;
  switch (standing.at) {
    case 'beginning': {
      const collblob = withManifest ? await takeCollblob(connection, folder) : '';
      if (collblob === undefined) return 'missing';
      return listPage(connection, folder, { map, row: 0, collblob, anew: true });
    }
    case 'page':
      return listPage(connection, folder, { map, row: standing.row, collblob: standing.collblob, anew: false });
    case 'manifest':
      return askManifest(connection, folder, { map, standing });
  }
}

/** False: somebody else went on; what is stored is to be looked at. */
async function keep(store: ItemMapStore, stored: StoredMap, step: Step): Promise<boolean> {
  const { map } = stored;
  for (let from = 0; ; from += segmentChanges) {
    const to = from + segmentChanges;
    const isEnd = to >= step.changes.length;
    const told = {
      anew: step.anew && from === 0,
      syncState: written(isEnd ? step.next : step.now),
      last: step.last && isEnd,
      changes: step.changes.slice(from, to),
    };
    if (!(await store.append(stored, store.newSegment(map, told)))) return false;
    if (isEnd) return true;
  }
}

/** '' where the server keeps no manifests: then a folder is listed anew each time. Undefined: the folder is gone. */
async function takeCollblob(connection: DavConnection, folder: AskedFolder): Promise<string | undefined> {
  const answer = await search(connection, folder, { body: searchManifest(scopeOf(folder.path), '', 'ids') });
  if (answer.status === 404) return undefined;
  if (answer.status === 207) return answer.collblob ?? '';
  if (await isRefusal(connection, folder, answer)) return '';
  throw davError(answer, 'folder', connection.host);
}

/**
 * Rows are numbers: when an earlier one goes, one that was not seen yet takes the number of one that was. So each page
 * begins with the row that was the last one before, and where that is another one the page before is asked for again.
 */
async function listPage(
  connection: DavConnection,
  folder: AskedFolder,
  page: { readonly map: ItemMap; readonly row: number; readonly collblob: string; readonly anew: boolean },
): Promise<Progress> {
  const { map, collblob, anew } = page;
  const body = searchItems(scopeOf(folder.path));
  for (let row = Math.max(0, page.row - 1); ; row = Math.max(0, row - pageRows + 1)) {
    const facts: ItemFacts[] = [];
    const range = `rows=${String(row)}-${String(row + pageRows - 1)}`;
    const answer = await search(connection, folder, { body, range }, (response) => facts.push(factsOf(response)));
    if (answer.status === 404) return 'missing';
    const isBeyond = answer.status === 416;
    if (answer.status !== 207 && !isBeyond) throw davError(answer, 'folder', connection.host);
    const [first] = facts;
    if (row > 0 && (first === undefined || !map.hasListed(first.id))) continue;
    const isEnd = facts.length !== pageRows;
    const now: Standing = { at: 'page', row: page.row, collblob };
    const next: Standing = isEnd ? { at: 'manifest', collblob } : { at: 'page', row: row + facts.length, collblob };
    const fresh = facts.filter(({ id }) => anew || !map.hasListed(id));
    if (!isEnd && fresh.length === 0) throw getsNowhere(connection);
    // Without a manifest there is nothing to wait for.
    const last = isEnd && collblob === '';
    return { anew, changes: fresh.map((item) => ({ item })), now, next, last };
  }
}

async function askManifest(
  connection: DavConnection,
  folder: AskedFolder,
  { map, standing }: { readonly map: ItemMap; readonly standing: Standing & { readonly at: 'manifest' } },
): Promise<Progress> {
  const { collblob } = standing;
  if (collblob === '') return 'lost';
  const changes: Change[] = [];
  const body = searchManifest(scopeOf(folder.path), collblob, 'all');
  const answer = await search(connection, folder, { body }, (response) => changes.push(changeOf(response)));
  if (answer.status === 404) return 'missing';
  if (await isLostCollblob(connection, folder, answer)) return 'lost';
  if (answer.status !== 207) throw davError(answer, 'folder', connection.host);
  if (changes.length === 0 && !map.isPartial) return 'unchanged';
  return {
    anew: false,
    changes,
    now: standing,
    next: { at: 'manifest', collblob: answer.collblob ?? '' },
    last: true,
  };
}

async function isLostCollblob(
  connection: DavConnection,
  folder: AskedFolder,
  answer: MultistatusAnswer,
): Promise<boolean> {
  return answer.status === 207 ? answer.collblob === undefined : isRefusal(connection, folder, answer);
}

/**
 * What a server says to a collblob that it cannot read is written nowhere. So whatever it refuses while it answers for the
 * folder itself is taken for that: to list a folder anew costs time, and doubles nothing.
 */
async function isRefusal(
  connection: DavConnection,
  folder: AskedFolder,
  { status }: Pick<MultistatusAnswer, 'status'>,
): Promise<boolean> {
  if ([400, 409, 410, 412, 422].includes(status)) return true;
  return status === 500 && (await answerAt(connection, folder.path)).status === 207;
}

/** What the server says of a resource as such: 207 where it is there and may be seen. */
export function answerAt(connection: DavConnection, path: string): Promise<MultistatusAnswer> {
  return connection.multistatus({ method: 'PROPFIND', path, body: askAnything }, () => undefined);
}

/** Ids of items that the server says to be gone since the folder was looked at; undefined where it cannot say. */
export async function goneSince(
  connection: DavConnection,
  folder: AskedFolder,
  map: ItemMap,
): Promise<ReadonlySet<string> | undefined> {
  const standing = standingOf(map);
  if (standing.at !== 'manifest' || standing.collblob === '') return undefined;
  const gone = new Set<string>();
  const body = searchManifest(scopeOf(folder.path), standing.collblob, 'ids');
  const answer = await search(connection, folder, { body }, (response) => {
    const change = changeOf(response);
    if ('gone' in change) gone.add(change.gone);
  });
  return answer.status === 207 ? gone : undefined;
}

function search(
  connection: DavConnection,
  folder: AskedFolder,
  { body, range }: { readonly body: string; readonly range?: string },
  onResponse: (response: DavResponse) => void = () => undefined,
): Promise<MultistatusAnswer> {
  const headers = range === undefined ? {} : { Range: range };
  return connection.multistatus({ method: 'SEARCH', path: folder.path, body, headers }, onResponse);
}

function getsNowhere(connection: DavConnection): TransientError {
  const message = at(connection.host, 'SEARCH does not come to an end.');
  return new TransientError({ code: 'SERVER_MISBEHAVES', message });
}

function standingOf({ syncState }: ItemMap): Standing {
  const [, row, collblob = ''] = /^(?:page (\d+)|manifest) (.*)$/s.exec(syncState) ?? [];
  if (syncState === '') return { at: 'beginning' };
  return row === undefined ? { at: 'manifest', collblob } : { at: 'page', row: Number(row), collblob };
}

function written(standing: Standing): string {
  switch (standing.at) {
    case 'beginning':
      return '';
    case 'page':
      return `page ${String(standing.row)} ${standing.collblob}`;
    case 'manifest':
      return `manifest ${standing.collblob}`;
  }
}

function changeOf(response: DavResponse): Change {
  return response.isDeleted ? { gone: idOf(response) } : { item: factsOf(response) };
}

function factsOf(response: DavResponse): ItemFacts {
  const { href, properties } = response;
  const receivedMs = Date.parse(properties.get('datereceived') ?? properties.get('creationdate') ?? '');
  const facts = mailFacts({
    id: idOf(response),
    itemClass: properties.get('outlookmessageclass'),
    size: properties.get(tags.size),
    receivedMs: Number.isNaN(receivedMs) ? undefined : receivedMs,
    isRead: isTrue(properties.get('read')),
    messageFlags: properties.get(tags.messageFlags),
    flagStatus: properties.get(tags.flagStatus),
    lastVerb: properties.get(tags.lastVerb),
    searchKey: properties.get(tags.searchKey),
  });
  return { ...facts, url: keptUrl(href, properties.get('permanenturl')) };
}
