import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { CopyHarness } from '../../support/copy/copy-harness.ts';
import { message } from '../../support/copy/letters.ts';
import { describeWithDovecot } from '../../support/dovecot/describe-with-dovecot.ts';
import { DovecotServer } from '../../support/dovecot/dovecot-server.ts';
import { snapshotDovecot } from '../../support/mail/snapshot-mailbox.ts';
import { ScriptedImapServer } from '../../support/scripted-imap-server/scripted-imap-server.ts';

const users = { 'a@contoso.test': 'pw', 'b@contoso.test': 'pw', 'c@contoso.test': 'pw' };
/** Dovecot takes keywords of up to 50 characters. */
const long = 'k'.repeat(60);

describeWithDovecot('Keywords that a target does not take', () => {
  let source: ScriptedImapServer;
  let target: DovecotServer;
  let harness: CopyHarness;

  beforeAll(async () => {
    target = await DovecotServer.start({ users });
  });

  beforeEach(async () => {
    source = await ScriptedImapServer.start({ users });
  });

  afterEach(async () => {
    harness.close();
    await source.stop();
  });

  afterAll(async () => {
    await target.stop();
  });

  const inboxWith = async (user: keyof typeof users, ...flags: readonly (readonly string[])[]) => {
    const inbox = source.account(user).create('INBOX');
    for (const [at, list] of flags.entries()) inbox.add({ ...message(String(at)), flags: list });
    harness = await CopyHarness.open({ source, target, mailbox: user, password: 'pw' });
    return inbox;
  };

  const flagsAtTarget = async (user: string): Promise<readonly string[]> => {
    const { messages = [] } = (await snapshotDovecot(target, user)).get('INBOX') ?? {};
    return messages.map(({ flags, keywords }) => [...flags, ...keywords].join(' ')).sort();
  };

  it('are left out where no command can carry them, and nothing of a message is taken for commands', async () => {
    const user = 'a@contoso.test';
    await inboxWith(user, ['$Forwarded', 'a]b'], ['\\Seen', '$x{3}'], ['caf\xe9', '"', '%'], ['(', '$ok']);

    expect(await harness.run(user)).toMatchObject({ status: 'Synced', green: true, items: { copied: 4 } });
    expect(await flagsAtTarget(user)).toEqual(['', '$Forwarded', '$ok', '\\Seen']);
  });

  it('do not keep a message from it, and are named', async () => {
    const user = 'b@contoso.test';
    await inboxWith(user, ['\\Seen', long], ['\\Flagged', '$ok']);

    const job = await harness.run(user);

    const error = { code: 'VERIFICATION_FAILED' };
    expect(job).toMatchObject({ status: 'Synced', green: false, items: { copied: 2, failed: 0 }, error });
    expect(await flagsAtTarget(user)).toEqual(['\\Flagged $ok', '\\Seen']);
    const { differences } = await harness.verification(job);
    expect(differences).toMatchObject([{ kind: 'flags', detail: `${long} no longer set` }]);
  });

  it('do not keep the mailbox from later passes, nor other flags from being carried over', async () => {
    const user = 'c@contoso.test';
    const inbox = await inboxWith(user, [], []);
    await harness.run(user);
    for (const each of inbox.messages) inbox.setFlags(each, ['\\Seen', long]);
    inbox.add(message('later'));
    await harness.beginPass('incremental');

    const job = await harness.run(user);

    const error = { code: 'VERIFICATION_FAILED' };
    expect(job).toMatchObject({ status: 'Synced', green: false, items: { copied: 3 }, error });
    expect(await flagsAtTarget(user)).toEqual(['', '\\Seen', '\\Seen']);
  });
});
