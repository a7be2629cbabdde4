import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { measureChild } from '../../bench/measure-child.ts';
import { ExchangeSimulator } from '../../simulator/exchange/exchange-simulator.ts';
import { PracticeMailbox } from '../../simulator/exchange/practice-mailbox.ts';
import { describeWithDovecot } from '../support/dovecot/describe-with-dovecot.ts';
import { DovecotServer } from '../support/dovecot/dovecot-server.ts';
import { batchFile, readReport } from '../support/e2e/csv.ts';
import { shownBatch, Workspace } from '../support/e2e/workspace.ts';
import { fillExchange } from '../support/exchange/fill-exchange.ts';
import { generateMailbox } from '../support/mail/generate-mailbox.ts';
import { Random } from '../support/mail/random.ts';
import { snapshotDovecot } from '../support/mail/snapshot-mailbox.ts';
import { TcpFaultProxy } from '../support/tcp-fault-proxy.ts';

const users = { 'anna@contoso.test': 'pw', 'bob@contoso.test': 'pw' };
const messages = { 'anna@contoso.test': 700, 'bob@contoso.test': 300 };
const total = 1_000;
const kills = 10;
/** Together some 6 MB go over the line to the target: all kills find the batch on its way. */
const mostBetweenKills = 300_000;
const seed = process.env['STAGECOACH_TEST_SEED'] ?? 'exchange-source';
const patienceMs = 600_000;

describeWithDovecot('A batch from Exchange to an IMAP server', () => {
  let simulator: ExchangeSimulator;
  let target: DovecotServer;
  let line: TcpFaultProxy;
  let workspace: Workspace;
  const mailboxes = Object.keys(users).map((address) => new PracticeMailbox(address, { inbox: 'Posteingang' }));

  beforeAll(async () => {
    target = await DovecotServer.start({ users });
    line = await TcpFaultProxy.start(target.imapPort);
    line.setDelay({ toServerMs: 20, toClientMs: 20 });
    for (const mailbox of mailboxes) {
      const count = messages[mailbox.address as keyof typeof messages];
      fillExchange(mailbox, generateMailbox({ seed: mailbox.address, folders: 8, messages: count }));
    }
    simulator = await ExchangeSimulator.start({
      mailboxes,
      accounts: [{ name: 'CONTOSO\\migadmin', password: 'source-pw', opens: '*' }],
      auth: ['NTLM'],
    });
    workspace = new Workspace({ EXCHANGE_PASSWORD: 'source-pw' });
  }, patienceMs);

  afterAll(async () => {
    await workspace.remove();
    await Promise.all([simulator.stop(), line.stop(), target.stop()]);
  });

  function orders(): string[] {
    const endpoint = workspace.writeEndpoint({
      ...{ name: 'contoso', type: 'imap', maxConcurrentMigrations: 2, defaults: { settleAfter: 1 } },
      source: {
        kind: 'exchange',
        ewsUrl: simulator.ewsUrl,
        auth: 'ntlm',
        access: 'fullAccess',
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
    `ends with each message at the target once, though it is killed again and again (seed ${seed})`,
    async () => {
      const order = orders();
      const random = new Random(seed);
      const passed = (): number => line.counters().bytesToServer + line.counters().bytesToClient;
      const ends: (number | null)[] = [];
      while (ends.length < kills) {
        const due = passed() + Math.floor(Math.exp(random.next() * Math.log(mostBetweenKills)));
        const run = workspace.start(...order);
        while (!run.ended && passed() < due) await sleep(1);
        run.kill();
        ends.push((await run.end).code);
      }
      line.setDelay({ toServerMs: 0, toClientMs: 0 });
      const end = await workspace.call(...order);

      expect(ends).toEqual(Array<null>(kills).fill(null));
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
      const read = mailbox?.items(inbox).find((item) => item.read !== true);
      mailbox?.changeItem(read?.id ?? '', { read: true });

      const end = await workspace.call(...orders());

      expect(end).toMatchObject({ code: 0 });
      expect(shownBatch(end).items).toMatchObject({ total: total + 1, copied: total + 1 });
      expect(await countAt('anna@contoso.test')).toBe(701);
    },
    patienceMs,
  );

  it('names the setting that is wrong before it stores anything', async () => {
    const order = orders();
    const endpoint = workspace.writeEndpoint({
      ...{ name: 'wrong', type: 'imap' },
      source: {
        kind: 'exchange',
        ewsUrl: simulator.ewsUrl.replace('/EWS/', '/owa/'),
        login: { mode: 'admin', user: 'CONTOSO\\migadmin', secret: 'env:EXCHANGE_PASSWORD' },
      },
      target: { kind: 'imap', host: '127.0.0.1', port: line.port, security: 'none', login: { mode: 'user' } },
    } as { name: string });

    const end = await workspace.call('run', '--endpoint', endpoint, ...order.slice(3), '--name', 'wrong');

    expect(end.code).not.toBe(0);
    expect(`${end.stdout}${end.stderr}`).toContain('source.ewsUrl');
    expect(`${end.stdout}${end.stderr}`).not.toContain('source-pw');
  });

  it('takes a message of 100 MB with little more memory than that', async () => {
    const address = 'huge@contoso.test';
    const [server, mailbox] = [await DovecotServer.start({ users: { [address]: 'pw' } }), new PracticeMailbox(address)];
    fillExchange(mailbox, generateMailbox({ seed: 'huge', folders: 2, messages: 12, huge: 1, hugeBytes: 100_000_000 }));
    simulator.mailboxes.push(mailbox);
    const endpoint = workspace.writeEndpoint({
      ...{ name: 'huge', type: 'imap' },
      source: {
        kind: 'exchange',
        ewsUrl: simulator.ewsUrl,
        login: { mode: 'admin', user: 'CONTOSO\\migadmin', secret: 'env:EXCHANGE_PASSWORD' },
      },
      target: { kind: 'imap', host: '127.0.0.1', port: server.imapPort, security: 'none', login: { mode: 'user' } },
    } as { name: string });
    const key = workspace.write('sealing', randomBytes(32).toString('base64'));
    const files = ['--endpoint', endpoint, '--csv', workspace.write('huge.csv', batchFile({ [address]: 'pw' }))];
    const program = join(import.meta.dirname, '../../bin/stagecoach');

    const run = await measureChild({
      argv: [program, 'run', ...files, '--data', `${workspace.data}-huge`, '--json'],
      env: { STAGECOACH_KEY: `file:${key}`, EXCHANGE_PASSWORD: 'source-pw' },
    });
    await server.stop();

    expect(run).toMatchObject({ exitCode: 0 });
    expect(shownBatch({ code: 0, stdout: run.stdout, stderr: '' })).toMatchObject({ items: { copied: 12, total: 12 } });
    expect(run.peakMegabytes).toBeGreaterThan(100);
    expect(run.peakMegabytes).toBeLessThan(300);
  });
});
