import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import { CopyHarness } from '../../support/copy/copy-harness.ts';
import { describeWithDovecot } from '../../support/dovecot/describe-with-dovecot.ts';
import { DovecotServer } from '../../support/dovecot/dovecot-server.ts';
import { snapshotDovecot } from '../../support/mail/snapshot-mailbox.ts';
import { ScriptedImapServer } from '../../support/scripted-imap-server/scripted-imap-server.ts';
import { TcpFaultProxy } from '../../support/tcp-fault-proxy.ts';

const password = 'pw';
const users = { 'calm@contoso.test': password, 'cut@contoso.test': password };

/** As they were read, and as they are there; null: the time of writing. */
const dates = [
  ['31-Dec-9999 23:59:59 +0000', null],
  ['01-Jan-2200 00:00:00 +0000', null],
  ['01-Jan-1850 00:00:00 +0000', '1970-01-01T00:00:00Z'],
  ['31-Dec-1969 23:59:59 +0000', '1970-01-01T00:00:00Z'],
  ['01-Jan-1960 10:00:00 +0000', '1970-01-01T00:00:00Z'],
  ['31-Feb-2020 00:00:00 +0000', '2020-03-02T00:00:00Z'],
  ['17-Jul-2020 02:44:25 +0000', '2020-07-17T02:44:25Z'],
] as const;

describeWithDovecot('Messages with dates that a server does not keep', () => {
  let source: ScriptedImapServer;
  let target: DovecotServer;
  let line: TcpFaultProxy;
  let harness: CopyHarness | undefined;

  beforeAll(async () => {
    source = await ScriptedImapServer.start({ users });
    target = await DovecotServer.start({ users, fsync: 'never' });
    line = await TcpFaultProxy.start(target.imapPort);
    for (const user of Object.keys(users)) {
      const inbox = source.account(user).mailbox('INBOX');
      for (const [internalDate] of dates)
        inbox?.add({
          internalDate,
          octets: Buffer.from(`Message-ID: <${internalDate}@a>\r\n\r\nof ${internalDate}\r\n`),
        });
    }
  });

  afterEach(() => {
    harness?.close();
    harness = undefined;
  });

  afterAll(async () => {
    await line.stop();
    await source.stop();
    await target.stop();
  });

  it.each([
    ['calm@contoso.test', 0],
    // All of the page is stored, and nobody hears of it.
    ['cut@contoso.test', 1],
  ])('are copied once, with the nearest dates, and compare equal in every pass: %s, %i cut', async (user, cuts) => {
    harness = await CopyHarness.open({
      source,
      target: { imapPort: line.port },
      mailbox: user,
      password,
      options: { settleAfter: 0 },
    });
    if (cuts > 0) line.cut({ direction: 'to-client', onText: '[APPENDUID' });

    const first = await harness.run(user);
    await harness.beginPass('incremental');
    const second = await harness.run(user);

    const done = { status: 'Synced', error: null, green: true, items: { copied: dates.length, total: dates.length } };
    // Both are listed, and are no failure.
    expect(first).toMatchObject({ ...done, verification: { differences: 2 } });
    expect(second).toMatchObject({ ...done, verification: { differences: 2 } });
    expect(line.counters().cuts).toBe(cuts);
    const there = (await snapshotDovecot(target, user)).get('INBOX')?.messages ?? [];
    expect(there).toHaveLength(dates.length);
    for (const [at, [, written]] of dates.entries())
      if (written !== null) expect(there[at]?.internalDate).toBe(Date.parse(written) / 1000);
  });
});
