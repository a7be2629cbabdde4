import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { ExchangeOnlineSimulator } from '../../simulator/exchange-online/exchange-online-simulator.ts';
import { describeWithDovecot } from '../support/dovecot/describe-with-dovecot.ts';
import { DovecotServer } from '../support/dovecot/dovecot-server.ts';
import { batchFile, readReport } from '../support/e2e/csv.ts';
import { shownBatch, Workspace } from '../support/e2e/workspace.ts';
import { onlineEndpoint, practiceApplication } from '../support/exchange-online/online-endpoint.ts';
import { startPracticeImap, type PracticeImap } from '../support/exchange-online/practice-imap.ts';
import { diffMailboxes } from '../support/mail/diff-mailboxes.ts';
import { generateMailbox } from '../support/mail/generate-mailbox.ts';
import { Random } from '../support/mail/random.ts';
import { seedMailbox } from '../support/mail/seed-mailbox.ts';
import { snapshotDovecot } from '../support/mail/snapshot-mailbox.ts';
import { TcpFaultProxy } from '../support/tcp-fault-proxy.ts';

const anna = 'anna@contoso.test';
const users = { [anna]: 'pw' };
const total = 200;
const kills = 4;
/** Some 1.2 MB go over the line: all kills find the batch on its way. */
const mostBetweenKills = 150_000;
const seed = process.env['STAGECOACH_TEST_SEED'] ?? 'exchange-online-imap';
/** Besides those over IMAP, as the table of docs/endpoints/exchange-online.md has it. */
const permissions = ['Organization.Read.All', 'Domain.Read.All', 'User.Read.All', 'MailboxSettings.ReadWrite'];
const patienceMs = 600_000;

describeWithDovecot('A batch from an IMAP server to Exchange Online by IMAP with OAuth', () => {
  let source: DovecotServer;
  let online: ExchangeOnlineSimulator;
  let imap: PracticeImap;
  let line: TcpFaultProxy;
  let workspace: Workspace;

  beforeAll(async () => {
    source = await DovecotServer.start({ users });
    seedMailbox(source, anna, generateMailbox({ seed: anna, folders: 8, messages: total }));
    online = await ExchangeOnlineSimulator.start({
      tenants: [{ applications: [{ ...practiceApplication, permissions }], users: [{ userPrincipalName: anna }] }],
    });
    imap = await startPracticeImap(online, anna);
    line = await TcpFaultProxy.start(imap.place.port);
    line.setDelay({ toServerMs: 10, toClientMs: 10 });
    workspace = new Workspace({ APPLICATION_SECRET: practiceApplication.secret });
  }, patienceMs);

  afterAll(async () => {
    await workspace.remove();
    await Promise.all([line.stop(), source.stop(), imap.stop(), online.stop()]);
  });

  it(
    `ends with each message once, though it is killed again and again (seed ${seed})`,
    async () => {
      const place = { ...imap.place, port: line.port };
      const endpoint = onlineEndpoint({ name: 'contoso', source, online, mail: 'imap', imap: place });
      const csv = workspace.write('people.csv', batchFile(users));
      const order = ['run', '--endpoint', workspace.writeEndpoint(endpoint), '--csv', csv, '--json'];
      const random = new Random(seed);
      const ends: (number | null)[] = [];
      while (ends.length < kills) {
        const due = line.passed() + random.between(1_000, mostBetweenKills);
        ends.push((await workspace.start(...order).killWhen(() => line.passed() >= due)).code);
      }
      line.setDelay({ toServerMs: 0, toClientMs: 0 });
      const end = await workspace.call(...order);

      // null: killed, and not at its own end.
      expect(ends).toEqual(Array<null>(kills).fill(null));
      expect(await workspace.listMailboxes('people')).toMatchObject([{ status: 'Synced', error: null }]);
      expect(end).toMatchObject({ code: 0 });
      const { items, reports } = shownBatch(end);
      expect(items).toMatchObject({ total, copied: total, failed: 0, doubtful: 0, vanished: 0 });
      expect(readReport(reports.skipped ?? '')).toEqual([]);
      const differences = diffMailboxes(await snapshotDovecot(source, anna), await imap.snapshot(), {
        ignore: ['keywords'],
      });
      expect(differences).toEqual([]);
      expect(imap.asked()).toBeGreaterThan(kills);
    },
    patienceMs,
  );
});
