import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import type { MailSource } from '../../../shared/ports/mail-source.ts';
import { CopyHarness } from '../../support/copy/copy-harness.ts';
import { describeWithDovecot } from '../../support/dovecot/describe-with-dovecot.ts';
import { DovecotServer } from '../../support/dovecot/dovecot-server.ts';
import { diffMailboxes } from '../../support/mail/diff-mailboxes.ts';
import { generateMailbox } from '../../support/mail/generate-mailbox.ts';
import { PlainImapClient } from '../../support/mail/plain-imap-client.ts';
import { seedMailbox } from '../../support/mail/seed-mailbox.ts';
import { snapshotDovecot } from '../../support/mail/snapshot-mailbox.ts';

const password = 'pw';
const names = Array.from({ length: 4 }, (_, at) => `motion${String(at)}@contoso.test`);
const users = Object.fromEntries(names.map((name) => [name, password]));

/** A source on which something happens between the listing of a mailbox and the first reading of bodies. */
function beforeReading(inner: MailSource, happens: () => Promise<void>): MailSource {
  let happened: Promise<void> | undefined;
  return {
    open: async (credentials, signal) => {
      const mailbox = await inner.open(credentials, signal);
      return new Proxy(mailbox, {
        get: (_, name) => {
          if (name === 'readItems') {
            return async (...args: Parameters<typeof mailbox.readItems>) => {
              happened ??= happens();
              await happened;
              return mailbox.readItems(...args);
            };
          }
          const value: unknown = Reflect.get(mailbox, name, mailbox);
          return typeof value === 'function' ? (value.bind(mailbox) as unknown) : value;
        },
      });
    },
  };
}

describeWithDovecot('Copying a mailbox whose source changes meanwhile', () => {
  let source: DovecotServer;
  let target: DovecotServer;
  let harness: CopyHarness | undefined;

  beforeAll(async () => {
    source = await DovecotServer.start({ users, fsync: 'never' });
    target = await DovecotServer.start({ users, fsync: 'never' });
  });

  afterEach(() => {
    harness?.close();
    harness = undefined;
  });

  afterAll(async () => {
    await source.stop();
    await target.stop();
  });

  it('comes to an end although items of a page vanish while the pages behind it are being read', async () => {
    const [user = ''] = names;
    seedMailbox(source, user, generateMailbox({ seed: 21, folders: 1, messages: 700 }));
    harness = await CopyHarness.open({ source, target, mailbox: user, password });
    const { mailSource } = harness.services;
    const vanish = async (): Promise<void> => {
      await source.doveadm(['expunge', '-u', user, 'mailbox', 'INBOX', 'uid', '690,600,400']);
    };
    harness = Object.assign(harness, {
      services: {
        ...harness.services,
        mailSource: (endpoint: Parameters<typeof mailSource>[0]) => beforeReading(mailSource(endpoint), vanish),
      },
    });

    const job = await harness.run(user);

    expect(job).toMatchObject({ status: 'Synced', green: true, items: { total: 700 } });
    // A body that the server had open already may still be read.
    expect(job.items.vanished).toBeGreaterThan(0);
    expect(job.items.copied + job.items.vanished).toBe(700);
    expect((await snapshotDovecot(target, user)).get('INBOX')?.messages).toHaveLength(job.items.copied);
  }, 60_000);

  it('carries over the flags of a message that was read and then moved', async () => {
    const [, user = ''] = names;
    seedMailbox(source, user, generateMailbox({ seed: 22, folders: 1, messages: 20 }));
    await source.doveadm(['mailbox', 'create', '-u', user, 'Filed']);
    harness = await CopyHarness.open({ source, target, mailbox: user, password });
    const client = await PlainImapClient.connect(source.imapPort);
    await client.login(user, password);
    await client.command('SELECT INBOX');
    await client.command('UID STORE 1:10 FLAGS.SILENT ()');
    await harness.run(user);
    await client.command('UID STORE 1:10 +FLAGS (\\Seen)');
    await client.command('UID MOVE 1:10 Filed');
    client.close();

    await harness.beginPass('incremental');
    const job = await harness.run(user);

    expect(job).toMatchObject({ status: 'Synced', green: true, error: null });
    expect(diffMailboxes(await snapshotDovecot(source, user), await snapshotDovecot(target, user))).toEqual([]);
  }, 60_000);
});
