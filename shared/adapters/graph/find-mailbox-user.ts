import { z } from 'zod';
import { MailboxBlockedError } from '../../domain/errors.ts';
import type { GraphClient } from './graph-client.ts';
import { isNotFound, isWithoutMailbox } from './graph-errors.ts';
import { graphPath, graphQuery, odataText } from './graph-path.ts';

const User = z.object({ id: z.string() });

/**
 * Id of the user whose mailbox is meant, by id, user principal name or any of its addresses: it stays when all of those
 * are changed. MailboxBlockedError TARGET_MAILBOX_NOT_FOUND where there is none, or more than one.
 */
export async function findMailboxUser(directory: GraphClient, name: string): Promise<string> {
  try {
    const { id } = await directory.get(`${graphPath`/users/${name}`}${graphQuery({ $select: 'id' })}`, User);
    return id;
  } catch (error) {
    if (!isNotFound(error) && !isWithoutMailbox(error)) throw error;
  }
  const address = odataText(`smtp:${name}`);
  const filter = `proxyAddresses/any(p:p eq ${address}) or mail eq ${odataText(name)}`;
  const [found, another] = await directory.all(`/users${graphQuery({ $filter: filter, $select: 'id' })}`, User);
  if (found !== undefined && another === undefined) return found.id;
  throw new MailboxBlockedError({
    code: 'TARGET_MAILBOX_NOT_FOUND',
    message: `${directory.host} (target): ${found === undefined ? 'nobody has' : 'several users have'} the address of this row.`,
  });
}
