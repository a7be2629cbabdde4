import { expectOk } from './command-queue.ts';
import type { ImapConnection } from './imap-connection.ts';
import { ImapReplyError } from './imap-error.ts';
import { quoteString } from './imap-string.ts';

/** CREATE and SUBSCRIBE, sent together. Names as on the wire. */
export async function createMailbox(connection: ImapConnection, name: string): Promise<'created' | 'exists'> {
  const create = await connection.send({ name: 'CREATE', parts: [`CREATE ${quoteString(name)}`] });
  const subscribe = await connection.send({ name: 'SUBSCRIBE', parts: [`SUBSCRIBE ${quoteString(name)}`] });
  try {
    expectOk('CREATE', await create.reply);
  } catch (error) {
    if (error instanceof ImapReplyError && alreadyExists(error)) {
      return 'exists';
    }
    throw error;
  } finally {
    // A folder that cannot be subscribed to is there all the same, and many servers ignore subscriptions.
    await subscribe.reply;
  }
  return 'created';
}

/** RFC 5530 ALREADYEXISTS; older servers say it in words only. */
function alreadyExists({ reply }: ImapReplyError): boolean {
  return (
    reply.code === 'ALREADYEXISTS' || (reply.code === undefined && /already exist|exists already/i.test(reply.text))
  );
}

export async function renameMailbox(connection: ImapConnection, from: string, to: string): Promise<void> {
  await connection.execute({ name: 'RENAME', parts: [`RENAME ${quoteString(from)} ${quoteString(to)}`] });
  await connection.send({ name: 'SUBSCRIBE', parts: [`SUBSCRIBE ${quoteString(to)}`] }).then((sent) => sent.reply);
}

/** UNSUBSCRIBE and DELETE. No mailbox may be selected that is to go: servers differ in what then becomes of it. */
export async function deleteMailbox(connection: ImapConnection, name: string): Promise<void> {
  const unsubscribe = await connection.send({ name: 'UNSUBSCRIBE', parts: [`UNSUBSCRIBE ${quoteString(name)}`] });
  await unsubscribe.reply;
  await connection.execute({ name: 'DELETE', parts: [`DELETE ${quoteString(name)}`] });
}
