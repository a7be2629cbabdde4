import { afterEach, describe, expect, it } from '@jest/globals';
import { WebdavSimulator } from '../../../simulator/exchange-2003/webdav-simulator.ts';
import type { PracticeMailbox } from '../../../simulator/exchange/practice-mailbox.ts';
import { anna, GraphWorld } from '../graph-mailbox/support/graph-world.ts';

const mime = Buffer.from('Message-ID: <one@contoso.test>\r\nSubject: one\r\n\r\nOne\r\n');

/** Folders in the order in which they are looked at. */
const ways = [
  { what: 'into a folder that is looked at later', from: 'inbox', to: 'sentitems' },
  { what: 'into a folder that was looked at before', from: 'sentitems', to: 'inbox' },
] as const;

describe.each(['EWS', 'WebDAV'])('A message that its user moves while its folders are looked at by %s', (protocol) => {
  let world: GraphWorld | undefined;
  let webdav: WebdavSimulator | undefined;

  afterEach(async () => {
    await Promise.all([world?.close(), webdav?.stop()]);
    world = undefined;
    webdav = undefined;
  });

  async function ask(at: GraphWorld, mailbox: PracticeMailbox): Promise<void> {
    const accounts = [{ name: anna, password: 'pw', opens: [anna] }];
    webdav = await WebdavSimulator.start({ mailboxes: [mailbox], accounts });
    const source = { kind: 'exchange', webdavUrl: webdav.webdavUrl, auth: 'basic', login: { mode: 'user' } };
    await at.harness.changeEndpoint({ source });
  }

  it.each(ways)('is at the target once: $what', async ({ from, to }) => {
    const there = new Map<string, string>();
    let box: PracticeMailbox | undefined;
    world = await GraphWorld.open({
      exchange: (mailbox) => {
        box = mailbox;
        for (const name of [from, to]) there.set(name, mailbox.wellKnown(name)?.id ?? '');
        mailbox.addItem(there.get(from) ?? '', { mime: () => mime, received: new Date('2020-01-01T00:00:00Z') });
      },
    });
    const mailbox = box;
    if (mailbox === undefined) throw new Error('no mailbox');
    if (protocol === 'WebDAV') await ask(world, mailbox);
    expect(await world.harness.run(anna)).toMatchObject({ status: 'Synced', green: true, items: { copied: 1 } });

    const changes = mailbox.changes.bind(mailbox);
    let isMoved = false;
    mailbox.changes = (folder, since, most) => {
      const told = changes(folder, since, most);
      const [item] = mailbox.items(there.get(from) ?? '');
      // Behind the first of the two.
      if (!isMoved && item !== undefined && folder === there.get('inbox')) {
        isMoved = true;
        mailbox.moveItem(item.id, there.get(to) ?? '');
      }
      return told;
    };
    await world.harness.beginPass('incremental');
    await world.harness.run(anna);
    await world.harness.beginPass('incremental');
    const job = await world.harness.run(anna);

    expect(isMoved).toBe(true);
    expect(job).toMatchObject({ status: 'Synced', green: true, items: { total: 1, copied: 1 } });
    const online = world.simulator.mailbox(anna);
    expect(world.items.map(({ folder }) => online.folder(folder).wellKnown)).toEqual([to]);
  });
});
