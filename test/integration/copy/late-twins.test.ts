import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { MailboxJob } from '../../../shared/domain/mailbox-job.ts';
import { CopyHarness } from '../../support/copy/copy-harness.ts';
import { message } from '../../support/copy/letters.ts';
import { allCapabilitiesBut, ScriptedImapServer } from '../../support/scripted-imap-server/scripted-imap-server.ts';

const user = 'alice@contoso.test';
const password = 'pw';
const users = { [user]: password };
const withoutUidPlus = allCapabilitiesBut('UIDPLUS', 'MOVE');

describe('A second copy of a message that cannot be removed', () => {
  let source: ScriptedImapServer;
  let target: ScriptedImapServer;
  let harness: CopyHarness;

  beforeEach(async () => {
    source = await ScriptedImapServer.start({ users });
    target = await ScriptedImapServer.start({ users, capabilities: withoutUidPlus });
    for (let at = 0; at < 5; at += 1)
      source
        .account(user)
        .mailbox('INBOX')
        ?.add(message(String(at)));
    harness = await CopyHarness.open({ source, target, mailbox: user, password, options: { settleAfter: 0 } });
  });

  afterEach(async () => {
    harness.close();
    await source.stop();
    await target.stop();
  });

  const incremental = async (): Promise<MailboxJob> => {
    await harness.beginPass('incremental');
    return harness.run(user);
  };

  it('is what every later pass says of its mailbox, also one in which nothing changed', async () => {
    target.plan.when((event) => event.kind === 'store', { do: 'cut' });
    expect(await harness.run(user)).toMatchObject({ status: 'Synced', green: true, items: { copied: 5 } });
    target.account(user).mailbox('INBOX')?.add(message('3'));

    const jobs = [await incremental(), await incremental(), await incremental()];

    expect(jobs.map(({ green, error }) => [green, error?.code])).toEqual(Array(3).fill([false, 'LATE_TWIN']));
  });

  describe('in a folder in which nothing was settled', () => {
    const first = async (options: Readonly<Record<string, unknown>> = {}): Promise<void> => {
      await harness.changeEndpoint({ defaults: { settleAfter: 0, ...options } });
      expect(await harness.run(user)).toMatchObject({ status: 'Synced', green: true, items: { copied: 5 } });
    };

    it('is told in every later pass, and left where it is', async () => {
      await first();
      target.account(user).mailbox('INBOX')?.add(message('3'));

      const jobs = [await incremental(), await incremental()];
      source.account(user).mailbox('INBOX')?.add(message('new'));
      jobs.push(await incremental());

      expect(jobs.map(({ green, error }) => [green, error?.code])).toEqual(Array(3).fill([false, 'LATE_TWIN']));
      expect(target.account(user).mailbox('INBOX')?.messages).toHaveLength(7);
      // Deleted by hand, as the report asks for.
      target
        .account(user)
        .mailbox('INBOX')
        ?.remove(new Set([6]));
      expect(await incremental()).toMatchObject({ status: 'Synced', error: null, green: true });
    });

    it('is told also of a message that the source has no more', async () => {
      await first();
      source
        .account(user)
        .mailbox('INBOX')
        ?.remove(new Set([4]));
      target.account(user).mailbox('INBOX')?.add(message('3'));

      expect(await incremental()).toMatchObject({ green: false, error: { code: 'LATE_TWIN' } });
    });

    it.each([
      ['where users are at work: one of them made it', { usersAtWork: true }, message('3')],
      ['of other octets: it was delivered there as well', {}, message('3', 'another')],
      ['of another date', {}, { ...message('3'), internalDate: '18-Jul-2020 02:44:25 +0000' }],
    ])('is none %s', async (_, options, added) => {
      await first(options);
      target.account(user).mailbox('INBOX')?.add(added);

      const job = await incremental();

      expect(job).toMatchObject({ status: 'Synced', error: null, green: true });
      expect((await harness.verification(job)).differences).toMatchObject([{ kind: 'extra', changedSince: true }]);
    });
  });
});
