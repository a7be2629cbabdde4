import type { FolderState, ItemListing } from '../../domain/mail.ts';
import { fetchListing, searchUids } from './protocol/fetch-listing.ts';
import type { ImapConnection } from './protocol/imap-connection.ts';
import { ImapReplyError } from './protocol/imap-error.ts';
import { mailboxStatus, openMailbox } from './protocol/mailbox-status.ts';

/** STATUS of one folder; a server that answers NO has no such folder (any more). */
export async function folderStateOf(connection: ImapConnection, name: string): Promise<FolderState | 'missing'> {
  try {
    const status = await mailboxStatus(connection, name);
    const { uidValidity, messages, highestModSeq } = status;
    const uidNext = status.uidNext ?? (await uidNextByListing(connection, name));
    return { uidValidity: uidValidity ?? 0, uidNext, messages: messages ?? 0, highestModSeq };
  } catch (error) {
    if (error instanceof ImapReplyError && error.reply.status === 'NO' && isMissing(error)) return 'missing';
    throw error;
  }
}

function isMissing({ reply }: ImapReplyError): boolean {
  return reply.code === 'NONEXISTENT' || reply.code === 'NOPERM' || reply.code === undefined || reply.code === 'CANNOT';
}

/** RFC 3501 section 6.3.1 lets a server leave UIDNEXT out. */
async function uidNextByListing(connection: ImapConnection, name: string): Promise<number> {
  await openMailbox(connection, { name, mode: 'EXAMINE' });
  const uids = await searchUids(connection, 'ALL');
  return (uids.at(-1) ?? 0) + 1;
}

/** Items from one UID to another (to the end where there is none), ascending. The folder is open. */
export async function listRange(connection: ImapConnection, from: number, to?: number): Promise<ItemListing[]> {
  const items: ItemListing[] = [];
  await fetchListing(connection, `${String(from)}:${to === undefined ? '*' : String(to)}`, (item) => {
    // RFC 9051 section 9: `n:*` names the last message even where its UID is below n.
    if (item.uid < from || (to !== undefined && item.uid > to)) return;
    const flags = item.flags.filter((flag) => flag.toLowerCase() !== '\\recent');
    items.push({ uid: item.uid, size: item.size, internalDate: item.internalDate, flags });
  });
  // A server may repeat an item whose flags changed meanwhile: the later one counts.
  const byUid = new Map(items.map((item) => [item.uid, item]));
  return [...byUid.values()].sort((a, b) => a.uid - b.uid);
}
