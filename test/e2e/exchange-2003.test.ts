import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { WebdavSimulator } from '../../simulator/exchange-2003/webdav-simulator.ts';
import { describeWithDovecot } from '../support/dovecot/describe-with-dovecot.ts';
import { readReport } from '../support/e2e/csv.ts';
import { administrator, ExchangeBatch } from '../support/e2e/exchange-batch.ts';
import { shownBatch } from '../support/e2e/workspace.ts';
import { countMessages } from '../support/mail/snapshot-mailbox.ts';

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
  let batch: ExchangeBatch;

  beforeAll(async () => {
    batch = await ExchangeBatch.start({ messages, folders: 6, names: germanNames });
    simulator = await WebdavSimulator.start({
      mailboxes: [...batch.mailboxes],
      accounts: [administrator],
      auth: ['forms'],
      ownOrigin: 'http://back1.contoso.local',
    });
  }, patienceMs);

  afterAll(async () => {
    await batch.stop();
    await simulator.stop();
  });

  const orders = (webdavUrl = simulator.webdavUrl): string[] =>
    batch.order(batch.endpoint('contoso', { webdavUrl, auth: 'forms' }));

  it(
    'ends with each message at the target once, though it is killed and its session ends',
    async () => {
      const { workspace, line } = batch;
      let sessionEnds = 0;
      /** The session ends in the same moment. */
      const passes = (due: number) => (): boolean => {
        if (line.passed() < due) return false;
        simulator.signIn.endSessions();
        sessionEnds += 1;
        return true;
      };
      const ends: (number | null)[] = [];
      for (const octets of killsAfter) {
        const isDue = passes(line.passed() + octets);
        ends.push((await workspace.start(...orders()).killWhen(isDue)).code);
      }
      line.setDelay({ toServerMs: 0, toClientMs: 0 });
      const run = workspace.start(...orders());
      const isDue = passes(line.passed() + 300_000);
      while (!run.ended && !isDue()) await sleep(1);
      const end = await run.end;

      expect(ends).toEqual(killsAfter.map(() => null));
      expect(sessionEnds).toBe(killsAfter.length + 1);
      expect(end).toMatchObject({ code: 0 });
      const { items, reports } = shownBatch(end);
      expect(items).toMatchObject({ total, copied: total, failed: 0, doubtful: 0, vanished: 0 });
      expect(readReport(reports.skipped ?? '')).toEqual([]);
      for (const [address, count] of Object.entries(messages))
        expect(await countMessages(batch.target, address)).toBe(count);
    },
    patienceMs,
  );

  it(
    'takes up what came since in another pass, and copies nothing twice',
    async () => {
      batch.deliver();
      const before = simulator.calls.get('GET') ?? 0;

      const end = await batch.workspace.call(...orders());

      expect(end).toMatchObject({ code: 0 });
      expect(shownBatch(end).items).toMatchObject({ total: total + 1, copied: total + 1 });
      expect(await countMessages(batch.target, 'anna@contoso.test')).toBe(251);
      // What is known is not read again.
      expect((simulator.calls.get('GET') ?? 0) - before).toBeLessThan(10);
    },
    patienceMs,
  );

  it('says by a test of the endpoint that it is experimental, and which address is wrong', async () => {
    const test = await batch.workspace.call('endpoint', 'test', 'contoso', '--mailbox', 'anna@contoso.test');
    const [, , endpoint = '', , csv = ''] = orders(simulator.webdavUrl.replace('exchange', 'owa'));
    const wrong = await batch.workspace.call('run', '--endpoint', endpoint, '--csv', csv, '--name', 'wrong');

    expect(`${test.stdout}${test.stderr}`).toContain('experimental');
    expect(wrong.code).not.toBe(0);
    expect(`${wrong.stdout}${wrong.stderr}`).toContain('source.webdavUrl');
    expect(`${wrong.stdout}${wrong.stderr}`).not.toContain('source-pw');
  });
});
