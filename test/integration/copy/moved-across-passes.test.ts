import { afterEach, describe, expect, it } from '@jest/globals';
import type { MailboxJob } from '../../../shared/domain/mailbox-job.ts';
import { CopyHarness, type HarnessOptions } from '../../support/copy/copy-harness.ts';
import { message } from '../../support/copy/letters.ts';
import type { Account } from '../../support/scripted-imap-server/account.ts';
import type { ServerEvent } from '../../support/scripted-imap-server/faults.ts';
import { allCapabilitiesBut, ScriptedImapServer } from '../../support/scripted-imap-server/scripted-imap-server.ts';

const user = 'alice@contoso.test';
const password = 'pw';
const onePageAtATime = { items: 1, octets: 1_000_000, inFlight: 1, listing: 1 };

describe('Messages that are moved at the source while a pass looks at it', () => {
  let source: ScriptedImapServer;
  let target: ScriptedImapServer;
  let harness: CopyHarness;

  afterEach(async () => {
    harness.close();
    await source.stop();
    await target.stop();
  });

  /** Ten messages in INBOX, one in `Filed`, one in `Other`; all of them copied. */
  const start = async (
    change: Partial<HarnessOptions> = {},
    capabilities: readonly string[] = allCapabilitiesBut('OBJECTID'),
  ): Promise<Account> => {
    source = await ScriptedImapServer.start({ users: { [user]: password }, capabilities });
    target = await ScriptedImapServer.start({ users: { [user]: password } });
    const account = source.account(user);
    for (let at = 0; at < 10; at += 1) account.mailbox('INBOX')?.add(message(String(at)));
    account.create('Filed').add(message('of old'));
    account.create('Other').add(message('other'));
    harness = await CopyHarness.open({ source, target, mailbox: user, password, ...change });
    expect(await harness.run(user)).toMatchObject({ status: 'Synced', green: true, items: { copied: 12 } });
    return account;
  };

  const incremental = async (): Promise<MailboxJob> => {
    await harness.beginPass('incremental');
    target.plan.forget();
    return harness.run(user);
  };

  const move = (from: string, to: string, uids?: readonly number[]): void => {
    const account = source.account(user);
    const chosen = account.mailbox(from)?.messages.filter(({ uid }) => uids?.includes(uid) ?? true) ?? [];
    account.mailbox(to)?.addAll(chosen);
    account.mailbox(from)?.remove(new Set(chosen.map(({ uid }) => uid)));
  };

  /** Under a new UIDVALIDITY. */
  const anew = (name: string): void => {
    const account = source.account(user);
    const messages = account.mailbox(name)?.messages ?? [];
    account.delete(name);
    account.create(name).addAll(messages);
  };

  const whenAsked = (line: RegExp, action: () => void): void => {
    source.plan.when((event) => event.kind === 'command' && line.test(event.line), { do: 'call', action });
  };
  const reply =
    (name: string) =>
    (event: ServerEvent): boolean =>
      event.kind === 'reply' && event.name === name;

  const stores = (): number => target.plan.events.filter((event) => event.kind === 'store').length;
  const inFolder = (account: Account, name: string): string[] =>
    (account.mailbox(name)?.messages ?? []).map(({ octets }) => octets.toString()).sort();
  const expectSame = (): void => {
    for (const name of source.account(user).mailboxes.keys())
      expect({ name, holds: inFolder(target.account(user), name) }).toEqual({
        name,
        holds: inFolder(source.account(user), name),
      });
  };
  const expectMoved = (job: MailboxJob, copied: number): void => {
    expect(job).toMatchObject({ status: 'Synced', error: null, green: true, items: { copied } });
    expect(stores()).toBe(0);
    expectSame();
  };

  it('after it asked their new folder how far it goes, are moved in the next pass and not written again', async () => {
    await start();
    whenAsked(/\(UID FLAGS\)|UID SEARCH/, () => move('INBOX', 'Filed', [2, 3]));
    source.account(user).mailbox('INBOX')?.add(message('new'));
    expect(await incremental()).toMatchObject({ green: true, items: { copied: 11 } });

    expectMoved(await incremental(), 13);
  });

  it('between its answers for the one folder and the other are moved and not written again', async () => {
    await start();
    whenAsked(/STATUS "?Other/, () => move('Filed', 'Other'));

    expectMoved(await incremental(), 12);
  });

  it("between these answers with their folders, which take each other's names, are moved and not written again", async () => {
    const account = await start();
    whenAsked(/STATUS "?Other/, () => {
      account.rename('Other', 'Apart');
      account.rename('Filed', 'Other');
      account.rename('Apart', 'Filed');
    });

    expectMoved(await incremental(), 12);
  });

  it('again, while it is asked once more what seemed unchanged, are moved and not written again', async () => {
    await start();
    source.account(user).mailbox('INBOX')?.add(message('new'));
    let asked = 0;
    source.plan.when((event) => event.kind === 'command' && /STATUS "?Other/.test(event.line) && (asked += 1) === 2, {
      do: 'call',
      action: () => move('Filed', 'Other'),
    });

    expect(await incremental()).toMatchObject({ status: 'Synced', error: null, green: true, items: { copied: 13 } });
    expectSame();
  });

  it('for the second time, before it came to the folder that they were in meanwhile, are moved and not written again', async () => {
    await start();
    move('INBOX', 'Other', [2, 3]);
    whenAsked(/UID FETCH 2:3 \(UID FLAGS INTERNALDATE/, () => move('Other', 'INBOX', [2, 3]));
    expect(await incremental()).toMatchObject({ green: true, items: { copied: 10 } });

    expectMoved(await incremental(), 12);
  });

  it('and come back some passes later are not written again, also where the target had made their folder anew', async () => {
    await start();
    const account = source.account(user);
    const [gone] = account.mailbox('INBOX')?.messages.filter(({ uid }) => uid === 2) ?? [];
    account.mailbox('INBOX')?.remove(new Set([2]));
    const there = target.account(user).mailbox('INBOX')?.messages ?? [];
    target.account(user).delete('INBOX');
    target.account(user).create('INBOX').addAll(there);
    expect(await incremental()).toMatchObject({ green: true, items: { copied: 11 } });
    account.mailbox('INBOX')?.addAll(gone === undefined ? [] : [gone]);

    expectMoved(await incremental(), 12);
  });

  it('and some passes later are moved as well, also where the target had made their old folder anew meanwhile', async () => {
    await start();
    const account = source.account(user);
    const [gone] = account.mailbox('INBOX')?.messages.filter(({ uid }) => uid === 2) ?? [];
    account.mailbox('INBOX')?.remove(new Set([2]));
    expect(await incremental()).toMatchObject({ green: true, items: { copied: 11 } });
    const there = target.account(user).mailbox('INBOX')?.messages ?? [];
    target.account(user).delete('INBOX');
    target.account(user).create('INBOX').addAll(there);
    expect(await incremental()).toMatchObject({ green: true, items: { copied: 11 } });
    account.mailbox('Filed')?.addAll(gone === undefined ? [] : [gone]);

    expectMoved(await incremental(), 12);
  });

  it('are written where their old copy was deleted at the target', async () => {
    await start();
    const account = source.account(user);
    const [gone] = account.mailbox('INBOX')?.messages.filter(({ uid }) => uid === 2) ?? [];
    account.mailbox('INBOX')?.remove(new Set([2]));
    expect(await incremental()).toMatchObject({ green: true, items: { copied: 11 } });
    target
      .account(user)
      .mailbox('INBOX')
      ?.remove(new Set([2]));
    account.mailbox('Filed')?.addAll(gone === undefined ? [] : [gone]);

    expect(await incremental()).toMatchObject({ status: 'Synced', error: null, green: true, items: { copied: 12 } });
    expectSame();
  });

  it('are each at the target once where the worker is lost in the move of a later pass', async () => {
    await start();
    whenAsked(/\(UID FLAGS\)|UID SEARCH/, () => move('INBOX', 'Filed', [2, 3]));
    source.account(user).mailbox('INBOX')?.add(message('new'));
    await incremental();
    await harness.beginPass('incremental');
    target.plan.forget();
    target.plan.when(reply('UID MOVE'), { do: 'cut' });

    expectMoved(await harness.run(user), 13);
  });

  it('out of a folder that was renamed and made anew, all of them, are moved and not written again', async () => {
    const account = await start();
    account.rename('Filed', 'Filed 2020');
    account.create('Filed');
    anew('Filed 2020');
    whenAsked(/UID FETCH 1:1 \(UID FLAGS INTERNALDATE/, () => move('Filed 2020', 'INBOX'));
    expect(await incremental()).toMatchObject({ status: 'Synced', error: null });

    expectMoved(await incremental(), 12);
  });

  it('with their folder, which it misses under both names, are found when it looks again, and not written again', async () => {
    const account = await start({}, allCapabilitiesBut('OBJECTID', 'LIST-STATUS'));
    whenAsked(/STATUS "?Other/, () => account.rename('Other', 'Renamed'));

    expectMoved(await incremental(), 12);
  });

  it('out of a folder that is made anew before it was asked what is gone, are moved and not written again', async () => {
    await start();
    move('Other', 'Filed');
    whenAsked(/\(UID FLAGS\)|UID SEARCH/, () => anew('Other'));

    expectMoved(await incremental(), 12);
  });

  it('into a folder that is then renamed and made anew, are moved on, also where users are at work', async () => {
    const account = await start({ options: { usersAtWork: true }, pages: onePageAtATime });
    move('INBOX', 'Filed', [2, 3]);
    await harness.beginPass('incremental');
    target.plan.forget();
    target.plan.when(reply('UID MOVE'), {
      do: 'call',
      action: () => {
        account.rename('Filed', 'Renamed');
        anew('Renamed');
        source.cutAll();
      },
    });

    expectMoved(await harness.run(user), 12);
  });

  it('and are equal to others are told from these by where they were, when the worker is lost', async () => {
    const account = await start({ pages: onePageAtATime });
    account.mailbox('INBOX')?.add(message('twice'));
    account.mailbox('Other')?.add(message('twice'));
    expect(await incremental()).toMatchObject({ green: true, items: { copied: 14 } });
    move('INBOX', 'Filed', [11]);
    move('Other', 'Filed', [2]);
    await harness.beginPass('incremental');
    target.plan.forget();
    let moves = 0;
    target.plan.when((event) => event.kind === 'command' && event.name === 'UID MOVE' && (moves += 1) === 2, {
      do: 'cut',
    });

    expectMoved(await harness.run(user), 14);
  });

  it('and are told by their octets alone, are moved and not written again', async () => {
    const account = await start();
    const plain = (text: string): ReturnType<typeof message> => ({ ...message(''), octets: Buffer.from(text) });
    account.create('One').addAll([plain('first of no header'), plain('other of no header')]);
    account.create('Two').addAll([plain('third of no header'), plain('again of no header')]);
    expect(await incremental()).toMatchObject({ status: 'Synced', error: null, items: { copied: 16 } });
    account.rename('One', 'Three');
    account.rename('Two', 'One');
    account.rename('Three', 'Two');

    expectMoved(await incremental(), 16);
  });

  it('out of a folder whose copy goes along with the one above it, are moved and not written again', async () => {
    const account = await start();
    account.create('Filed/Below').addAll([message('a'), message('b')]);
    expect(await incremental()).toMatchObject({ green: true, items: { copied: 14 } });
    account.rename('Filed/Below', 'Apart');
    anew('Apart');
    account.rename('Filed', 'Filed 2020');

    expectMoved(await incremental(), 14);
  });

  it('out of a folder that then is empty and goes along with the one above it, are moved and not written again', async () => {
    const account = await start();
    account.create('Filed/Below').addAll([message('a'), message('b')]);
    expect(await incremental()).toMatchObject({ green: true, items: { copied: 14 } });
    move('Filed/Below', 'Other');
    account.rename('Filed', 'Filed 2020');

    expectMoved(await incremental(), 14);
  });

  it('are no more than there are where one of two equal ones was refused, and the other was settled', async () => {
    const account = await start();
    account.mailbox('INBOX')?.addAll([message('twice'), message('twice')]);
    let appends = 0;
    const refused = (event: ServerEvent): boolean =>
      event.kind === 'command' && event.name === 'APPEND' && (appends += 1) !== 2;
    await harness.beginPass('incremental');
    target.plan.when(refused, { do: 'answer', status: 'NO', text: '[CANNOT] a virus' }, Infinity);
    expect(await harness.run(user)).toMatchObject({ green: false, items: { copied: 13, failed: 1 } });
    target.plan.forget();
    await harness.beginPass('incremental');
    target.plan.when(reply('APPEND'), { do: 'cut' });

    expect(await harness.run(user)).toMatchObject({
      status: 'Synced',
      error: null,
      green: true,
      items: { copied: 14 },
    });
    expectSame();
  });
});
