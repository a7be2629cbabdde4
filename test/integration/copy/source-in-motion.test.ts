import { expect, it } from '@jest/globals';
import { beforeReading } from '../../support/copy/before-reading.ts';
import { DovecotCopies } from '../../support/copy/dovecot-copies.ts';
import { describeWithDovecot } from '../../support/dovecot/describe-with-dovecot.ts';
import { generateMailbox } from '../../support/mail/generate-mailbox.ts';
import { PlainImapClient } from '../../support/mail/plain-imap-client.ts';
import { seedMailbox } from '../../support/mail/seed-mailbox.ts';
import { snapshotDovecot } from '../../support/mail/snapshot-mailbox.ts';

const password = 'pw';
const names = Array.from({ length: 4 }, (_, at) => `motion${String(at)}@contoso.test`);
const users = Object.fromEntries(names.map((name) => [name, password]));

describeWithDovecot('Copying a mailbox whose source changes meanwhile', () => {
  const copies = new DovecotCopies({ users });

  it('comes to an end although items of a page vanish while the pages behind it are being read', async () => {
    const [user = ''] = names;
    seedMailbox(copies.source, user, generateMailbox({ seed: 21, folders: 1, messages: 700 }));
    const harness = await copies.open(user);
    beforeReading(harness, 1, () =>
      copies.source.doveadm(['expunge', '-u', user, 'mailbox', 'INBOX', 'uid', '690,600,400']),
    );

    const job = await harness.run(user);

    expect(job).toMatchObject({ status: 'Synced', green: true, items: { total: 700 } });
    // A body that the server had open already may still be read.
    expect(job.items.vanished).toBeGreaterThan(0);
    expect(job.items.copied + job.items.vanished).toBe(700);
    expect((await snapshotDovecot(copies.target, user)).get('INBOX')?.messages).toHaveLength(job.items.copied);
  }, 60_000);

  it('carries over the flags of a message that was read and then moved', async () => {
    const [, user = ''] = names;
    seedMailbox(copies.source, user, generateMailbox({ seed: 22, folders: 1, messages: 20 }));
    await copies.source.doveadm(['mailbox', 'create', '-u', user, 'Filed']);
    const harness = await copies.open(user);
    const client = await PlainImapClient.signIn(copies.source, user);
    await client.command('SELECT INBOX');
    await client.command('UID STORE 1:10 FLAGS.SILENT ()');
    await harness.run(user);
    await client.command('UID STORE 1:10 +FLAGS (\\Seen)');
    await client.command('UID MOVE 1:10 Filed');
    client.close();

    await harness.beginPass('incremental');
    const job = await harness.run(user);

    expect(job).toMatchObject({ status: 'Synced', green: true, error: null });
    expect(await copies.differences(user)).toEqual([]);
  }, 60_000);
});
