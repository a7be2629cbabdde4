import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { describeWithDovecot } from '../support/dovecot/describe-with-dovecot.ts';
import { DovecotPair } from '../support/dovecot/dovecot-pair.ts';
import { batchFile, readReport } from '../support/e2e/csv.ts';
import { imapEndpoint } from '../support/e2e/imap-endpoint.ts';
import { shownBatch, Workspace } from '../support/e2e/workspace.ts';
import { generateMailbox } from '../support/mail/generate-mailbox.ts';
import { Random } from '../support/mail/random.ts';
import { seedMailbox } from '../support/mail/seed-mailbox.ts';
import { TcpFaultProxy } from '../support/tcp-fault-proxy.ts';

const users = { 'anna@contoso.test': 'pw', 'bob@contoso.test': 'pw', 'chloe@contoso.test': 'pw' };
/** Together 5,000 messages of some 6 kB. */
const mailboxes = { 'anna@contoso.test': 2_600, 'bob@contoso.test': 1_600, 'chloe@contoso.test': 800 };
const total = 5_000;
const octets = total * 6_000;
const kills = 32;
/** Two thirds of the mail at most are to go over the line before the last kill comes. */
const mostBetweenKills = Math.floor((octets * 2) / 3 / kills);
/** So little passes when there is nothing to do. */
const mostOfAPassWithoutChange = 1_500;
/** Another one gives other places. */
const seed = process.env['STAGECOACH_TEST_SEED'] ?? 'killed-run';
/** Minutes on a slow machine: each of the kills starts the program anew. */
const patienceMs = 900_000;

describeWithDovecot('A run that is killed again and again', () => {
  let servers: DovecotPair;
  let line: TcpFaultProxy;
  let workspace: Workspace;

  beforeAll(async () => {
    servers = await DovecotPair.start({ users });
    line = await TcpFaultProxy.start(servers.target.imapPort);
    // A long line: what passes between two looks at its counters is little, however fast the machine is.
    line.setDelay({ toServerMs: 40, toClientMs: 40 });
    for (const [name, messages] of Object.entries(mailboxes)) {
      seedMailbox(servers.source, name, generateMailbox({ seed: name, folders: 12, messages }));
    }
    workspace = new Workspace();
  }, patienceMs);

  afterAll(async () => {
    await workspace.remove();
    await Promise.all([line.stop(), servers.stop()]);
  });

  /**
   * Octets over the line, either way, after which a kill comes: of any order of magnitude, so that it finds the program
   * signing in, planning, settling what the kill before left open, copying, or on its way into the next folder.
   */
  const drawProgress = (random: Random, most: number): number =>
    random.chance(0.5) ? random.between(1, most) : Math.floor(Math.exp(random.next() * Math.log(most)));

  it(
    `ends with each message at the target once (seed ${seed})`,
    async () => {
      const endpoint = imapEndpoint({
        name: 'contoso',
        source: { port: servers.source.imapPort },
        target: { port: line.port },
        maxConcurrentMigrations: 2,
        defaults: { settleAfter: 1 },
      });
      const csv = workspace.write('people.csv', batchFile(users));
      const order = ['run', '--endpoint', workspace.writeEndpoint(endpoint), '--csv', csv, '--json'];
      const random = new Random(seed);
      let killed = 0;
      let through = false;
      for (let runs = 0; killed < kills; runs += 1) {
        if (runs > 4 * kills) throw new Error('The runs end before they can be killed');
        const due = line.passed() + drawProgress(random, through ? mostOfAPassWithoutChange : mostBetweenKills);
        const { code } = await workspace.start(...order).killWhen(() => line.passed() >= due);
        // null: by the signal, and not at its own end. Who comes to the end before the kill makes one more pass next time.
        if (code === null) killed += 1;
        else through = true;
      }
      line.setDelay({ toServerMs: 0, toClientMs: 0 });
      const end = await workspace.call(...order);

      expect(end).toMatchObject({ code: 0 });
      const { items, reports } = shownBatch(end);
      expect(items).toMatchObject({ total, copied: total, failed: 0, doubtful: 0, vanished: 0 });
      expect(readReport(reports.skipped ?? '')).toEqual([]);
      expect(await servers.differences()).toEqual([]);
    },
    patienceMs,
  );
});
