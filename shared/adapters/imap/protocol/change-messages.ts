import { type UntaggedData, statusOf } from './command-queue.ts';
import type { ImapConnection } from './imap-connection.ts';
import { quoteString } from './imap-string.ts';
import type { Reply } from './reply.ts';
import { parseUidSet } from './uid-set.ts';

/** UID STORE without the flags coming back. Messages that are gone are passed over (RFC 9051 section 6.4.9). */
export async function storeFlags(
  connection: ImapConnection,
  request: { readonly set: string; readonly operation: '+' | '-'; readonly flags: readonly string[] },
): Promise<void> {
  await connection.execute({
    name: 'UID STORE',
    parts: [`UID STORE ${request.set} ${request.operation}FLAGS.SILENT (${request.flags.join(' ')})`],
  });
}

/** Removes every message marked \\Deleted and leaves the mailbox: only where all of them are ours. */
export async function closeMailbox(connection: ImapConnection): Promise<void> {
  await connection.execute({ name: 'CLOSE', parts: ['CLOSE'] });
}

export interface CopiedUid {
  readonly from: number;
  /** Undefined where the server does not tell (no UIDPLUS). */
  readonly to: number | undefined;
}

/** UID MOVE (RFC 6851) or UID COPY, by `command`; with the new UIDs from COPYUID (RFC 4315). */
export async function copyMessages(
  connection: ImapConnection,
  request: {
    readonly command: 'COPY' | 'MOVE';
    readonly uids: readonly number[];
    readonly set: string;
    readonly to: string;
  },
): Promise<readonly CopiedUid[]> {
  const copied = new Map<number, number>();
  const learn = (reply: Reply | undefined): void => {
    for (const [from, to] of copyUid(reply)) {
      copied.set(from, to);
    }
  };
  await connection.execute({
    name: `UID ${request.command}`,
    parts: [`UID ${request.command} ${request.set} ${quoteString(request.to)}`],
    // RFC 6851 section 4.3: MOVE sends COPYUID in an untagged OK, before the EXPUNGEs.
    accepts: ['OK', 'EXPUNGE', 'VANISHED'],
    alone: 'MOVE',
    untagged: (data: UntaggedData) => {
      learn(data.kind === 'OK' ? statusOf(data) : undefined);
    },
    onReply: learn,
  });
  return request.uids.map((from) => ({ from, to: copied.get(from) }));
}

function copyUid(reply: Reply | undefined): [number, number][] {
  if (reply?.code !== 'COPYUID') {
    return [];
  }
  const [, source = '', destination = ''] = reply.codeArguments.split(' ');
  const to = parseUidSet(destination);
  return parseUidSet(source).flatMap((from, index) => {
    const uid = to[index];
    return uid === undefined ? [] : [[from, uid]];
  });
}

/** UID EXPUNGE (RFC 4315) of messages of the set that are \Deleted. */
export async function expungeUids(connection: ImapConnection, set: string): Promise<void> {
  await connection.execute({
    name: 'UID EXPUNGE',
    parts: [`UID EXPUNGE ${set}`],
    accepts: ['EXPUNGE', 'VANISHED'],
  });
}
