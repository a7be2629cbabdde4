import { afterEach, describe, expect, it } from '@jest/globals';
import type { MailboxJob } from '../../../shared/domain/mailbox-job.ts';
import { CopyHarness } from '../../support/copy/copy-harness.ts';
import { message } from '../../support/copy/letters.ts';
import type { Account } from '../../support/scripted-imap-server/account.ts';
import {
  allCapabilities,
  allCapabilitiesBut,
  ScriptedImapServer,
} from '../../support/scripted-imap-server/scripted-imap-server.ts';

const user = 'alice@contoso.test';
const password = 'pw';
const withoutObjectId = allCapabilitiesBut('OBJECTID');
/** What is written there once and again cannot be taken back. */
const withoutUidPlus = allCapabilitiesBut('UIDPLUS', 'MOVE');

/** Texts of all messages, by folder. */
function held(account: Account): Readonly<Record<string, readonly string[]>> {
  return Object.fromEntries(
    [...account.mailboxes.values()].map(({ name, messages }) => [
      name,
      messages.map(({ octets }) => /Subject: (.*)\r/.exec(octets.toString())?.[1] ?? '').sort(),
    ]),
  );
}

describe('Folders that have other names at the source than before', () => {
  let source: ScriptedImapServer;
  let target: ScriptedImapServer;
  let harness: CopyHarness;

  afterEach(async () => {
    harness.close();
    await source.stop();
    await target.stop();
  });

  const start = async (
    capabilities: { readonly source?: readonly string[]; readonly target?: readonly string[] } = {},
  ): Promise<Account> => {
    source = await ScriptedImapServer.start({
      users: { [user]: password },
      capabilities: capabilities.source ?? withoutObjectId,
    });
    target = await ScriptedImapServer.start({
      users: { [user]: password },
      capabilities: capabilities.target ?? withoutUidPlus,
    });
    const account = source.account(user);
    for (const name of ['Able', 'Baker', 'Chief', 'Able/Child', 'Baker/Child'])
      for (const at of ['0', '1', '2']) account.create(name).add(message(`${name} ${at}`));
    harness = await CopyHarness.open({ source, target, mailbox: user, password });
    expect(await harness.run(user)).toMatchObject({ status: 'Synced', green: true, items: { copied: 15 } });
    source.plan.forget();
    target.plan.forget();
    return account;
  };

  const incremental = async (): Promise<MailboxJob> => {
    await harness.beginPass('incremental');
    return harness.run(user);
  };

  const stored = (): number => target.plan.events.filter(({ kind }) => kind === 'store').length;

  const expectSameNamesAndMessages = (): void => expect(held(target.account(user))).toEqual(held(source.account(user)));

  const swap = (account: Account): void => {
    account.rename('Able', 'In between');
    account.rename('Baker', 'Able');
    account.rename('In between', 'Baker');
  };

  it.each([
    [
      'one after the other',
      (account: Account) =>
        ['Chief', 'Baker', 'Able'].forEach((name, at) => account.rename(name, ['Dover', 'Chief', 'Baker'][at] ?? '')),
    ],
    ['with each other', swap],
    [
      'in a circle',
      (account: Account) => {
        swap(account);
        account.rename('Chief', 'In between');
        account.rename('Baker', 'Chief');
        account.rename('In between', 'Baker');
      },
    ],
    [
      'with new folders under the old names',
      (account: Account) => {
        account.rename('Able', 'Dover');
        account.create('Able');
        account.create('Able/Child');
      },
    ],
  ])('have them at the target as well, and nothing is written, when they changed them %s', async (_, change) => {
    change(await start());

    const job = await incremental();

    expect(job).toMatchObject({
      status: 'Synced',
      error: null,
      green: true,
      items: { copied: 15 },
      renamedFolders: [],
    });
    expect(stored()).toBe(0);
    expectSameNamesAndMessages();
  });

  it.each([1, 2, 3].flatMap((nth) => (['command', 'reply'] as const).map((kind) => [nth, kind] as const)))(
    'have them when the worker is lost at RENAME %i (%s)',
    async (nth, kind) => {
      swap(await start());
      let seen = 0;
      target.plan.when((event) => event.kind === kind && event.name === 'RENAME' && (seen += 1) === nth, { do: 'cut' });

      const job = await incremental();

      expect(job).toMatchObject({ status: 'Synced', error: null, green: true, items: { copied: 15 } });
      expect(seen).toBeGreaterThanOrEqual(nth);
      expect(stored()).toBe(0);
      expectSameNamesAndMessages();
    },
  );

  it.each([
    ['with the list', allCapabilities],
    ['apart from the list', allCapabilitiesBut('LIST-STATUS')],
  ])('are known by their MAILBOXID alone, told %s', async (_, capabilities) => {
    const account = await start({ source: capabilities });
    swap(account);
    // Nothing else is as it was.
    for (const [at, name] of ['Able', 'Baker', 'Able/Child', 'Baker/Child'].entries())
      Object.assign(account.mailbox(name) ?? {}, { uidValidity: 7_000 + at });

    const job = await incremental();

    expect(job).toMatchObject({ status: 'Synced', error: null, green: true, items: { copied: 15 } });
    expect(stored()).toBe(0);
    expectSameNamesAndMessages();
  });

  it('are known when what was newest in them is gone', async () => {
    const account = await start();
    for (const text of ['3', '4']) account.mailbox('Chief')?.add(message(text));
    expect(await incremental()).toMatchObject({ green: true, items: { copied: 17 } });
    account.mailbox('Chief')?.remove(new Set([4, 5]));
    account.rename('Chief', 'Dover');
    account.create('Chief');
    target.plan.forget();

    expect(await incremental()).toMatchObject({ status: 'Synced', error: null, green: true, items: { copied: 15 } });

    expect(stored()).toBe(0);
    expect(held(target.account(user))).toMatchObject({ Dover: ['3', '4', 'Chief 0', 'Chief 1', 'Chief 2'], Chief: [] });
  });

  it('are known when nothing is left in them, where no other folder has their UIDVALIDITY', async () => {
    const account = await start();
    account.mailbox('Chief')?.remove(new Set([1, 2, 3]));
    account.rename('Chief', 'Dover');

    expect(await incremental()).toMatchObject({ status: 'Synced', error: null, green: true, items: { copied: 12 } });

    expect(Object.keys(held(target.account(user)))).toContain('Dover');
    expect(Object.keys(held(target.account(user)))).not.toContain('Chief');
  });

  it.each([
    [
      'changed between the list and the states',
      (event: { readonly kind: string; readonly name?: string }) => event.kind === 'reply' && event.name === 'LIST',
    ],
    [
      'changed between two states',
      (event: { readonly kind: string; readonly name?: string }) => event.kind === 'reply' && event.name === 'STATUS',
    ],
  ])('are known when they were %s', async (_, isMoment) => {
    const account = await start({ source: allCapabilitiesBut('OBJECTID', 'LIST-STATUS') });
    let seen = 0;
    source.plan.when((event) => isMoment(event) && (seen += 1) === 1, {
      do: 'call',
      action: () => {
        account.rename('Chief', 'Dover');
        account.create('Chief').add(message('new'));
      },
    });

    await incremental();
    const job = await incremental();

    expect(job).toMatchObject({ status: 'Synced', error: null, green: true, items: { copied: 16 } });
    expect(stored()).toBe(1);
    expectSameNamesAndMessages();
  });

  it('are found where their users gave them other names at the target between the list and the states', async () => {
    await start({ target: allCapabilitiesBut('LIST-STATUS') });
    source.account(user).mailbox('Chief')?.add(message('new'));
    let seen = 0;
    target.plan.when((event) => event.kind === 'reply' && event.name === 'LIST' && (seen += 1) === 1, {
      do: 'call',
      action: () => target.account(user).rename('Chief', 'Mine'),
    });

    const job = await incremental();

    expect(job).toMatchObject({ status: 'Synced', error: null, green: true, items: { copied: 16 } });
    expect(job.renamedFolders).toContainEqual({ source: 'Chief', target: 'Mine' });
    expect(held(target.account(user))['Mine']).toEqual(['Chief 0', 'Chief 1', 'Chief 2', 'new']);
  });

  it('are met under their old name again when they were missing for a pass', async () => {
    const account = await start();
    const chief = account.mailbox('Chief');
    account.delete('Chief');
    expect(await incremental()).toMatchObject({ green: true, items: { copied: 12 } });
    if (chief !== undefined) account.mailboxes.set('Chief', chief);
    target.plan.forget();

    expect(await incremental()).toMatchObject({ status: 'Synced', error: null, green: true, items: { copied: 15 } });

    expect(stored()).toBe(0);
    expectSameNamesAndMessages();
  });

  it('hold once what left a folder and came back to it, though nothing can be moved', async () => {
    const account = await start();
    const [first] = account.mailbox('Chief')?.messages ?? [];
    account.mailbox('Chief')?.remove(new Set([1]));
    expect(await incremental()).toMatchObject({ green: true, items: { copied: 14 } });
    if (first !== undefined) account.mailbox('Chief')?.add(first);
    target.plan.forget();

    expect(await incremental()).toMatchObject({ status: 'Synced', error: null, green: true, items: { copied: 15 } });

    expect(stored()).toBe(0);
    expectSameNamesAndMessages();
  });
});
