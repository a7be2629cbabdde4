import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { describeWithDovecot } from '../support/dovecot/describe-with-dovecot.ts';
import { DovecotServer } from '../support/dovecot/dovecot-server.ts';
import { batchFile, readReport } from '../support/e2e/csv.ts';
import { imapEndpoint } from '../support/e2e/imap-endpoint.ts';
import { shownBatch, Workspace } from '../support/e2e/workspace.ts';
import { diffMailboxes } from '../support/mail/diff-mailboxes.ts';
import { generateMailbox } from '../support/mail/generate-mailbox.ts';
import { Random } from '../support/mail/random.ts';
import { seedMailbox } from '../support/mail/seed-mailbox.ts';
import { snapshotDovecot } from '../support/mail/snapshot-mailbox.ts';
import { TcpFaultProxy } from '../support/tcp-fault-proxy.ts';

const users = { 'anna@contoso.test': 'pw', 'bob@contoso.test': 'pw', 'chloe@contoso.test': 'pw' };
const names = Object.keys(users);
const messages = 500;
/** At random times; most find it starting, or settling what the kill before left open. */
const kills = 8;
/** As soon as it copies. */
const killsWhileCopying = 3;
/** Another one gives other kill times. */
const seed = process.env['STAGECOACH_TEST_SEED'] ?? 'killed-run';

describeWithDovecot('A run that is killed again and again', () => {
  let source: DovecotServer;
  let target: DovecotServer;
  let line: TcpFaultProxy;
  let workspace: Workspace;

  beforeAll(async () => {
    source = await DovecotServer.start({ users });
    target = await DovecotServer.start({ users });
    line = await TcpFaultProxy.start(target.imapPort);
    // A long line, so that the batch outlives its workers however fast the machine is.
    line.setDelay({ toServerMs: 80, toClientMs: 80 });
    for (const name of names) seedMailbox(source, name, generateMailbox({ seed: name, folders: 12, messages }));
    workspace = new Workspace();
  });

  afterAll(async () => {
    await workspace.remove();
    await Promise.all([line.stop(), source.stop(), target.stop()]);
  });

  it('ends with each message at the target once', async () => {
    const endpoint = imapEndpoint({
      name: 'contoso',
      source: { port: source.imapPort },
      target: { port: line.port },
      maxConcurrentMigrations: 2,
      defaults: { settleAfter: 1 },
    });
    const csv = workspace.write('people.csv', batchFile(users));
    const order = ['run', '--endpoint', workspace.writeEndpoint(endpoint), '--csv', csv, '--json'];
    const random = new Random(seed);
    for (let killed = 0; killed < kills; killed += 1) {
      const run = workspace.start(...order);
      expect(await run.killAfter(random.between(100, 1_500))).toMatchObject({ code: null });
    }
    for (let killed = 0; killed < killsWhileCopying; killed += 1) {
      const before = line.counters().bytesToServer;
      const run = workspace.start(...order);
      while (!run.ended && line.counters().bytesToServer - before < 50_000) await sleep(1);
      expect(await run.killAfter(random.between(0, 100))).toMatchObject({ code: null });
    }
    line.setDelay({ toServerMs: 0, toClientMs: 0 });
    const end = await workspace.call(...order);

    expect(end).toMatchObject({ code: 0 });
    const total = names.length * messages;
    const { items, reports } = shownBatch(end);
    expect(items).toMatchObject({ total, copied: total, failed: 0, doubtful: 0, vanished: 0 });
    expect(readReport(reports.skipped ?? '')).toEqual([]);
    for (const name of names) {
      expect(diffMailboxes(await snapshotDovecot(source, name), await snapshotDovecot(target, name))).toEqual([]);
    }
  });
});
