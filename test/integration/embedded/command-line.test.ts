import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Workspace } from '../../support/e2e/workspace.ts';
import { imapEndpoint } from '../../support/e2e/imap-endpoint.ts';

let workspace: Workspace;

beforeEach(() => {
  workspace = new Workspace();
});

afterEach(async () => workspace.remove());

/** Stored without connecting: nothing listens on port 1. */
const endpoint = imapEndpoint({ name: 'contoso', source: { port: 1 }, target: { port: 1 } });
const header = 'EmailAddress,UserName,Password\n';

describe('exit codes of the command line', () => {
  it.each([
    ['a command that is not there', ['batch', 'frobnicate', 'x']],
    ['an option that is not there', ['batch', 'list', '--frobnicate']],
    ['an argument that is missing', ['batch', 'show']],
    ['an option that must be given', ['run', '--csv', 'x.csv']],
    ['an option without an equals sign', ['batch', 'create', 'b', '--endpoint', 'e', '--option', 'badItemLimit']],
    ['a type that is not there', ['batch', 'lint', 'x.csv', '--type', 'pop3']],
    ['a batch file that is not there', ['batch', 'lint', 'no.csv', '--type', 'imap']],
    ['an endpoint file that is not there', ['endpoint', 'put', 'no.json']],
    ['a report that is not there', ['batch', 'report', 'b', 'weather']],
    ['a status that is not there', ['batch', 'users', 'b', '--status', 'Sleeping']],
  ])('are 2 for %s', async (_, args) => {
    const { code, stderr, stdout } = await workspace.call(...args);

    expect(code).toBe(2);
    expect(stderr).not.toBe('');
    expect(stdout).toBe('');
  });

  it.each([
    ['batch', 'show', 'nobody'],
    ['batch', 'users', 'nobody'],
    ['batch', 'watch', 'nobody'],
    ['batch', 'start', 'nobody'],
    ['batch', 'resume', 'nobody'],
    ['batch', 'report', 'nobody', 'errors'],
    ['endpoint', 'show', 'nobody'],
    ['endpoint', 'test', 'nobody'],
    ['endpoint', 'remove', 'nobody'],
    ['batch', 'create', 'b', '--endpoint', 'nobody'],
  ])('are 3 where there is no such thing: %s %s %s', async (...args) => {
    const { code, stdout } = await workspace.call(...args, '--json');

    expect(code).toBe(3);
    expect(JSON.parse(stdout)).toMatchObject({ error: { exitCode: 3 } });
  });

  it('are 4 for what is refused in this state', async () => {
    await workspace.call('endpoint', 'put', workspace.writeEndpoint(endpoint), '--no-test');
    await workspace.call('batch', 'create', 'sales', '--endpoint', 'contoso');

    const twice = await workspace.call('batch', 'create', 'sales', '--endpoint', 'contoso');
    const empty = await workspace.call('batch', 'start', 'sales');
    const used = await workspace.call('endpoint', 'remove', 'contoso');

    expect([twice.code, empty.code, used.code]).toEqual([4, 4, 4]);
    expect(used.stderr).toContain('sales');
  });

  it('are 0 for help and version', async () => {
    const help = await workspace.call('batch', '--help');

    expect(help.code).toBe(0);
    expect(help.stdout).toContain('watch');
  });
});

describe('batch lint', () => {
  it('prints each finding with line and column, and ends with 2 where a row is bad', async () => {
    const file = workspace.write('b.csv', `${header}anna@a.test,anna,Sesame-4711\nnobody,bob,Sesame-4712\n`);

    const { code, stdout } = await workspace.call('batch', 'lint', file, '--type', 'imap');

    expect(code).toBe(2);
    expect(stdout).toContain(`${file}:3:1: error: EmailAddress:`);
    expect(stdout).toContain('2 rows, 1 good, 1 bad');
    expect(stdout).not.toContain('Sesame');
  });

  it('is content with a good file, and leaves no data folder behind', async () => {
    const file = workspace.write('b.csv', `${header}anna@a.test,anna,Sesame-4711\n`);

    const { code, stdout } = await workspace.call('batch', 'lint', file, '--type', 'imap', '--json');

    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ ok: true, rows: 1, accepted: 1, findings: [] });
    expect(existsSync(workspace.data)).toBe(false);
  });
});

describe('endpoints', () => {
  it('are not stored when a server cannot be reached, and the setting is named', async () => {
    const { code, stderr } = await workspace.call('endpoint', 'put', workspace.writeEndpoint(endpoint));

    expect(code).toBe(2);
    expect(stderr).toContain('source.host');
    expect((await workspace.call('endpoint', 'list', '--json')).stdout).toBe('[]\n');
  });

  it('are shown as they were put, secrets as references', async () => {
    await workspace.call('endpoint', 'put', workspace.writeEndpoint(endpoint), '--no-test');

    const shown = await workspace.call('endpoint', 'show', 'contoso', '--json');
    const listed = await workspace.call('endpoint', 'list', '--json');

    expect(JSON.parse(shown.stdout)).toMatchObject({ ...endpoint, maxConcurrentMigrations: 20 });
    expect(JSON.parse(listed.stdout)).toEqual([JSON.parse(shown.stdout)]);
  });

  it('are removed while nothing uses them', async () => {
    await workspace.call('endpoint', 'put', workspace.writeEndpoint(endpoint), '--no-test');

    expect((await workspace.call('endpoint', 'remove', 'contoso')).code).toBe(0);
    expect((await workspace.call('endpoint', 'show', 'contoso')).code).toBe(3);
  });
});

