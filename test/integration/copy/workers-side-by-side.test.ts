import { afterEach, describe, expect, it } from '@jest/globals';
import { CopyHarness } from '../../support/copy/copy-harness.ts';
import { message } from '../../support/copy/letters.ts';
import { ScriptedImapServer } from '../../support/scripted-imap-server/scripted-imap-server.ts';

const user = 'alice@contoso.test';
const password = 'pw';

describe('Two workers that open the same mailbox', () => {
  let source: ScriptedImapServer;
  let target: ScriptedImapServer;
  let harness: CopyHarness;

  afterEach(async () => {
    harness.close();
    await source.stop();
    await target.stop();
  });

  const start = async (): Promise<void> => {
    source = await ScriptedImapServer.start({ users: { [user]: password } });
    // As older servers: what exists already is refused without a word of why.
    target = await ScriptedImapServer.start({ users: { [user]: password }, quirks: { noCodes: true } });
    for (const name of ['Sent', 'Work']) source.account(user).create(name).add(message(name));
    harness = await CopyHarness.open({ source, target, mailbox: user, password });
  };

  /** The next worker has opened the mailboxes when another one does all that there is to do; then it takes the lease. */
  const overtakeNext = (): void => {
    const { store } = harness;
    const take = store.takeLease.bind(store);
    let isFirst = true;
    store.takeLease = async (request) => {
      if (isFirst) {
        isFirst = false;
        await harness.slice(user);
      }
      return take(request);
    };
  };

  const expectSame = (): void => {
    const foldersOf = (server: ScriptedImapServer): unknown =>
      [...server.account(user).mailboxes.values()]
        .map(({ name, messages }) => ({ name, holds: messages.map(({ octets }) => octets.toString()) }))
        .sort((a, b) => a.name.localeCompare(b.name));
    expect(foldersOf(target)).toEqual(foldersOf(source));
  };

  it('make each folder once, though the later one listed folders before the other made them', async () => {
    await start();
    overtakeNext();

    expect(await harness.run(user)).toMatchObject({ status: 'Synced', green: true, items: { copied: 2 } });
    expectSame();
  });

  it('make each folder once in a later pass as well', async () => {
    await start();
    expect(await harness.run(user)).toMatchObject({ status: 'Synced', green: true });
    source.account(user).create('Late').add(message('late'));
    await harness.beginPass('incremental');
    overtakeNext();

    expect(await harness.run(user)).toMatchObject({ status: 'Synced', green: true, items: { copied: 3 } });
    expectSame();
  });
});
