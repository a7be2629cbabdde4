import type { FolderState } from '../../domain/mail.ts';
import type { FolderChanges } from '../../ports/mail-source.ts';
import type { FolderRequest, FolderSession } from './folder-session.ts';
import { fetchFlags, searchUids } from './protocol/fetch-listing.ts';
import { ImapReplyError } from './protocol/imap-error.ts';

export interface ChangesRequest {
  readonly folder: FolderRequest;
  readonly known: FolderState;
  /** QRESYNC is enabled on this connection. */
  readonly resync: boolean;
}

/**
 * What changed in a folder below the UIDNEXT that is known: with QRESYNC the server says which flags are other and what is
 * gone, with CONDSTORE (both RFC 7162) it says the flags and what is there is searched for; else everything is listed.
 */
export async function changesOf(session: FolderSession, request: ChangesRequest): Promise<FolderChanges> {
  const { capabilities } = session.connection;
  const condStore = capabilities.has('CONDSTORE') || capabilities.has('QRESYNC');
  const modSeq = condStore ? request.known.highestModSeq : undefined;
  const changes = modSeq === undefined ? undefined : await changesAfter(session, request, modSeq);
  return changes ?? listAll(session, request);
}

/**
 * Undefined where the folder does not count as it did: its mod-sequences began anew (an index that was lost), or it has
 * none any more, which a server answers with BAD (RFC 7162 section 3.1.2.2).
 */
async function changesAfter(
  session: FolderSession,
  { folder, known, resync }: ChangesRequest,
  modSeq: string,
): Promise<FolderChanges | undefined> {
  const { connection } = session;
  const bounds = { from: 1, to: known.uidNext - 1 };
  const set = `1:${String(bounds.to)}`;
  try {
    return await session.within({ ...folder, anew: true }, async (opened) => {
      const [{ flags, vanished }, present] = await Promise.all([
        fetchFlags(connection, { set, changedSince: modSeq, vanished: resync ? bounds : undefined }),
        resync ? undefined : searchUids(connection, `UID ${set}`),
      ]);
      if (BigInt(opened.told()?.highestModSeq ?? modSeq) < BigInt(modSeq)) {
        return undefined;
      }
      return present === undefined ? { flags, vanished } : { flags, present };
    });
  } catch (error) {
    if (error instanceof ImapReplyError && error.reply.status === 'BAD') {
      return undefined;
    }
    throw error;
  }
}

async function listAll(session: FolderSession, { folder, known }: ChangesRequest): Promise<FolderChanges> {
  const { connection } = session;
  const set = `1:${String(known.uidNext - 1)}`;
  return session.within({ ...folder, anew: true }, async () => {
    const [{ flags }, present] = await Promise.all([
      fetchFlags(connection, { set }),
      searchUids(connection, `UID ${set}`),
    ]);
    return { flags, present };
  });
}