describe('a batch that is created but not started', () => {
  it('has its rows read, and nothing copied', async () => {
    await workspace.call('endpoint', 'put', workspace.writeEndpoint(endpoint), '--no-test');
    const file = workspace.write('b.csv', `${header}anna@a.test,anna,Sesame-4711\nnobody,bob,Sesame-4712\n`);
    const options = ['--notify', 'a@a.test,b@a.test', '--option', 'badItemLimit=3'];

    const created = await workspace.call(
      ...['batch', 'create', 'sales', '--endpoint', 'contoso', '--csv', file, '--no-start', '--json', ...options],
    );

    expect(created.code).toBe(0);
    expect(JSON.parse(created.stdout)).toMatchObject({ status: 'Created', startedAt: null });
    const mailboxes = await workspace.listMailboxes('sales');
    expect(mailboxes.map(({ row, status }) => ({ row, status }))).toEqual([
      { row: 1, status: 'Queued' },
      { row: 2, status: 'Failed' },
    ]);
    expect(mailboxes[1]?.error).toMatchObject({ code: 'CSV_ADDRESS_INVALID', fix: expect.stringMatching(/\w/) });
    const failed = await workspace.call('batch', 'users', 'sales', '--status', 'Failed', '--json');
    expect(JSON.parse(failed.stdout)).toEqual([mailboxes[1]]);
    // The admin's own file is left alone; the copy that was read is gone.
    expect(existsSync(file)).toBe(true);
  });

  it('prints documents of any length whole, however slowly they are read', async () => {
    await workspace.call('endpoint', 'put', workspace.writeEndpoint(endpoint), '--no-test');
    const rows = Array.from(
      { length: 1_000 },
      (_, row) => `user${String(row)}@a.test,user${String(row)},Sesame-4711\n`,
    );
    const file = workspace.write('long.csv', header + rows.join(''));
    await workspace.call('batch', 'create', 'long', '--endpoint', 'contoso', '--csv', file, '--no-start');

    const program = join(import.meta.dirname, '../../../bin/stagecoach');
    const read = spawnSync('sh', [
      '-c',
      '"$0" batch users long --json --data "$1" | (sleep 0.5; cat)',
      program,
      workspace.data,
    ]);

    expect(read.stdout.length).toBeGreaterThan(200_000);
    expect(JSON.parse(read.stdout.toString())).toHaveLength(1_000);
  });

  it('is refused for a wrong option before anything is written', async () => {
    await workspace.call('endpoint', 'put', workspace.writeEndpoint(endpoint), '--no-test');

    const refused = await workspace.call('batch', 'create', 'b', '--endpoint', 'contoso', '--option', 'badItems=3');

    expect(refused.code).toBe(2);
    expect((await workspace.call('batch', 'list', '--json')).stdout).toBe('[]\n');
  });
});

describe('the data folder', () => {
  it('is its owner’s alone, with a token for the API', async () => {
    await workspace.call('batch', 'list');
    const service = await workspace.serve();

    const mode = (path: string) => statSync(path).mode & 0o777;

    expect(mode(workspace.data)).toBe(0o700);
    for (const file of ['stagecoach.sqlite', 'lock', 'lock.json', 'token']) {
      expect({ file, mode: mode(join(workspace.data, file)) }).toEqual({ file, mode: 0o600 });
    }
    expect(readFileSync(join(workspace.data, 'token'), 'utf8').trim().length).toBeGreaterThanOrEqual(43);
    service.kill('SIGTERM');
    expect((await service.end).code).toBe(130);
  });

  it('is worked on by one service at a time', async () => {
    await workspace.serve();

    const second = await workspace.call('serve', '--port', '0');

    expect(second.code).toBe(4);
    expect(second.stderr).toMatch(/in use by process \d+ \(serve/);
  });

  it('is asked for through the service that has it, or by --url with its token', async () => {
    await workspace.call('endpoint', 'put', workspace.writeEndpoint(endpoint), '--no-test');
    const service = await workspace.serve();
    const url = /http:\/\/127\.0\.0\.1:\d+/.exec(service.stderr)?.[0] ?? '';

    const here = await workspace.call('endpoint', 'list', '--json');
    const there = await workspace.call('endpoint', 'list', '--json', '--url', url);
    const created = await workspace.call('batch', 'create', 'sales', '--endpoint', 'contoso');

    expect(here.code).toBe(0);
    expect(there).toEqual(here);
    expect(created.code).toBe(0);
    expect((await workspace.call('batch', 'show', 'nobody')).code).toBe(3);
  });
});
