import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { ExchangeOnlineSimulator } from '../../simulator/exchange-online/exchange-online-simulator.ts';
import { describeWithDovecot } from '../support/dovecot/describe-with-dovecot.ts';
import { DovecotServer } from '../support/dovecot/dovecot-server.ts';
import { batchFile, readReport } from '../support/e2e/csv.ts';
import { shownBatch, Workspace } from '../support/e2e/workspace.ts';
import { mostOfAnotherProcess, requestsInBackOffs } from '../support/exchange-online/back-offs.ts';
import { compareOnline } from '../support/exchange-online/compare-online.ts';
import { onlineEndpoint, practiceApplication } from '../support/exchange-online/online-endpoint.ts';
import { generateMailbox } from '../support/mail/generate-mailbox.ts';
import { Random } from '../support/mail/random.ts';
import { seedMailbox } from '../support/mail/seed-mailbox.ts';

const users = { 'anna@contoso.test': 'pw', 'bob@contoso.test': 'pw' };
const chloe = 'chloe@contoso.test';
const messages = 120;
const mailboxes = Object.keys(users).map((address) => ({
  address,
  generated: generateMailbox({ seed: address, folders: 6, messages }),
}));

const kills = 8;
/** All of it takes some 500 requests: every kill finds the batch on its way. */
const mostBetweenKills = 50;
const seed = process.env['STAGECOACH_TEST_SEED'] ?? 'exchange-online';
const patienceMs = 600_000;

describeWithDovecot('A batch from an IMAP server to Exchange Online by Graph', () => {
  let source: DovecotServer;
  let online: ExchangeOnlineSimulator;
  let workspace: Workspace;

  beforeAll(async () => {
    source = await DovecotServer.start({ users: { ...users, [chloe]: 'pw' } });
    for (const { address, generated } of mailboxes) seedMailbox(source, address, generated);
    online = await ExchangeOnlineSimulator.start({
      tenants: [
        {
          applications: [practiceApplication],
          users: [...Object.keys(users), chloe].map((userPrincipalName) => ({ userPrincipalName })),
        },
      ],
    });
    workspace = new Workspace({ APPLICATION_SECRET: practiceApplication.secret });
  }, patienceMs);

  afterAll(async () => {
    await workspace.remove();
    await Promise.all([source.stop(), online.stop()]);
  });

  it(
    `ends with each message once, though it is killed again and again (seed ${seed})`,
    async () => {
      const endpoint = workspace.writeEndpoint(onlineEndpoint({ name: 'contoso', source, online, mail: 'graph' }));
      const csv = workspace.write('people.csv', batchFile(users));
      const order = ['run', '--endpoint', endpoint, '--csv', csv, '--json'];
      const random = new Random(seed);
      const { requests } = online.log;
      const ends: (number | null)[] = [];
      while (ends.length < kills) {
        const due = requests.length + random.between(3, mostBetweenKills);
        ends.push((await workspace.start(...order).killWhen(() => requests.length >= due)).code);
      }
      const end = await workspace.call(...order);

      // null: killed, and not at its own end.
      expect(ends).toEqual(Array<null>(kills).fill(null));
      expect(await workspace.listMailboxes('people')).toMatchObject(
        Array(mailboxes.length).fill({ status: 'Synced', error: null }),
      );
      expect(end).toMatchObject({ code: 0 });
      const total = messages * mailboxes.length;
      const { items, reports } = shownBatch(end);
      expect(items).toMatchObject({ total, copied: total, failed: 0, doubtful: 0, vanished: 0 });
      expect(readReport(reports.skipped ?? '').filter((row) => row['Outcome'] !== 'partial')).toEqual([]);
      for (const { address, generated } of mailboxes)
        expect(compareOnline(generated, online.mailbox(address))).toEqual([]);
      expect(online.invitations).toEqual([]);
    },
    patienceMs,
  );

  it(
    'is copied though it is throttled all the time, and lets the time pass that the service named',
    async () => {
      const generated = generateMailbox({ seed: chloe, folders: 2, messages: 40 });
      seedMailbox(source, chloe, generated);
      const endpoint = workspace.writeEndpoint(onlineEndpoint({ name: 'throttled', source, online, mail: 'graph' }));
      const csv = workspace.write('throttled.csv', batchFile({ [chloe]: 'pw' }));
      online.log.clear();
      for (let times = 0; times < 200; times += 1)
        online.play({ path: /\/messages$/, skip: 9, status: 429, retryAfter: 1 });

      const end = await workspace.call('run', '--endpoint', endpoint, '--csv', csv, '--json');

      expect(end).toMatchObject({ code: 0 });
      expect(compareOnline(generated, online.mailbox(chloe))).toEqual([]);
      const impatient = requestsInBackOffs(online.log.requests).map((requests) => requests.length);
      expect(impatient.length).toBeGreaterThan(3);
      expect(Math.max(...impatient)).toBeLessThanOrEqual(mostOfAnotherProcess);
    },
    patienceMs,
  );
});
