import { FlagLists, parseFetch } from './fetch-response.ts';
import { ResponseCursor } from './response-cursor.ts';
import type { UntaggedData } from './command-queue.ts';
import type { ImapConnection } from './imap-connection.ts';
import { ImapProtocolError } from './imap-error.ts';
import { parseUidSet } from './uid-set.ts';

/** Of a message without a date, which must be listed all the same. */
const epoch = '01-Jan-1970 00:00:00 +0000';

export interface ListedMessage {
  readonly uid: number;
  readonly flags: readonly string[];
  readonly internalDate: string;
  readonly size: number;
}

/**
 * UID FETCH of what a listing needs, item by item as they arrive (a server sends them ascending, but updates of single
 * flags may come between: those are left out). `set` as on the wire, e.g. `1:500`.
 */
export async function fetchListing(
  connection: ImapConnection,
  set: string,
  onMessage: (message: ListedMessage) => void | Promise<void>,
): Promise<void> {
  const flagLists = new FlagLists();
  await connection.execute({
    name: 'UID FETCH',
    parts: [`UID FETCH ${set} (UID FLAGS INTERNALDATE RFC822.SIZE)`],
    accepts: ['FETCH'],
    alone: 'FETCH',
    untagged: (data) => {
      const { uid, flags = [], internalDate, size } = parseFetch(data.response, data.number, flagLists);
      if (internalDate === undefined && size === undefined) {
        // Flags that changed meanwhile, not an answer to us.
        return;
      }
      if (uid === undefined) {
        throw new ImapProtocolError('The server lists a message without its UID.');
      }
      return onMessage({ uid, flags, internalDate: internalDate ?? epoch, size: size ?? 0 });
    },
  });
}

export interface ListedFlags {
  readonly uid: number;
  readonly flags: readonly string[];
}

/**
 * UID FETCH of flags alone; with `changedSince` (a mod-sequence, RFC 7162) only of what changed, and with `vanished`
 * (QRESYNC enabled) also the UIDs of `set` that are gone.
 */
export async function fetchFlags(
  connection: ImapConnection,
  request: {
    readonly set: string;
    readonly changedSince?: string | undefined;
    readonly vanished?: { readonly from: number; readonly to: number } | undefined;
  },
): Promise<{ readonly flags: readonly ListedFlags[]; readonly vanished: readonly number[] }> {
  const flagLists = new FlagLists();
  const flags = new Map<number, readonly string[]>();
  const vanished: number[] = [];
  const bounds = request.vanished;
  await connection.execute({
    name: 'UID FETCH',
    parts: [`UID FETCH ${request.set} (UID FLAGS)${changedSince(request.changedSince, bounds !== undefined)}`],
    accepts: ['FETCH', 'VANISHED'],
    alone: 'FETCH',
    untagged: (data) => {
      if (data.kind === 'VANISHED') {
        vanished.push(...readVanished(data, bounds ?? { from: 1, to: 0 }));
        return;
      }
      const fetch = parseFetch(data.response, data.number, flagLists);
      if (fetch.uid !== undefined && fetch.flags !== undefined) {
        flags.set(fetch.uid, fetch.flags);
      }
    },
  });
  return {
    flags: [...flags].map(([uid, list]) => ({ uid, flags: list })).sort((a, b) => a.uid - b.uid),
    vanished: vanished.sort((a, b) => a - b),
  };
}

function changedSince(modSeq: string | undefined, vanished: boolean): string {
  if (modSeq === undefined) {
    return '';
  }
  return ` (CHANGEDSINCE ${modSeq}${vanished ? ' VANISHED' : ''})`;
}

function readVanished(data: UntaggedData, bounds: { readonly from: number; readonly to: number }): number[] {
  const cursor = new ResponseCursor(data.response, data.position);
  if (cursor.take('(')) {
    cursor.word();
  }
  return parseUidSet(cursor.rest.trim(), bounds);
}

/** UID SEARCH, ascending. ESEARCH (RFC 4731) where offered: a set instead of every number. */
export async function searchUids(connection: ImapConnection, criteria: string): Promise<readonly number[]> {
  const found: number[] = [];
  const extended = connection.capabilities.has('ESEARCH');
  await connection.execute({
    name: 'UID SEARCH',
    parts: [`UID SEARCH ${extended ? 'RETURN (ALL) ' : ''}${criteria}`],
    accepts: ['SEARCH', 'ESEARCH'],
    alone: 'SEARCH',
    untagged: (data) => {
      const text = data.response.text.slice(data.position);
      const set = data.kind === 'SEARCH' ? text.replace(/\(.*$/, '').trim().replaceAll(' ', ',') : allOf(text);
      for (const uid of parseUidSet(set)) {
        found.push(uid);
      }
    },
  });
  return found.sort((a, b) => a - b);
}

function allOf(esearch: string): string {
  return / ALL ([\d:,]+)/i.exec(esearch)?.[1] ?? '';
}
