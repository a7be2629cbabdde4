import { z } from 'zod';
import type { ExchangeOnline } from '../../domain/endpoint.ts';
import { offersMailboxImport } from './clouds.ts';
import type { GraphClient } from './graph-client.ts';
import { graphPath, graphQuery } from './graph-path.ts';
import { rights } from './graph-rights.ts';
import { nothing, type RightProbe } from './right-probe.ts';

/** What one mailbox is asked for, by the way in which it is to be written. */
export function mailboxProbes(target: Pick<ExchangeOnline, 'mail' | 'cloud'>, user: string): readonly RightProbe[] {
  const byImap = target.mail === 'imap' ? { loss: 'not needed, since mail is written by IMAP' } : {};
  const change =
    (path: string, body: unknown): RightProbe['ask'] =>
    (client) =>
      client.patch(path, body, z.unknown());
  const probes: readonly RightProbe[] = [
    { right: rights.mail, ...byImap, ask: (client) => lookAtInbox(client, user) },
    {
      right: rights.mail,
      ...byImap,
      ask: change(graphPath`/users/${user}/messages/${nothing}`, { categories: [] }),
    },
    {
      right: rights.contacts,
      ...byImap,
      ask: change(graphPath`/users/${user}/contacts/${nothing}`, { categories: [] }),
    },
    {
      right: rights.calendars,
      ...byImap,
      ask: change(graphPath`/users/${user}/events/${nothing}`, { categories: [] }),
    },
    // Changes none of the settings.
    { right: rights.mailboxSettings, ask: change(graphPath`/users/${user}/mailboxSettings`, {}) },
    {
      right: rights.tasks,
      loss: 'tasks are listed and not copied',
      ask: change(graphPath`/users/${user}/todo/lists/${nothing}/tasks/${nothing}`, { title: nothing }),
    },
  ];
  const isImporting = offersMailboxImport(target) && (target.mail === 'fts' || target.mail === 'auto');
  return isImporting ? [...probes, ...importProbes(target, user)] : probes;
}

const ExchangeSettings = z.object({ primaryMailboxId: z.string() });

/** What Exchange exported is written to a folder of ours, which is made, looked through and emptied. */
function importProbes({ mail }: Pick<ExchangeOnline, 'mail'>, user: string): readonly RightProbe[] {
  const instead = mail === 'fts' ? {} : { loss: 'mail that Exchange exported is written by Graph' };
  const mailbox = async (client: GraphClient): Promise<string> => {
    const settings = await client.get(graphPath`/users/${user}/settings/exchange`, ExchangeSettings);
    return graphPath`/admin/exchange/mailboxes/${settings.primaryMailboxId}`;
  };
  const items = async (client: GraphClient): Promise<string> =>
    `${await mailbox(client)}${graphPath`/folders/${nothing}/items`}`;
  return [
    {
      right: rights.mailboxFolders,
      ...instead,
      ask: async (client) => {
        const path = `${await mailbox(client)}${graphPath`/folders/${nothing}/childFolders`}`;
        // Below a folder that does not exist: nothing is made.
        const body = { displayName: nothing, type: 'IPF.Note' };
        return client.post(path, body, z.unknown(), { isRepeatable: true });
      },
    },
    {
      right: rights.changeMailboxItems,
      ...instead,
      ask: async (client) => client.get(`${await items(client)}?$top=1&$select=id`, z.unknown()),
    },
    {
      right: rights.changeMailboxItems,
      loss: 'contacts, lists, tasks and notes that Exchange exported are written by Graph',
      ask: async (client) => client.delete(`${await items(client)}/${nothing}`),
    },
    {
      right: rights.mailboxItems,
      ...instead,
      // A session is an address that is good for a while: none is used, nothing is left behind.
      ask: async (client) =>
        client.post(`${await mailbox(client)}/createImportSession`, undefined, z.unknown(), { isRepeatable: true }),
    },
  ];
}

function lookAtInbox(client: GraphClient, user: string): Promise<unknown> {
  const query = graphQuery({ $select: 'totalItemCount' });
  return client.get(`${graphPath`/users/${user}/mailFolders/inbox`}${query}`, z.unknown());
}
