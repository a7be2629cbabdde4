import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { PracticeMailbox } from '../../simulator/exchange/practice-mailbox.ts';
import { WebdavSimulator } from '../../simulator/exchange-2003/webdav-simulator.ts';
import { describeWithDovecot } from '../support/dovecot/describe-with-dovecot.ts';
import { DovecotServer } from '../support/dovecot/dovecot-server.ts';
import { batchFile, readReport } from '../support/e2e/csv.ts';
import { shownBatch, Workspace } from '../support/e2e/workspace.ts';
import { fillExchange } from '../support/exchange/fill-exchange.ts';
import { generateMailbox } from '../support/mail/generate-mailbox.ts';
import { snapshotDovecot } from '../support/mail/snapshot-mailbox.ts';
import { TcpFaultProxy } from '../support/tcp-fault-proxy.ts';

const users = { 'anna@contoso.test': 'pw', 'bob@contoso.test': 'pw' };
const messages = { 'anna@contoso.test': 250, 'bob@contoso.test': 150 };
const total = 400;
/** Octets to and from the target after which a run is killed: while it connects, begins, and copies. */
const killsAfter = [2_000, 40_000, 400_000];
const patienceMs = 300_000;
const germanNames = {
  inbox: 'Posteingang',
  sentitems: 'Gesendete Objekte',
  drafts: 'Entwürfe',
  deleteditems: 'Gelöschte Objekte',
  junkemail: 'Junk-E-Mail',
};

describeWithDovecot('A batch from Exchange 2003 to an IMAP server', () => {
  let simulator: WebdavSimulator;
  let target: DovecotServer;
  let line: TcpFaultProxy;
  let workspace: Workspace;
  const mailboxes = Object.keys(users).map((address) => new PracticeMailbox(address, germanNames));

  beforeAll(async () => {
    target = await DovecotServer.start({ users });
    line = await TcpFaultProxy.start(target.imapPort);
    line.setDelay({ toServerMs: 20, toClientMs: 20 });
    for (const mailbox of mailboxes) {
      const count = messages[mailbox.address as keyof typeof messages];
      fillExchange(mailbox, generateMailbox({ seed: mailbox.address, folders: 6, messages: count }));
    }
    simulator = await WebdavSimulator.start({
      mailboxes,
      accounts: [{ name: 'CONTOSO\\migadmin', password: 'source-pw', opens: '*' }],
      auth: ['forms'],
      ownOrigin: 'http://back1.contoso.local',
    });
    workspace = new Workspace({ EXCHANGE_PASSWORD: 'source-pw' });
  }, patienceMs);

  afterAll(async () => {
    await workspace.remove();
    await Promise.all([simulator.stop(), line.stop(), target.stop()]);
  });

  function orders(webdavUrl = simulator.webdavUrl): string[] {
    const endpoint = workspace.writeEndpoint({
      ...{ name: 'contoso', type: 'imap', maxConcurrentMigrations: 2, defaults: { settleAfter: 1 } },
      source: {
        kind: 'exchange',
        webdavUrl,
        auth: 'forms',
        login: { mode: 'admin', user: 'CONTOSO\\migadmin', secret: 'env:EXCHANGE_PASSWORD' },
      },
      target: { kind: 'imap', host: '127.0.0.1', port: line.port, security: 'none', login: { mode: 'user' } },
    } as { name: string });
    const csv = workspace.write('people.csv', batchFile(users));
    return ['run', '--endpoint', endpoint, '--csv', csv, '--json'];
  }

  async function countAt(address: string): Promise<number> {
    const folders = [...(await snapshotDovecot(target, address)).values()];
    return folders.reduce((sum, folder) => sum + folder.messages.length, 0);
  }

  it(
    'ends with each message at the target once, though it is killed and its session ends',
    async () => {
      const passed = (): number => line.counters().bytesToServer + line.counters().bytesToClient;
      const ends: (number | null)[] = [];
      for (const octets of killsAfter) {
        const due = passed() + octets;
        const run = workspace.start(...orders());
        while (!run.ended && passed() < due) await sleep(1);
        simulator.signIn.endSessions();
        run.kill();
        ends.push((await run.end).code);
      }
      line.setDelay({ toServerMs: 0, toClientMs: 0 });
      const run = workspace.start(...orders());
      const due = passed() + 300_000;
      while (!run.ended && passed() < due) await sleep(1);
      simulator.signIn.endSessions();
      const end = await run.end;

      expect(ends).toEqual(killsAfter.map(() => null));
      expect(end).toMatchObject({ code: 0 });
      const { items, reports } = shownBatch(end);
      expect(items).toMatchObject({ total, copied: total, failed: 0, doubtful: 0, vanished: 0 });
      expect(readReport(reports.skipped ?? '')).toEqual([]);
      for (const [address, count] of Object.entries(messages)) expect(await countAt(address)).toBe(count);
    },
    patienceMs,
  );

  it(
    'takes up what came since in another pass, and copies nothing twice',
    async () => {
      const [mailbox] = mailboxes;
      const inbox = mailbox?.wellKnown('inbox')?.id ?? '';
      const mime = Buffer.from('Message-ID: <new@contoso.test>\r\nSubject: new\r\n\r\nNew\r\n');
      mailbox?.addItem(inbox, { mime: () => mime, received: new Date() });
      const before = simulator.calls.get('GET') ?? 0;

      const end = await workspace.call(...orders());

      expect(end).toMatchObject({ code: 0 });
      expect(shownBatch(end).items).toMatchObject({ total: total + 1, copied: total + 1 });
      expect(await countAt('anna@contoso.test')).toBe(251);
      // What is known is not read again.
      expect((simulator.calls.get('GET') ?? 0) - before).toBeLessThan(10);
    },
    patienceMs,
  );

  it('says by a test of the endpoint that it is experimental, and which address is wrong', async () => {
    const test = await workspace.call('endpoint', 'test', 'contoso', '--mailbox', 'anna@contoso.test');
    const [, , endpoint = '', , csv = ''] = orders(simulator.webdavUrl.replace('exchange', 'owa'));
    const wrong = await workspace.call('run', '--endpoint', endpoint, '--csv', csv, '--name', 'wrong');

    expect(`${test.stdout}${test.stderr}`).toContain('experimental');
    expect(wrong.code).not.toBe(0);
    expect(`${wrong.stdout}${wrong.stderr}`).toContain('source.webdavUrl');
    expect(`${wrong.stdout}${wrong.stderr}`).not.toContain('source-pw');
  });
});
