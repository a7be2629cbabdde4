import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { exchangeOnlineTarget } from '../../../shared/adapters/graph/exchange-online-target.ts';
import { probeExchangeOnline } from '../../../shared/adapters/graph/exchange-online-probe.ts';
import { systemClock } from '../../../shared/adapters/local/system-clock.ts';
import type { ExchangeOnline } from '../../../shared/domain/endpoint.ts';
import type { TargetFolder, TargetMailbox, WriteOutcome } from '../../../shared/ports/mail-target.ts';
import { ExchangeOnlineSimulator } from '../../../simulator/exchange-online/exchange-online-simulator.ts';
import { MemoryObjectStore } from '../../support/builders/memory-object-store.ts';
import { describeWithDovecot } from '../../support/dovecot/describe-with-dovecot.ts';
import { startPracticeImap, type PracticeImap } from '../../support/exchange-online/practice-imap.ts';
import { clientId, secret, secretsOf, targetAt } from './support/practice-organisation.ts';

const user = 'ann@contoso.test';
const mailbox = { emailAddress: user, userName: user };

describeWithDovecot('Mail to Exchange Online by IMAP, at a Dovecot that checks each token', () => {
  let simulator: ExchangeOnlineSimulator;
  let imap: PracticeImap;

  beforeAll(async () => {
    simulator = await ExchangeOnlineSimulator.start({
      tenants: [{ applications: [{ clientId, secret }], users: [{ userPrincipalName: user }] }],
    });
    imap = await startPracticeImap(simulator, user);
  });
  afterAll(async () => {
    await imap.stop();
    await simulator.stop();
  });

  const services = {
    clock: systemClock,
    secrets: secretsOf({ 'env:SECRET': secret }),
    objects: new MemoryObjectStore(),
  };

  function target(): ExchangeOnline {
    const practice = { login: simulator.url, graph: simulator.url, imap: imap.place };
    return targetAt(simulator, { mail: 'imap', practice });
  }

  function open(): Promise<TargetMailbox> {
    return exchangeOnlineTarget(target(), services).open(mailbox, new AbortController().signal);
  }

  async function folderOf(opened: TargetMailbox, name: string): Promise<TargetFolder> {
    const [creation] = await opened.createFolders([[name]]);
    if (creation === undefined || creation.outcome === 'refused') throw new Error('The folder was not made.');
    return creation.folder;
  }

  async function write(
    opened: TargetMailbox,
    into: TargetFolder,
    items: readonly { readonly text: string; readonly flags: readonly string[] }[],
  ): Promise<readonly WriteOutcome[]> {
    const page = opened.beginPage(into, { items: items.length, octets: 0 });
    for (const { text, flags } of items) {
      const octets = Buffer.from(text);
      await page.begin({ internalDate: '01-Mar-2019 10:00:00 +0000', flags, size: octets.length });
      await page.write(octets.subarray(0, 10));
      await page.write(octets.subarray(10));
      await page.end();
    }
    return page.finish();
  }

  async function read(opened: TargetMailbox, from: TargetFolder, uid: number): Promise<string> {
    const chunks: Buffer[] = [];
    await opened.readItems(
      from,
      { uids: [uid] },
      {
        begin: () => undefined,
        chunk: (octets) => {
          chunks.push(Buffer.from(octets));
        },
        end: () => undefined,
      },
    );
    return Buffer.concat(chunks).toString();
  }

  it('signs in with a token for Outlook, and knows the mailbox by its user', async () => {
    const before = imap.asked();
    const opened = await open();
    const id = simulator.tenants[0]?.user(user)?.id ?? '';
    expect(opened.identity).toBe(`exchange-online://contoso.onmicrosoft.com/${id}`);
    expect(opened.profile).toMatchObject({
      sameness: 'fingerprint',
      multiAppend: false,
      nonSyncLiterals: false,
      keywords: false,
      uidPlus: true,
      appendLimit: 35 * 1024 * 1024,
      mostAppendLimit: 150 * 1024 * 1024,
    });
    expect(opened.naming.reserved).toContain('Files');
    expect(imap.asked()).toBeGreaterThan(before);
    await opened.close();
  });

  it('writes messages as they are, without keywords, and flags them', async () => {
    const opened = await open();
    const into = await folderOf(opened, 'Written');
    const text = 'Subject: one\r\n\r\ntext\r\n';
    const outcomes = await write(opened, into, [
      { text, flags: ['\\Seen', '\\Flagged', '$MDNSent', '\\Recent'] },
      { text: 'Subject: two\r\n\r\ntext\r\n', flags: [] },
    ]);
    expect(outcomes).toEqual([
      { outcome: 'written', uid: 1, uidValidity: expect.any(Number) },
      { outcome: 'written', uid: 2, uidValidity: expect.any(Number) },
    ]);
    const listed = await opened.listItems(into, { from: 1 });
    expect(listed.map(({ uid, flags }) => [uid, [...flags].filter((flag) => flag !== '\\Recent').sort()])).toEqual([
      [1, ['\\Flagged', '\\Seen']],
      [2, []],
    ]);
    expect(await read(opened, into, 1)).toBe(text);
    await opened.close();
  });

  it('changes what Exchange Online would refuse or answer, and says so', async () => {
    const opened = await open();
    const into = await folderOf(opened, 'Changed');
    const [outcome] = await write(opened, into, [
      {
        text: `Disposition-Notification-To: boss@contoso.test\r\nSubject: long\r\n\r\n${'x'.repeat(30_000)}\r\n`,
        flags: [],
      },
    ]);
    expect(outcome).toMatchObject({ outcome: 'written', losses: [expect.any(String), expect.any(String)] });
    const stored = await read(opened, into, 1);
    expect(stored).toMatch(/^X-Stagecoach-Disposition-Notification-To:/);
    expect(Math.max(...stored.split('\r\n').map((line) => line.length))).toBeLessThan(80);
    await opened.close();
  });

  it('gets another token where the one it kept is not taken any more', async () => {
    await (await open()).close();
    const { issued } = simulator.signIn;
    await (await open()).close();
    expect(simulator.signIn.issued).toBe(issued);
    simulator.tokens.revokeAll();
    await (await open()).close();
    expect(simulator.signIn.issued).toBeGreaterThan(issued);
  });

  it('blocks the mailbox, not the batch, where the application has no Full Access', async () => {
    imap.allow('somebody.else@contoso.test');
    try {
      await expect(open()).rejects.toMatchObject({ name: 'MailboxBlockedError', code: 'TARGET_SIGN_IN_FAILED' });
      const checks = await probeExchangeOnline(services, target(), mailbox);
      expect(checks.find(({ check }) => check === 'mailbox')).toMatchObject({
        result: 'fail',
        code: 'TARGET_SIGN_IN_FAILED',
        fix: expect.stringMatching(/IMAP\.AccessAsApp[^]*Add-MailboxPermission -Identity ann@contoso\.test/),
      });
    } finally {
      imap.allow(user);
    }
  });

  it('passes the test of an endpoint', async () => {
    const checks = await probeExchangeOnline(services, target(), mailbox);
    expect(checks.map(({ check, result }) => [check, result])).toEqual([
      ['reachable', 'pass'],
      ['certificate', 'warn'],
      ['sign-in', 'warn'],
      ['capabilities', 'pass'],
      ['mailbox', 'pass'],
    ]);
  });
});
