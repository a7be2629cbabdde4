import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { BatchView } from '../../../shared/contract/batch-view.ts';
import { batchFile } from '../../support/e2e/csv.ts';
import { imapEndpoint } from '../../support/e2e/imap-endpoint.ts';
import { shownBatch, Workspace } from '../../support/e2e/workspace.ts';
import { describeWithDovecot } from '../../support/dovecot/describe-with-dovecot.ts';
import { DovecotPair } from '../../support/dovecot/dovecot-pair.ts';
import { generateMailbox } from '../../support/mail/generate-mailbox.ts';
import { seedMailbox } from '../../support/mail/seed-mailbox.ts';

const users = { 'anna@a.test': 'pw-1', 'bob@a.test': 'pw-2', 'eve@a.test': 'pw-3' };
const names = Object.keys(users);

describeWithDovecot('Commands that work in the foreground', () => {
  let servers: DovecotPair;
  let workspace: Workspace;
  let endpoint: string;

  beforeEach(async () => {
    servers = await DovecotPair.start({ users });
    workspace = new Workspace();
    endpoint = workspace.writeEndpoint(
      imapEndpoint({
        name: 'contoso',
        source: { port: servers.source.imapsPort, security: 'tls', caFile: servers.source.caFile },
        target: { port: servers.target.imapPort, security: 'starttls', caFile: servers.target.caFile },
        // So two mailboxes wait whenever a run is interrupted: of one as small as these, everything is in flight at once.
        maxConcurrentMigrations: 1,
        defaults: { settleAfter: 2 },
      }),
    );
  });

  afterEach(async () => {
    await workspace.remove();
    await servers.stop();
  });

  function seed(messages: number, who: readonly string[] = names): void {
    for (const name of who) seedMailbox(servers.source, name, generateMailbox({ seed: name, folders: 4, messages }));
  }

  async function expectAllCopied(): Promise<void> {
    expect(await servers.differences()).toEqual([]);
  }

  function csvOf(file: string, who: readonly string[]): string {
    return workspace.write(
      file,
      batchFile(Object.fromEntries(Object.entries(users).filter(([name]) => who.includes(name)))),
    );
  }

  it('run goes on where it was interrupted, without waiting: its pages were finished', async () => {
    seed(1_500);
    const csv = csvOf('all.csv', names);
    const first = workspace.start('run', '--endpoint', endpoint, '--csv', csv);
    await first.says('Syncing');
    await sleep(300);
    first.kill('SIGINT');

    const interrupted = await first.end;
    const shown = await workspace.showBatch('all');
    const second = await workspace.call('run', '--endpoint', endpoint, '--csv', csv, '--json');

    expect(interrupted.code).toBe(130);
    expect(interrupted.stderr).toContain('it goes on where it was');
    expect(shown.status).toBe('Syncing');
    expect(shownBatch(second)).toMatchObject({ status: 'Synced', items: { copied: 4_500 } });
    expect(second.code).toBe(0);
    await expectAllCopied();
  });

  it('two runs on one data folder finish both, whoever of them has it', async () => {
    seed(4_000);
    const first = workspace.start(
      'run',
      '--endpoint',
      endpoint,
      '--csv',
      csvOf('first.csv', ['anna@a.test']),
      '--json',
    );
    await first.says('Syncing');
    const second = workspace.start(
      ...['run', '--endpoint', endpoint, '--csv', csvOf('second.csv', ['bob@a.test', 'eve@a.test']), '--json'],
    );

    const ends = await Promise.all([first.end, second.end]);

    expect(ends.map(({ code }) => code)).toEqual([0, 0]);
    expect(ends.map((end) => shownBatch(end).items.copied)).toEqual([4_000, 8_000]);
    await expectAllCopied();
  });

  it('run hands the work to a service that has the folder, and waits for it', async () => {
    seed(50);
    const service = await workspace.serve();

    const end = await workspace.call('run', '--endpoint', endpoint, '--csv', csvOf('all.csv', names), '--json');

    expect(shownBatch(end)).toMatchObject({ status: 'Synced', counts: { synced: 3 } });
    expect(service.ended).toBe(false);
  });

  it('run on a synced batch takes up new rows and new mail', async () => {
    seed(30, ['anna@a.test']);
    await workspace.call('run', '--endpoint', endpoint, '--csv', csvOf('all.csv', ['anna@a.test', 'bob@a.test']));
    seed(30, ['bob@a.test', 'eve@a.test']);

    const end = await workspace.call('run', '--endpoint', endpoint, '--csv', csvOf('all.csv', names), '--json');

    expect(end.code).toBe(0);
    expect(shownBatch(end)).toMatchObject({ status: 'Synced', counts: { total: 3, synced: 3 } });
    await expectAllCopied();
  });

  it('create makes a batch without starting it; start copies it and stays until it rests', async () => {
    seed(30);
    await workspace.call('endpoint', 'put', endpoint);
    const create = ['batch', 'create', 'sales', '--endpoint', 'contoso', '--no-start'];
    await workspace.call(...create, '--csv', csvOf('sales.csv', names));
    expect((await workspace.showBatch('sales')).status).toBe('Created');

    const started = await workspace.call('batch', 'start', 'sales', '--json');

    expect(started.code).toBe(0);
    expect(shownBatch(started).status).toBe('Synced');
    await expectAllCopied();
  });

  it('run ends with 2 for a file that cannot start, says all that is wrong, and mails it', async () => {
    const csv = workspace.write('bad.csv', 'Email,UserName,Password\nanna@a.test,anna@a.test,\n');

    const end = await workspace.call('run', '--endpoint', endpoint, '--csv', csv, '--notify', 'admin@a.test');

    expect(end.code).toBe(2);
    expect(end.stdout).toMatch(/line 1: fatal: .*EmailAddress/);
    expect(end.stdout).toMatch(/line 2: error: .*Password is empty/);
    const mails = readdirSync(join(workspace.data, 'mail'));
    expect(mails).toHaveLength(1);
    expect(readFileSync(join(workspace.data, 'mail', mails[0] ?? ''), 'utf8')).toMatch(/^To: admin@a\.test/m);
    expect((await workspace.showBatch('bad')).status).toBe('Failed');
  });

  it('run goes on under the same name once the file is corrected', async () => {
    seed(5, ['anna@a.test']);
    const bad = workspace.write('bad.csv', 'Email,UserName,Password\nanna@a.test,anna@a.test,pw-1\n');
    await workspace.call('run', '--endpoint', endpoint, '--csv', bad, '--name', 'sales');

    const end = await workspace.call(
      ...['run', '--endpoint', endpoint, '--csv', csvOf('good.csv', ['anna@a.test']), '--name', 'sales', '--json'],
    );

    expect(end.code).toBe(0);
    expect(shownBatch(end)).toMatchObject({ status: 'Synced', items: { copied: 5 } });
  });

  it('start waits for startAfter', async () => {
    seed(5);
    const begun = performance.now();
    await workspace.call('endpoint', 'put', endpoint);
    // Later than a command needs to begin, however slow the machine is.
    const later = 3_000 + 5 * (performance.now() - begun);
    const at = new Date(Date.now() + later).toISOString().replace(/\.\d+/, '');

    const end = await workspace.call(
      ...['batch', 'create', 'sales', '--endpoint', 'contoso', '--csv', csvOf('sales.csv', names), '--json'],
      ...['--option', `startAfter=${at}`],
    );

    const batch: BatchView = shownBatch(end);
    expect(batch.status).toBe('Synced');
    expect(Date.parse(batch.finishedAt ?? '')).toBeGreaterThanOrEqual(Date.parse(at));
    expect(end.stderr).toContain('Waiting');
  });
});
