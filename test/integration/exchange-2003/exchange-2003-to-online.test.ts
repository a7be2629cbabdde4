import { afterEach, describe, expect, it } from '@jest/globals';
import { fillPracticeItems } from '../../../simulator/exchange/practice-items.ts';
import { WebdavSimulator } from '../../../simulator/exchange-2003/webdav-simulator.ts';
import { fillExchange } from '../../support/exchange/fill-exchange.ts';
import { generateMailbox } from '../../support/mail/generate-mailbox.ts';
import { anna, GraphWorld } from '../graph-mailbox/support/graph-world.ts';

describe('Mail of an Exchange 2003 mailbox, copied to Exchange Online', () => {
  const open: (() => Promise<unknown>)[] = [];

  afterEach(async () => {
    for (const close of open.splice(0)) await close();
  });

  it('is there once, and what is no mail is listed though the target would take it', async () => {
    const world = await GraphWorld.open({
      exchange: (mailbox) => {
        fillExchange(mailbox, generateMailbox({ seed: 'online', folders: 3, messages: 40, huge: 0 }));
        // No two folders of one name, as it is at an Exchange.
        for (const { id, name, wellKnown } of mailbox.folders)
          if (wellKnown === undefined) mailbox.renameFolder(id, `${name} (old)`);
        fillPracticeItems(mailbox);
      },
    });
    open.push(() => world.close());
    const mailboxes = world.exchange?.mailboxes ?? [];
    const accounts = [{ name: anna, password: 'pw', opens: [anna] }];
    const simulator = await WebdavSimulator.start({ mailboxes, accounts });
    open.push(() => simulator.stop());
    const source = { kind: 'exchange', webdavUrl: simulator.webdavUrl, auth: 'basic', login: { mode: 'user' } };
    await world.harness.changeEndpoint({ source });

    const first = await world.harness.run(anna);
    await world.harness.beginPass('incremental');
    const second = await world.harness.run(anna);

    expect(first).toMatchObject({ status: 'Synced', green: true, error: null, items: { copied: 40, total: 40 } });
    expect(second).toMatchObject({ status: 'Synced', green: true, items: { copied: 40, total: 40 } });
    expect(world.items).toHaveLength(40);
    expect(first.leftOutFolders).toEqual(
      expect.arrayContaining([
        { name: 'Calendar', reason: 'not-mail', items: 8 },
        { name: 'Contacts', reason: 'not-mail', items: 7 },
        { name: 'Tasks', reason: 'not-mail', items: 3 },
        { name: 'Notes', reason: 'not-mail', items: 3 },
      ]),
    );
  });
});
