import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { MailboxJob } from '../../../shared/domain/mailbox-job.ts';
import { CopyHarness } from '../../support/copy/copy-harness.ts';
import { message } from '../../support/copy/letters.ts';
import { allCapabilitiesBut, ScriptedImapServer } from '../../support/scripted-imap-server/scripted-imap-server.ts';

const user = 'alice@contoso.test';
const password = 'pw';
const users = { [user]: password };
const withoutUidPlus = allCapabilitiesBut('UIDPLUS', 'MOVE');

describe('A late twin that cannot be removed', () => {
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
});
