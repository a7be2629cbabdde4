import { afterEach, describe, expect, it } from '@jest/globals';
import type { MailSource } from '../../../shared/ports/mail-source.ts';
import { CopyHarness } from '../../support/copy/copy-harness.ts';
import { message } from '../../support/copy/letters.ts';
import { ScriptedImapServer } from '../../support/scripted-imap-server/scripted-imap-server.ts';

const user = 'alice@contoso.test';
const password = 'pw';

/** A source that counts a message and never lists it, as servers do with what they cannot read. */
function withoutUid(inner: MailSource, left: number): MailSource {
  return {
    open: async (credentials, signal) => {
      const mailbox = await inner.open(credentials, signal);
      const listItems = mailbox.listItems.bind(mailbox);
      mailbox.listItems = async (folder, range) => (await listItems(folder, range)).filter(({ uid }) => uid !== left);
      return mailbox;
    },
  };
}

describe('A message that the source counts and does not list', () => {
  let source: ScriptedImapServer;
  let target: ScriptedImapServer;
  let harness: CopyHarness;

  afterEach(async () => {
    harness.close();
    await source.stop();
    await target.stop();
  });

  it('leaves the mailbox not green, in each pass', async () => {
    source = await ScriptedImapServer.start({ users: { [user]: password } });
    target = await ScriptedImapServer.start({ users: { [user]: password } });
    const inbox = source.account(user).create('INBOX');
    for (let at = 0; at < 5; at += 1) inbox.add(message(String(at)));
    harness = await CopyHarness.open({ source, target, mailbox: user, password });
    const { mailSource } = harness.services;
    Object.assign(harness.services, {
      mailSource: (endpoint: Parameters<typeof mailSource>[0]) => withoutUid(mailSource(endpoint), 3),
    });

    const first = await harness.run(user);
    await harness.beginPass('incremental');
    const second = await harness.run(user);

    const expected = { green: false, error: { code: 'COUNTS_DO_NOT_CLOSE' } };
    expect(first).toMatchObject(expected);
    expect(second).toMatchObject(expected);
  });
});
