import { expect, it } from '@jest/globals';
import { DovecotCopies } from '../../support/copy/dovecot-copies.ts';
import { describeWithDovecot } from '../../support/dovecot/describe-with-dovecot.ts';
import { generateMailbox } from '../../support/mail/generate-mailbox.ts';
import { PlainImapClient } from '../../support/mail/plain-imap-client.ts';
import { seedMailbox } from '../../support/mail/seed-mailbox.ts';

const password = 'pw';
const names = Array.from({ length: 3 }, (_, at) => `flags${String(at)}@contoso.test`);
const users = Object.fromEntries(names.map((name) => [name, password]));

describeWithDovecot('Flags that change at the target between passes', () => {
  const copies = new DovecotCopies({ users });

  /** Copies, changes flags at the target, and makes an incremental pass, with nobody said to be at work there. */
  const copyAndStore = async (user: string, seed: number, stores: readonly string[]) => {
    seedMailbox(copies.source, user, generateMailbox({ seed, folders: 1, messages: 10 }));
    await copies.source.doveadm(['flags', 'replace', '-u', user, '\\Flagged', 'mailbox', 'INBOX', 'all']);
    const harness = await copies.open(user);
    expect(await harness.run(user)).toMatchObject({ status: 'Synced', green: true });
    const client = await PlainImapClient.signIn(copies.target, user);
    await client.command('SELECT INBOX');
    for (const store of stores) await client.command(store);
    client.close();
    await harness.beginPass('incremental');
    const job = await harness.run(user);
    return { job, report: await harness.verification(job) };
  };

  it('leave a mailbox green when a message was read or marked, and name what was answered', async () => {
    const [user = ''] = names;
    const { job, report } = await copyAndStore(user, 51, [
      'UID STORE 1:5 +FLAGS (\\Seen)',
      'UID STORE 3:7 +FLAGS (NonJunk $MDNSent)',
      'UID STORE 2 +FLAGS (\\Answered)',
    ]);

    expect(job).toMatchObject({ status: 'Synced', green: true, error: null });
    expect(report).toMatchObject({
      rules: 4,
      differencesTotal: 1,
      differences: [{ kind: 'flags', detail: '\\Answered set since', targetUid: 2, changedSince: true }],
    });
  });

  it('do not leave a mailbox green when a mark that was copied is gone, or one of deletion came', async () => {
    const [, user = ''] = names;
    const { job, report } = await copyAndStore(user, 52, [
      'UID STORE 1 -FLAGS (\\Flagged)',
      'UID STORE 2 +FLAGS (\\Deleted)',
    ]);

    expect(job).toMatchObject({ status: 'Synced', green: false, error: { code: 'VERIFICATION_FAILED' } });
    expect(report).toMatchObject({
      differencesTotal: 2,
      differences: [
        { kind: 'flags', detail: '\\Flagged no longer set', targetUid: 1, changedSince: false },
        { kind: 'flags', detail: '\\Deleted set since', targetUid: 2, changedSince: false },
      ],
    });
  });
});
