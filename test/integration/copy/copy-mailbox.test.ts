import { expect, it } from '@jest/globals';
import { DovecotCopies } from '../../support/copy/dovecot-copies.ts';
import { describeWithDovecot } from '../../support/dovecot/describe-with-dovecot.ts';
import { DovecotServer } from '../../support/dovecot/dovecot-server.ts';
import { diffMailboxes } from '../../support/mail/diff-mailboxes.ts';
import { generateMailbox } from '../../support/mail/generate-mailbox.ts';
import { PlainImapClient } from '../../support/mail/plain-imap-client.ts';
import { seedMailbox } from '../../support/mail/seed-mailbox.ts';
import { snapshotDovecot } from '../../support/mail/snapshot-mailbox.ts';

const password = 'pw';
const names = Array.from({ length: 12 }, (_, at) => `user${String(at)}@contoso.test`);
const users = Object.fromEntries(names.map((name) => [name, password]));

describeWithDovecot('Copying a mailbox between two IMAP servers', () => {
  const copies = new DovecotCopies({ users });

  it('copies every body, flag, keyword, date and folder of an ugly mailbox', async () => {
    const [user = ''] = names;
    seedMailbox(copies.source, user, generateMailbox({ seed: 1, folders: 30, messages: 400, ugly: true }));
    const harness = await copies.open(user);

    const job = await harness.run(user);

    expect(job).toMatchObject({ status: 'Synced', green: true, error: null, items: { copied: 400, total: 400 } });
    expect(await copies.differences(user)).toEqual([]);
  });

  it('copies to a server without MULTIAPPEND, LITERAL+ and UIDPLUS', async () => {
    const [, user = ''] = names;
    seedMailbox(copies.source, user, generateMailbox({ seed: 2, folders: 5, messages: 60, ugly: true }));
    const capability = 'IMAP4rev1 NAMESPACE SPECIAL-USE LIST-EXTENDED';
    const poor = await DovecotServer.start({ users, capability });
    copies.closing(() => poor.stop());
    const harness = await copies.open(user, { target: poor });

    const job = await harness.run(user);

    expect(job).toMatchObject({ status: 'Synced', items: { copied: 60, total: 60 } });
    expect(diffMailboxes(await snapshotDovecot(copies.source, user), await snapshotDovecot(poor, user))).toEqual([]);
  });

  it('copies only what is new in an incremental pass, and carries flags over', async () => {
    const [, , user = ''] = names;
    seedMailbox(copies.source, user, generateMailbox({ seed: 3, folders: 4, messages: 80 }));
    const harness = await copies.open(user);
    await harness.run(user);
    const client = await PlainImapClient.signIn(copies.source, user);
    await client.command('SELECT INBOX');
    await client.command('UID STORE 1:* +FLAGS (\\Answered)');
    await client.append('INBOX', Buffer.from('Subject: new\r\n\r\nlater\r\n'), {
      flags: ['\\Seen'],
      internalDate: new Date(0),
    });
    client.close();

    await harness.beginPass('incremental');
    const job = await harness.run(user);

    expect(job).toMatchObject({ status: 'Synced', green: true, items: { copied: 81, total: 81 } });
    expect(await copies.differences(user)).toEqual([]);
  });

  it('never carries \\Deleted over, in either direction, and is green all the same', async () => {
    const [, , , , , , , , , user = ''] = names;
    seedMailbox(copies.source, user, generateMailbox({ seed: 11, folders: 1, messages: 3 }));
    const harness = await copies.open(user);
    const client = await PlainImapClient.signIn(copies.source, user);
    await client.command('SELECT INBOX');
    await client.command('UID STORE 1:* FLAGS (\\Seen)');
    await client.command('UID STORE 1:2 +FLAGS (\\Deleted)');
    await harness.run(user);
    await client.command('UID STORE 1:2 -FLAGS (\\Deleted)');
    await client.command('UID STORE 3:* +FLAGS (\\Deleted)');
    client.close();

    await harness.beginPass('incremental');
    const job = await harness.run(user);

    const flags = (await snapshotDovecot(copies.target, user))
      .get('INBOX')
      ?.messages.map((message) => message.flags.includes('\\Deleted'));
    expect(job).toMatchObject({ status: 'Synced', green: true, error: null });
    expect(flags?.filter((deleted) => deleted)).toHaveLength(2);
  });

  it('settles a window whose connection was lost while a page was in flight', async () => {
    const [, , , user = ''] = names;
    seedMailbox(copies.source, user, generateMailbox({ seed: 4, folders: 3, messages: 600 }));
    const proxy = await copies.line(copies.target);
    const harness = await copies.open(user, { target: { imapPort: proxy.port } });
    proxy.cut({ direction: 'to-server', afterBytes: 700_000, times: 3 });
    proxy.cut({ direction: 'to-client', onText: 'OK [APPENDUID', times: 2 });

    const job = await harness.run(user);

    expect(job).toMatchObject({ status: 'Synced', green: true, items: { copied: 600, total: 600 } });
    expect(await copies.differences(user)).toEqual([]);
  });

  it('doubles nothing when a server stores what it had received only after a successor settled', async () => {
    const [, , , , , user = ''] = names;
    seedMailbox(copies.source, user, generateMailbox({ seed: 6, folders: 3, messages: 1_500, bytes: 60_000_000 }));
    const proxy = await copies.line(copies.target);
    const harness = await copies.open(user, { target: { imapPort: proxy.port } });
    const worker = new AbortController();
    const first = harness.slice(user, 'b', worker.signal);
    while (proxy.counters().bytesToServer < 15_000_000) await harness.services.clock.sleep(1);
    await copies.target.pause(user);
    await harness.services.clock.sleep(100);
    worker.abort();
    expect((await first).outcome).toBe('unfinished');

    const successor = harness.run(user);
    await harness.services.clock.sleep(2_500);
    await copies.target.resume(user);
    await successor;
    // The process of the dead client ends when it has stored what it had received.
    while ((await copies.target.pids(user)).length > 0) await harness.services.clock.sleep(50);
    await harness.beginPass('incremental');
    const job = await harness.run(user);

    expect(job).toMatchObject({ status: 'Synced', green: true, items: { copied: 1_500, total: 1_500 } });
    expect(await copies.differences(user)).toEqual([]);
  });

  it('moves at the target what was moved at the source, and renames what was renamed', async () => {
    const [, , , , , , user = ''] = names;
    seedMailbox(copies.source, user, generateMailbox({ seed: 8, folders: 2, messages: 40 }));
    const harness = await copies.open(user);
    const client = await PlainImapClient.signIn(copies.source, user);
    await client.command('CREATE Old');
    for (const at of [1, 2, 3]) {
      const text = `Message-ID: <m${String(at)}@contoso.test>\r\nSubject: ${String(at)}\r\n\r\nbody ${String(at)}\r\n`;
      await client.append('Old', Buffer.from(text), {
        flags: [],
        internalDate: new Date(1_500_000_000_000 + at * 1000),
      });
    }
    await harness.run(user);
    const before = await snapshotDovecot(copies.target, user);
    await client.command('SELECT Old');
    await client.command('UID MOVE 1 INBOX');
    await client.command('CLOSE');
    await client.command('RENAME Old New');
    client.close();

    await harness.beginPass('incremental');
    const job = await harness.run(user);

    const after = await snapshotDovecot(copies.target, user);
    expect(job).toMatchObject({ status: 'Synced', green: true, error: null });
    expect(await copies.differences(user)).toEqual([]);
    expect(after.get('New')?.uidValidity).toBe(before.get('Old')?.uidValidity);
  });

  it('matches a folder whose UIDVALIDITY changed instead of copying it again', async () => {
    const [, , , , , , , user = ''] = names;
    seedMailbox(copies.source, user, generateMailbox({ seed: 9, folders: 2, messages: 60, ugly: true }));
    const harness = await copies.open(user);
    await harness.run(user);
    await copies.source.doveadm(['mailbox', 'update', '--uid-validity', '777777777', '-u', user, 'INBOX']);

    await harness.beginPass('incremental');
    const job = await harness.run(user);

    expect(job).toMatchObject({ status: 'Synced', items: { copied: 60, total: 60 } });
    expect(await copies.differences(user)).toEqual([]);
  });

  it('never writes again what the user deleted at the target, and names what is missing, altered and extra', async () => {
    const [, , , , , , , , user = ''] = names;
    seedMailbox(copies.source, user, generateMailbox({ seed: 10, folders: 2, messages: 40 }));
    const harness = await copies.open(user, { options: { verify: 'full' } });
    await harness.run(user);
    const client = await PlainImapClient.signIn(copies.target, user);
    await client.command('SELECT INBOX');
    await client.command('UID STORE 1 +FLAGS (\\Deleted)');
    await client.command('UID EXPUNGE 1');
    await client.append('INBOX', Buffer.from('Subject: other\r\n\r\nx\r\n'), { flags: [], internalDate: new Date(0) });
    client.close();

    await harness.beginPass('incremental');
    const job = await harness.run(user);

    expect(job).toMatchObject({ status: 'Synced', green: false, error: { code: 'VERIFICATION_FAILED' } });
    expect(await harness.verification(job)).toMatchObject({
      differences: [{ kind: 'missing', targetUid: 1 }, { kind: 'extra' }],
      differencesTotal: 2,
    });
    expect((await snapshotDovecot(copies.target, user)).get('INBOX')?.messages.some(({ uid }) => uid === 1)).toBe(
      false,
    );
  });

  it('continues a pair from its ledger when another batch takes it over', async () => {
    const [, , , , user = ''] = names;
    seedMailbox(copies.source, user, generateMailbox({ seed: 5, folders: 3, messages: 50 }));
    const harness = await copies.open(user);
    const first = await harness.run(user);
    await harness.store.release(`pair/${first.pairId ?? ''}`, 'b');
    await harness.addBatch('later', user, password);

    const job = await harness.run(user, 'later');

    expect(job).toMatchObject({ status: 'Synced', green: true, items: { copied: 50, total: 50 } });
    expect(await copies.differences(user)).toEqual([]);
  });
});
