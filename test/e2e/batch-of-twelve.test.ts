import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeWithDovecot } from '../support/dovecot/describe-with-dovecot.ts';
import { DovecotPair } from '../support/dovecot/dovecot-pair.ts';
import { batchFile, readReport } from '../support/e2e/csv.ts';
import { imapEndpoint } from '../support/e2e/imap-endpoint.ts';
import { shownBatch, Workspace } from '../support/e2e/workspace.ts';
import { generateMailbox } from '../support/mail/generate-mailbox.ts';
import { seedMailbox } from '../support/mail/seed-mailbox.ts';

const names = Array.from({ length: 12 }, (_, at) => `user${at}@contoso.test`);
const users = Object.fromEntries(names.map((name, at) => [name, `pw-${at}`]));
const messages = 60;

describeWithDovecot('A batch of twelve mailboxes with ugly mail', () => {
  let servers: DovecotPair;
  let workspace: Workspace;
  let order: readonly string[];

  beforeAll(async () => {
    servers = await DovecotPair.start({ users }, { masters: { mailadmin: 'admin-pw' } });
    for (const [at, name] of names.entries()) {
      const huge = at === 0 ? 1 : 0;
      seedMailbox(
        servers.source,
        name,
        generateMailbox({ seed: name, folders: 3 + at * 2, messages, ugly: true, huge }),
      );
    }
    workspace = new Workspace({ TARGET_ADMIN_PASSWORD: 'admin-pw' });
    const endpoint = imapEndpoint({
      name: 'contoso',
      source: { port: servers.source.imapsPort, security: 'tls', caFile: servers.source.caFile },
      target: {
        port: servers.target.imapPort,
        security: 'starttls',
        caFile: servers.target.caFile,
        login: {
          mode: 'admin',
          user: 'mailadmin',
          secret: 'env:TARGET_ADMIN_PASSWORD',
          style: 'template',
          template: '{user}*{admin}',
        },
      },
      maxConcurrentMigrations: 4,
      defaults: { notify: ['admin@contoso.test'] },
    });
    const csv = workspace.write('people.csv', batchFile(users));
    order = ['run', '--endpoint', workspace.writeEndpoint(endpoint), '--csv', csv, '--json'];
  });

  afterAll(async () => {
    await workspace.remove();
    await servers.stop();
  });

  it('ends with every message, flag, keyword, date and folder at the target, and says so as scripts expect it', async () => {
    const end = await workspace.call(...order);

    expect(end).toMatchObject({ code: 0 });
    const shown = shownBatch(end);
    const total = names.length * messages;
    expect(shown).toEqual({
      name: 'people',
      type: 'imap',
      endpoint: 'contoso',
      status: 'Synced',
      reason: expect.any(String),
      createdAt: expect.stringMatching(/Z$/),
      startedAt: expect.stringMatching(/Z$/),
      finishedAt: expect.stringMatching(/Z$/),
      startedBy: expect.any(String),
      counts: { total: 12, queued: 0, active: 0, synced: 12, completed: 0, failed: 0, stopped: 0, skipped: 0 },
      items: { total, copied: total, skipped: 0, failed: 0, doubtful: 0, vanished: 0, bytes: expect.any(Number) },
      reports: {
        statistics: expect.stringContaining('MigrationStatistics.csv'),
        errors: expect.stringContaining('MigrationErrors.csv'),
        skipped: expect.stringContaining('SkippedItems.csv'),
        verification: expect.stringContaining('VerificationReport.json'),
      },
    });
    expect(await workspace.showBatch('people')).toEqual(shown);
    expect(await servers.differences()).toEqual([]);
  });

  it('leaves reports and a finished mail with the same numbers', async () => {
    const { items, reports } = await workspace.showBatch('people');
    const statistics = readReport(reports.statistics ?? '');
    const sum = (column: string): number =>
      statistics.map((row) => Number(row[column])).reduce((left, right) => left + right, 0);

    expect(statistics.map((row) => row['EmailAddress']).sort()).toEqual([...names].sort());
    expect(statistics.every((row) => row['Green'] === 'true')).toBe(true);
    expect({ copied: sum('ItemsCopied'), bytes: sum('BytesCopied') }).toEqual({
      copied: items.copied,
      bytes: items.bytes,
    });
    expect(readReport(reports.errors ?? '')).toEqual([]);
    expect(readReport(reports.skipped ?? '')).toEqual([]);
    const mails = readdirSync(join(workspace.data, 'mail'));
    expect(mails).toHaveLength(1);
    const mail = readFileSync(join(workspace.data, 'mail', mails[0] ?? ''), 'utf8');
    expect(mail).toMatch(/^To: .*admin@contoso\.test/m);
    expect(mail).toContain(items.copied.toLocaleString('en-US'));
  });

  it('copies nothing twice when the same command is given again', async () => {
    const before = await workspace.showBatch('people');

    const end = await workspace.call(...order);

    expect(end).toMatchObject({ code: 0 });
    expect(shownBatch(end)).toMatchObject({ status: 'Synced', counts: before.counts, items: before.items });
    expect(await servers.differences()).toEqual([]);
  });
});
