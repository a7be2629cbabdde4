import { afterEach, describe, expect, it } from '@jest/globals';
import type { MailSource } from '../../../shared/ports/mail-source.ts';
import { CopyHarness } from '../../support/copy/copy-harness.ts';
import { message } from '../../support/copy/letters.ts';
import type { Quirks } from '../../support/scripted-imap-server/session.ts';
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

describe('A message that the source knows of and does not give away', () => {
  let source: ScriptedImapServer;
  let target: ScriptedImapServer;
  let harness: CopyHarness;

  afterEach(async () => {
    harness.close();
    await source.stop();
    await target.stop();
  });

  const start = async (quirks: Quirks): Promise<void> => {
    source = await ScriptedImapServer.start({ users: { [user]: password }, quirks });
    target = await ScriptedImapServer.start({ users: { [user]: password } });
    const inbox = source.account(user).create('INBOX');
    for (let at = 0; at < 5; at += 1) inbox.add(message(String(at)));
    harness = await CopyHarness.open({ source, target, mailbox: user, password });
  };

  it('is listed as unreadable where nothing comes of what has a size', async () => {
    await start({ withheld: [3] });

    const job = await harness.run(user);

    expect(job).toMatchObject({ status: 'Synced', green: false, items: { copied: 4, failed: 1 } });
    expect(await harness.itemsReport(job)).toEqual([expect.objectContaining({ code: 'ITEM_UNREADABLE' })]);
    expect(target.account(user).mailbox('INBOX')?.messages).toHaveLength(4);
  });

  it('leaves the mailbox not green, in each pass, where it is counted and not listed', async () => {
    await start({});
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
