import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { measureChild } from '../../bench/measure-child.ts';
import { ExchangeSimulator } from '../../simulator/exchange/exchange-simulator.ts';
import { PracticeMailbox } from '../../simulator/exchange/practice-mailbox.ts';
import { describeWithDovecot } from '../support/dovecot/describe-with-dovecot.ts';
import { DovecotServer } from '../support/dovecot/dovecot-server.ts';
import { batchFile, readReport } from '../support/e2e/csv.ts';
import { administrator, ExchangeBatch } from '../support/e2e/exchange-batch.ts';
import { shownBatch } from '../support/e2e/workspace.ts';
import { fillExchange } from '../support/exchange/fill-exchange.ts';
import { generateMailbox } from '../support/mail/generate-mailbox.ts';
import { Random } from '../support/mail/random.ts';
import { countMessages } from '../support/mail/snapshot-mailbox.ts';

const messages = { 'anna@contoso.test': 700, 'bob@contoso.test': 300 };
const total = 1_000;
const kills = 10;
/** Together some 6 MB go over the line to the target: all kills find the batch on its way. */
const mostBetweenKills = 300_000;
const seed = process.env['STAGECOACH_TEST_SEED'] ?? 'exchange-source';
const patienceMs = 600_000;

describeWithDovecot('A batch from Exchange to an IMAP server', () => {
  let simulator: ExchangeSimulator;
  let batch: ExchangeBatch;

  beforeAll(async () => {
    batch = await ExchangeBatch.start({ messages, folders: 8, names: { inbox: 'Posteingang' } });
    simulator = await ExchangeSimulator.start({
      mailboxes: [...batch.mailboxes],
      accounts: [administrator],
      auth: ['NTLM'],
    });
  }, patienceMs);

  afterAll(async () => {
    await batch.stop();
    await simulator.stop();
  });

  function orders(): string[] {
    const { ewsUrl } = simulator;
    return batch.order(batch.endpoint('contoso', { ewsUrl, auth: 'ntlm', access: 'fullAccess' }));
  }

  it(
    `ends with each message at the target once, though it is killed again and again (seed ${seed})`,
    async () => {
      const order = orders();
      const random = new Random(seed);
      const { workspace, line } = batch;
      const ends: (number | null)[] = [];
      while (ends.length < kills) {
        const due = line.passed() + Math.floor(Math.exp(random.next() * Math.log(mostBetweenKills)));
        ends.push((await workspace.start(...order).killWhen(() => line.passed() >= due)).code);
      }
      line.setDelay({ toServerMs: 0, toClientMs: 0 });
      const end = await workspace.call(...order);

      expect(ends).toEqual(Array<null>(kills).fill(null));
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
      const [mailbox] = batch.mailboxes;
      const inbox = mailbox?.wellKnown('inbox')?.id ?? '';
      const read = mailbox?.items(inbox).find((item) => item.read !== true);
      mailbox?.changeItem(read?.id ?? '', { read: true });

      const end = await batch.workspace.call(...orders());

      expect(end).toMatchObject({ code: 0 });
      expect(shownBatch(end).items).toMatchObject({ total: total + 1, copied: total + 1 });
      expect(await countMessages(batch.target, 'anna@contoso.test')).toBe(701);
    },
    patienceMs,
  );

  it('names the setting that is wrong before it stores anything', async () => {
    const order = orders();
    const endpoint = batch.endpoint('wrong', { ewsUrl: simulator.ewsUrl.replace('/EWS/', '/owa/') });

    const end = await batch.workspace.call('run', '--endpoint', endpoint, ...order.slice(3), '--name', 'wrong');

    expect(end.code).not.toBe(0);
    expect(`${end.stdout}${end.stderr}`).toContain('source.ewsUrl');
    expect(`${end.stdout}${end.stderr}`).not.toContain('source-pw');
  });

  it('takes a message of 100 MB with little more memory than that', async () => {
    const address = 'huge@contoso.test';
    const [server, mailbox] = [await DovecotServer.start({ users: { [address]: 'pw' } }), new PracticeMailbox(address)];
    fillExchange(mailbox, generateMailbox({ seed: 'huge', folders: 2, messages: 12, huge: 1, hugeBytes: 100_000_000 }));
    simulator.mailboxes.push(mailbox);
    const { workspace } = batch;
    const endpoint = batch.endpoint('huge', { ewsUrl: simulator.ewsUrl }, { port: server.imapPort });
    const key = workspace.write('sealing', randomBytes(32).toString('base64'));
    const files = ['--endpoint', endpoint, '--csv', workspace.write('huge.csv', batchFile({ [address]: 'pw' }))];
    const program = join(import.meta.dirname, '../../bin/stagecoach');

    const run = await measureChild({
      argv: [program, 'run', ...files, '--data', `${workspace.data}-huge`, '--json'],
      env: { STAGECOACH_KEY: `file:${key}`, ...batch.environment },
    });
    await server.stop();

    expect(run).toMatchObject({ exitCode: 0 });
    expect(shownBatch({ code: 0, stdout: run.stdout, stderr: '' })).toMatchObject({ items: { copied: 12, total: 12 } });
    expect(run.peakMegabytes).toBeGreaterThan(100);
    expect(run.peakMegabytes).toBeLessThan(300);
  });
});
