import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import { CopyHarness } from '../../support/copy/copy-harness.ts';
import { describeWithDovecot } from '../../support/dovecot/describe-with-dovecot.ts';
import { DovecotServer } from '../../support/dovecot/dovecot-server.ts';
import { snapshotDovecot } from '../../support/mail/snapshot-mailbox.ts';
import { PlainImapClient } from '../../support/mail/plain-imap-client.ts';

const password = 'pw';
const users = { 'ann@contoso.test': password, 'bob@contoso.test': password };
const received = { flags: [], internalDate: new Date('2026-03-04T05:06:07Z') };
const message = (id: string, body: string): Buffer =>
  Buffer.from(
    `Message-ID: <${id}@contoso.test>\r\nDate: Wed, 4 Mar 2026 05:06:07 +0000\r\nFrom: a@contoso.test\r\nSubject: ${id}\r\n\r\n${body}\r\n`,
  );

describeWithDovecot('A doubtful item', () => {
  let source: DovecotServer;
  let target: DovecotServer;
  const harnesses: CopyHarness[] = [];

  beforeAll(async () => {
    source = await DovecotServer.start({ users, fsync: 'never' });
    target = await DovecotServer.start({ users, fsync: 'never' });
  });

  afterEach(() => {
    for (const harness of harnesses.splice(0)) harness.close();
  });

  afterAll(async () => {
    await Promise.all([source.stop(), target.stop()]);
  });

  const fill = async (server: DovecotServer, user: string, messages: readonly Buffer[]): Promise<void> => {
    const client = await PlainImapClient.connect(server.imapPort);
    await client.login(user, password);
    for (const octets of messages) await client.append('INBOX', octets, received);
    client.close();
  };
  const inbox = async (server: DovecotServer, user: string): Promise<number> =>
    (await snapshotDovecot(server, user)).get('INBOX')?.messages.length ?? 0;

  async function aDoubt(user: string): Promise<CopyHarness> {
    await fill(source, user, [message('letter', 'the whole text'), message('other', 'x')]);
    await fill(target, user, [message('letter', 'half the te')]);
    const harness = await CopyHarness.open({ source, target, mailbox: user, password });
    harnesses.push(harness);
    const job = await harness.run(user);
    expect(job).toMatchObject({ green: false, items: { copied: 1, doubtful: 1, total: 2 } });
    return harness;
  }

  it('stays one in later passes, and is copied once somebody decides so', async () => {
    const user = 'ann@contoso.test';
    const harness = await aDoubt(user);

    await harness.beginPass('incremental');
    const still = await harness.run(user);
    await harness.store.saveJob({ ...still, copyDoubtful: true });
    await harness.beginPass('incremental');
    const decided = await harness.run(user);
    await harness.beginPass('incremental');
    const after = await harness.run(user);

    expect(still).toMatchObject({ green: false, items: { copied: 1, doubtful: 1, total: 2 } });
    expect(decided).toMatchObject({
      green: true,
      copyDoubtful: false,
      items: { copied: 2, doubtful: 0, failed: 0, total: 2 },
    });
    expect(after).toMatchObject({ green: true, items: { copied: 2, total: 2 } });
    // What made the doubt is not ours and stays.
    expect(await inbox(target, user)).toBe(3);
  });

  it('is told from another version of it that is of the same size, once it is to be copied', async () => {
    const user = 'bob@contoso.test';
    const versions = [message('letter', 'version one'), message('letter', 'version two')];
    await fill(source, user, versions);
    await fill(target, user, [message('letter', 'half the te')]);
    const harness = await CopyHarness.open({ source, target, mailbox: user, password });
    harnesses.push(harness);
    const job = await harness.run(user);
    expect(job).toMatchObject({ items: { copied: 1, doubtful: 1, total: 2 } });

    await harness.store.saveJob({ ...job, copyDoubtful: true });
    await harness.beginPass('incremental');
    const decided = await harness.run(user);

    expect(decided).toMatchObject({ green: true, items: { copied: 2, doubtful: 0, total: 2 } });
    const digests = async (server: DovecotServer): Promise<readonly string[]> =>
      ((await snapshotDovecot(server, user)).get('INBOX')?.messages ?? []).map(({ sha256 }) => sha256).sort();
    expect(await digests(target)).toEqual(expect.arrayContaining([...(await digests(source))]));
    expect(new Set(await digests(target)).size).toBe(3);
  });
});
