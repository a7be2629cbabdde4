import { afterEach, describe, expect, it } from '@jest/globals';
import type { MailboxJob } from '../../../shared/domain/mailbox-job.ts';
import { CopyHarness } from '../../support/copy/copy-harness.ts';
import { message } from '../../support/copy/letters.ts';
import type { Account } from '../../support/scripted-imap-server/account.ts';
import type { ServerEvent } from '../../support/scripted-imap-server/faults.ts';
import {
  allCapabilities,
  allCapabilitiesBut,
  ScriptedImapServer,
} from '../../support/scripted-imap-server/scripted-imap-server.ts';

const user = 'alice@contoso.test';
const password = 'pw';
const withoutMove = allCapabilitiesBut('MOVE');
const withoutUidPlus = withoutMove.filter((capability) => capability !== 'UIDPLUS');

function inFolder(account: Account, name: string): string[] {
  return (account.mailbox(name)?.messages ?? []).map(({ octets }) => octets.toString()).sort();
}

describe('Messages that were moved at the source', () => {
  let source: ScriptedImapServer;
  let target: ScriptedImapServer;
  let harness: CopyHarness;

  afterEach(async () => {
    harness.close();
    await source.stop();
    await target.stop();
  });

  const start = async (capabilities: readonly string[]): Promise<void> => {
    source = await ScriptedImapServer.start({ users: { [user]: password } });
    target = await ScriptedImapServer.start({ users: { [user]: password }, capabilities });
    const inbox = source.account(user).mailbox('INBOX');
    for (let at = 0; at < 10; at += 1) inbox?.add(message(String(at)));
    source.account(user).create('Filed').add(message('of old'));
    harness = await CopyHarness.open({ source, target, mailbox: user, password });
    expect(await harness.run(user)).toMatchObject({ status: 'Synced', green: true });
  };

  const move = (uids: readonly number[]): void => {
    const inbox = source.account(user).mailbox('INBOX');
    const chosen = inbox?.messages.filter(({ uid }) => uids.includes(uid)) ?? [];
    source.account(user).mailbox('Filed')?.addAll(chosen);
    inbox?.remove(new Set(uids));
  };

  const incremental = async (): Promise<MailboxJob> => {
    await harness.beginPass('incremental');
    return harness.run(user);
  };

  const expectSame = (): void => {
    for (const name of ['INBOX', 'Filed'])
      expect(inFolder(target.account(user), name)).toEqual(inFolder(source.account(user), name));
  };

  const differencesOf = async (job: MailboxJob): Promise<unknown> => (await harness.verification(job)).differences;

  const command =
    (name: string) =>
    (event: ServerEvent): boolean =>
      event.kind === 'command' && event.name === name;
  const reply =
    (name: string) =>
    (event: ServerEvent): boolean =>
      event.kind === 'reply' && event.name === name;

  it.each([
    ['with MOVE', allCapabilities],
    ['without MOVE', withoutMove],
  ])('are moved at a target %s, and not sent again', async (_, capabilities) => {
    await start(capabilities);
    move([2, 3, 4]);
    target.plan.forget();

    const job = await incremental();

    expect(job).toMatchObject({ status: 'Synced', green: true, items: { copied: 11 } });
    expect(target.plan.events.some((event) => event.kind === 'store')).toBe(false);
    expectSame();
  });

  describe('in a pass that is planned anew', () => {
    /** Under a new UIDVALIDITY; with other UIDs, too, where some are missing. */
    const anew = (account: Account, name: string): void => {
      const messages = account.mailbox(name)?.messages ?? [];
      account.delete(name);
      account.create(name).addAll(messages);
    };
    const atSource = (name: string): void => {
      anew(source.account(user), name);
    };
    const atTarget = (name: string): void => {
      anew(target.account(user), name);
    };
    /** When the pass has its plan. */
    const whenPlanned = (action: () => void): void => {
      source.plan.when((event) => event.kind === 'command' && /\(UID FLAGS\)|UID SEARCH/.test(event.line), {
        do: 'call',
        action,
      });
    };

    it.each([
      ['', () => undefined, () => undefined],
      [' and their folder was made anew', () => atSource('INBOX'), () => undefined],
      [' and their folder is made anew at the target', () => undefined, () => atTarget('INBOX')],
      [' and their folder is made anew on both sides', () => atSource('INBOX'), () => atTarget('INBOX')],
    ])('are moved, and not written again, where their new folder changes%s', async (_, before, meanwhile) => {
      await start(allCapabilities);
      source.account(user).create('Other').add(message('other'));
      expect(await incremental()).toMatchObject({ green: true, items: { copied: 12 } });
      move([2, 3]);
      before();
      source
        .account(user)
        .mailbox('Other')
        ?.remove(new Set([1]));
      whenPlanned(() => {
        atSource('Filed');
        meanwhile();
      });
      target.plan.forget();

      const job = await incremental();

      expect(target.plan.events.filter((event) => event.kind === 'store')).toHaveLength(0);
      expect(job).toMatchObject({ status: 'Synced', error: null, green: true, items: { copied: 11 } });
      expectSame();
    });

    it('are each in a folder where an equal one took their place in a folder that then changes', async () => {
      await start(allCapabilities);
      const account = source.account(user);
      account.create('Old').add(message('twice'));
      expect(await incremental()).toMatchObject({ green: true, items: { copied: 12 } });
      account.mailbox('Filed')?.addAll(account.mailbox('Old')?.messages ?? []);
      account.mailbox('Old')?.remove(new Set([1]));
      account.mailbox('INBOX')?.addAll([message('twice'), message('new')]);
      target.plan.when(reply('UID MOVE'), {
        do: 'call',
        action: () => {
          atSource('INBOX');
          source.cutAll();
        },
      });

      const job = await incremental();

      expect(job).toMatchObject({ status: 'Synced', error: null, green: true, items: { copied: 14 } });
      expectSame();
    });
  });

  it.each<[string, readonly string[], ((event: ServerEvent) => boolean) | undefined]>([
    ['', allCapabilities, undefined],
    [', also where the connection is lost when that was done and not answered', allCapabilities, reply('UID MOVE')],
    [', also where the copy is made and not answered', withoutMove, reply('UID COPY')],
  ])(
    'are moved after it where they left their folder before their lost page was settled%s',
    async (_, capabilities, lost) => {
      await start(capabilities);
      const inbox = source.account(user).mailbox('INBOX');
      for (const text of ['kept', 'moved', 'kept, too']) inbox?.add(message(text));
      // Stored and not answered: what is left of the page at the source when it is settled lacks one message.
      const stored = reply('APPEND');
      const moves = (event: ServerEvent): boolean => {
        const isDue = stored(event) && inbox?.messages.some(({ uid }) => uid === 12) === true;
        if (isDue) move([12]);
        return isDue;
      };
      target.plan.when(moves, { do: 'cut' });
      expect(await incremental()).toMatchObject({ status: 'Synced' });
      expect(inFolder(target.account(user), 'INBOX')).toHaveLength(13);
      target.plan.forget();
      if (lost !== undefined) target.plan.when(lost, { do: 'cut' });

      const job = await incremental();

      expect(job).toMatchObject({ status: 'Synced', green: true, items: { copied: 14 } });
      expect(target.plan.events.some((event) => event.kind === 'store')).toBe(false);
      expectSame();
    },
  );

  it.each([
    ['keeps', (octets: Buffer) => octets],
    ['makes CRLF of', (octets: Buffer) => Buffer.from(octets.toString().replaceAll('\n', '\r\n'))],
  ])('are moved after it, too, where they have bare LF, which the target %s', async (_, kept) => {
    await start(allCapabilities);
    const inbox = source.account(user).mailbox('INBOX');
    const bare = message('bare');
    for (const text of ['first', 'last']) inbox?.add(message(text));
    inbox?.add({ ...bare, octets: Buffer.from(bare.octets.toString().replaceAll('\r\n', '\n')) });
    target.plan.when(reply('APPEND'), {
      do: 'call',
      action: () => {
        move([13]);
        const there = target.account(user).mailbox('INBOX');
        if (there !== undefined)
          there.messages = there.messages.map((item) =>
            item.octets.includes('body of bare') ? { ...item, octets: kept(item.octets) } : item,
          );
        target.cutAll();
      },
    });
    expect(await incremental()).toMatchObject({ status: 'Synced' });
    target.plan.forget();

    expect(await incremental()).toMatchObject({ status: 'Synced', error: null, green: true, items: { copied: 14 } });
    expect(target.plan.events.some((event) => event.kind === 'store')).toBe(false);
    expect(inFolder(target.account(user), 'INBOX')).toHaveLength(12);
    expect(inFolder(target.account(user), 'Filed')).toHaveLength(2);
  });

  it.each([
    ['as the copy is asked for', withoutMove, command('UID COPY')],
    ['when the copy is made and not answered', withoutMove, reply('UID COPY')],
    ['before the originals are marked', withoutMove, command('UID STORE')],
    ['when the originals are marked', withoutMove, reply('UID STORE')],
    ['before the originals are removed', withoutMove, command('UID EXPUNGE')],
    ['when the originals are removed', withoutMove, reply('UID EXPUNGE')],
    ['when they are moved and it is not answered', allCapabilities, reply('UID MOVE')],
  ])('are each in one folder when the worker is lost %s', async (_, capabilities, moment) => {
    await start(capabilities);
    move([2, 3, 4]);
    // A true duplicate of one that was moved, and another message with its Message-ID, received in the same second.
    source
      .account(user)
      .mailbox('Filed')
      ?.addAll([message('2'), message('3', 'another version, just as long.')]);
    target.plan.when(moment, { do: 'cut' }, 2);

    const job = await incremental();

    expect(job).toMatchObject({ status: 'Synced', error: null, green: true, items: { copied: 13 } });
    expect(await differencesOf(job)).toEqual([]);
    expectSame();
  });

  it('are moved out of a folder, too, in which another message could not be copied', async () => {
    await start(allCapabilities);
    source.account(user).mailbox('INBOX')?.add(message('refused'));
    const refusal = { do: 'answer', status: 'NO', text: '[CANNOT] a virus' } as const;
    target.plan.when(command('APPEND'), refusal, Infinity);
    expect(await incremental()).toMatchObject({ status: 'Synced', green: false, items: { copied: 11, failed: 1 } });
    move([2, 3, 4]);

    const job = await incremental();

    expect(job).toMatchObject({ status: 'Synced', items: { copied: 11, failed: 1 } });
    target.plan.forget();
    expect(await incremental()).toMatchObject({ status: 'Synced', green: true, items: { copied: 12 } });
    expectSame();
  });

  it('are told from another version of them that comes into the same folder in the same pass', async () => {
    await start(withoutMove);
    const filed = source.account(user).mailbox('Filed');
    filed?.add(message('2', 'the other list'));
    move([2]);
    filed?.add(message('2', 'a third list'));

    const job = await incremental();

    expect(job).toMatchObject({ status: 'Synced', error: null, green: true, items: { copied: 13 } });
    expectSame();
  });

  it('are copied to their new folder, and stay in the old one, at a target that cannot remove single messages', async () => {
    await start(withoutUidPlus);
    move([2, 3, 4]);

    const job = await incremental();

    const account = target.account(user);
    expect(job).toMatchObject({ status: 'Synced', green: true, items: { copied: 11 } });
    expect(inFolder(account, 'Filed')).toEqual(inFolder(source.account(user), 'Filed'));
    expect(inFolder(account, 'INBOX')).toHaveLength(10);
    expect(
      target.plan.events.some((event) => event.kind === 'command' && /UID (?:COPY|EXPUNGE)|EXPUNGE/.test(event.name)),
    ).toBe(false);
  });

  describe('out of a folder that was made anew at the target', () => {
    /** Of two equal messages one is moved; the user deleted another one that is moved; the rest have other UIDs now. */
    const renumber = async (capabilities: readonly string[]): Promise<void> => {
      await start(capabilities);
      source.account(user).mailbox('INBOX')?.add(message('3'));
      expect(await incremental()).toMatchObject({ green: true, items: { copied: 12 } });
      move([2, 3, 4]);
      const account = target.account(user);
      const before = account.mailbox('INBOX')?.messages ?? [];
      account.delete('INBOX');
      const inbox = account.create('INBOX');
      inbox.add({ ...message('of the user'), internalDate: '18-Jul-2020 02:44:25 +0000' });
      inbox.addAll(before);
      target.plan.forget();
    };

    it.each([
      ['with MOVE', allCapabilities],
      ['without MOVE', withoutMove],
    ])('are found there by what they are, at a target %s, and not sent again', async (_, capabilities) => {
      await renumber(capabilities);

      const job = await incremental();

      expect(job).toMatchObject({ status: 'Synced', error: null, green: true, items: { copied: 12 } });
      expect(target.plan.events.some((event) => event.kind === 'store')).toBe(false);
      const inbox = target.account(user).mailbox('INBOX');
      inbox?.remove(new Set([1]));
      expectSame();
      expect(await incremental()).toMatchObject({ status: 'Synced', green: true, items: { copied: 12 } });
      expectSame();
    });

    it.each([
      ['when the copy is made and not answered', withoutMove, reply('UID COPY')],
      ['before the originals are removed', withoutMove, command('UID EXPUNGE')],
      ['when they are moved and it is not answered', allCapabilities, reply('UID MOVE')],
    ])('are each in one folder when the worker is lost %s', async (_, capabilities, moment) => {
      await renumber(capabilities);
      target.plan.when(moment, { do: 'cut' }, 2);

      const job = await incremental();

      expect(job).toMatchObject({ status: 'Synced', error: null, green: true, items: { copied: 12 } });
      target
        .account(user)
        .mailbox('INBOX')
        ?.remove(new Set([1]));
      expectSame();
    });

    it('stay deleted where their user deleted them there', async () => {
      await renumber(allCapabilities);
      target
        .account(user)
        .mailbox('INBOX')
        ?.remove(new Set([3, 12]));

      const job = await incremental();

      // One of the two equal ones is left, and stays where the source has one as well.
      expect(job).toMatchObject({ status: 'Synced', green: false, error: { code: 'VERIFICATION_FAILED' } });
      expect(target.plan.events.some((event) => event.kind === 'store')).toBe(false);
      expect(await differencesOf(job)).toMatchObject([{ kind: 'missing' }, { kind: 'missing' }]);
    });
  });

  describe('by folders that took the names of others', () => {
    /** `Filed` is `Filed 2020` now, and there is a new `Filed`; `One` and `Two` have each other's names. */
    const rename = async (capabilities: readonly string[]): Promise<void> => {
      await start(capabilities);
      const account = source.account(user);
      account.create('One').addAll([message('a'), message('b'), message('b')]);
      account.create('Two').addAll([message('a'), message('c')]);
      expect(await incremental()).toMatchObject({ green: true, items: { copied: 16 } });
      account.rename('Filed', 'Filed 2020');
      account.create('Filed').add(message('new'));
      account.rename('One', 'Three');
      account.rename('Two', 'One');
      account.rename('Three', 'Two');
    };

    const expectAllSame = (): void => {
      for (const name of ['INBOX', 'Filed', 'Filed 2020', 'One', 'Two'])
        expect(inFolder(target.account(user), name)).toEqual(inFolder(source.account(user), name));
    };

    it('keep their copies, whose folders are renamed, and only what is new is sent', async () => {
      await rename(allCapabilities);
      target.plan.forget();

      const job = await incremental();

      expect(job).toMatchObject({ status: 'Synced', error: null, green: true, items: { copied: 17 } });
      expect(target.plan.events.filter((event) => event.kind === 'store')).toHaveLength(1);
      expect(await differencesOf(job)).toEqual([]);
      expectAllSame();
    });

    it('go into a folder of their own where the target has another one of that name', async () => {
      await start(allCapabilities);
      const account = source.account(user);
      target.account(user).create('Filed 2020').add(message('its user wrote this'));
      account.rename('Filed', 'Filed 2020');
      account.create('Filed').add(message('new'));

      const job = await incremental();

      expect(job).toMatchObject({ status: 'Synced', error: null, green: true, items: { copied: 12 } });
      expect(inFolder(target.account(user), 'Filed')).toEqual(inFolder(account, 'Filed'));
      expect(inFolder(target.account(user), 'Filed 2020')).toHaveLength(1);
      expect(inFolder(target.account(user), 'Filed 2020 (2)')).toEqual(inFolder(account, 'Filed 2020'));
      expect(job.renamedFolders).toContainEqual({ source: 'Filed 2020', target: 'Filed 2020 (2)' });
    });
  });
});
