import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import { CopyHarness } from '../../support/copy/copy-harness.ts';
import { describeWithDovecot } from '../../support/dovecot/describe-with-dovecot.ts';
import { DovecotServer } from '../../support/dovecot/dovecot-server.ts';
import { diffMailboxes } from '../../support/mail/diff-mailboxes.ts';
import { generateMailbox } from '../../support/mail/generate-mailbox.ts';
import { PlainImapClient } from '../../support/mail/plain-imap-client.ts';
import { seedMailbox } from '../../support/mail/seed-mailbox.ts';
import { snapshotDovecot } from '../../support/mail/snapshot-mailbox.ts';
import { TcpFaultProxy } from '../../support/tcp-fault-proxy.ts';

const password = 'pw';
const names = Array.from({ length: 12 }, (_, at) => `user${String(at)}@contoso.test`);
const users = Object.fromEntries(names.map((name) => [name, password]));

describeWithDovecot('Copying a mailbox between two IMAP servers', () => {
  let source: DovecotServer;
  let target: DovecotServer;
  let poor: DovecotServer;
  let harness: CopyHarness | undefined;

  beforeAll(async () => {
    source = await DovecotServer.start({ users, fsync: 'never' });
    target = await DovecotServer.start({ users, fsync: 'never' });
    poor = await DovecotServer.start({
      users,
      fsync: 'never',
      capability: 'IMAP4rev1 NAMESPACE SPECIAL-USE LIST-EXTENDED',
    });
  });

  afterEach(() => {
    harness?.close();
    harness = undefined;
  });

  afterAll(async () => {
    await source.stop();
    await target.stop();
    await poor.stop();
  });

  const difference = async (user: string, to = target): Promise<string[]> =>
    diffMailboxes(await snapshotDovecot(source, user), await snapshotDovecot(to, user));

  it('copies every body, flag, keyword, date and folder of an ugly mailbox', async () => {
    const [user = ''] = names;
    seedMailbox(source, user, generateMailbox({ seed: 1, folders: 30, messages: 400, ugly: true }));
    harness = await CopyHarness.open({ source, target, mailbox: user, password });

    const job = await harness.run(user);

    expect(job).toMatchObject({ status: 'Synced', green: true, error: null, items: { copied: 400, total: 400 } });
    expect(await difference(user)).toEqual([]);
  });

  it('copies to a server without MULTIAPPEND, LITERAL+ and UIDPLUS', async () => {
    const [, user = ''] = names;
    seedMailbox(source, user, generateMailbox({ seed: 2, folders: 5, messages: 60, ugly: true }));
    harness = await CopyHarness.open({ source, target: poor, mailbox: user, password });

    const job = await harness.run(user);

    expect(job).toMatchObject({ status: 'Synced', items: { copied: 60, total: 60 } });
    expect(await difference(user, poor)).toEqual([]);
  });

  it('copies only what is new in an incremental pass, and carries flags over', async () => {
    const [, , user = ''] = names;
    seedMailbox(source, user, generateMailbox({ seed: 3, folders: 4, messages: 80 }));
    harness = await CopyHarness.open({ source, target, mailbox: user, password });
    await harness.run(user);
    const client = await PlainImapClient.connect(source.imapPort);
    await client.login(user, password);
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
    expect(await difference(user)).toEqual([]);
  });

  it('settles a window whose connection was lost while a page was in flight', async () => {
    const [, , , user = ''] = names;
    seedMailbox(source, user, generateMailbox({ seed: 4, folders: 3, messages: 600 }));
    const proxy = await TcpFaultProxy.start(target.imapPort);
    harness = await CopyHarness.open({ source, target: { imapPort: proxy.port }, mailbox: user, password });
    proxy.cut({ direction: 'to-server', afterBytes: 700_000, times: 3 });
    proxy.cut({ direction: 'to-client', onText: 'OK [APPENDUID', times: 2 });

    const job = await harness.run(user);
    await proxy.stop();

    expect(job).toMatchObject({ status: 'Synced', green: true, items: { copied: 600, total: 600 } });
    expect(await difference(user)).toEqual([]);
  });

  it('continues a pair from its ledger when another batch takes it over', async () => {
    const [, , , , user = ''] = names;
    seedMailbox(source, user, generateMailbox({ seed: 5, folders: 3, messages: 50 }));
    harness = await CopyHarness.open({ source, target, mailbox: user, password });
    const first = await harness.run(user);
    await harness.store.release(`pair/${first.pairId ?? ''}`, 'b');
    await harness.addBatch('later', user, password);

    const job = await harness.run(user, 'later');

    expect(job).toMatchObject({ status: 'Synced', green: true, items: { copied: 50, total: 50 } });
    expect(await difference(user)).toEqual([]);
  });
});
