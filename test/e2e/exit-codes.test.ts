import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { describeWithDovecot } from '../support/dovecot/describe-with-dovecot.ts';
import { DovecotPair } from '../support/dovecot/dovecot-pair.ts';
import { batchFile } from '../support/e2e/csv.ts';
import { imapEndpoint } from '../support/e2e/imap-endpoint.ts';
import { shownBatch, Workspace } from '../support/e2e/workspace.ts';
import { generateMailbox } from '../support/mail/generate-mailbox.ts';
import { seedMailbox } from '../support/mail/seed-mailbox.ts';
import { TcpFaultProxy } from '../support/tcp-fault-proxy.ts';

const users = { 'anna@contoso.test': 'pw', 'bob@contoso.test': 'pw' };

describeWithDovecot('The exit codes of the command line', () => {
  let servers: DovecotPair;
  let line: TcpFaultProxy;
  let workspace: Workspace;
  let endpoint: string;
  let people: string;

  beforeAll(async () => {
    servers = await DovecotPair.start({ users });
    line = await TcpFaultProxy.start(servers.target.imapPort);
    line.setDelay({ toServerMs: 40, toClientMs: 40 });
    for (const name of Object.keys(users)) {
      seedMailbox(servers.source, name, generateMailbox({ seed: name, folders: 15, messages: 300 }));
    }
    workspace = new Workspace();
    endpoint = workspace.writeEndpoint(
      imapEndpoint({
        name: 'contoso',
        source: { port: servers.source.imapPort },
        target: { port: line.port },
        defaults: { settleAfter: 1 },
      }),
    );
    people = workspace.write('people.csv', batchFile(users));
  });

  afterAll(async () => {
    await workspace.remove();
    await Promise.all([line.stop(), servers.stop()]);
  });

  it('are 130 where a run is interrupted, and 0 where the next one finishes it', async () => {
    const order = ['run', '--endpoint', endpoint, '--csv', people, '--json'];
    const run = workspace.start(...order);
    while (!run.ended && line.counters().bytesToServer < 300_000) await sleep(5);
    run.kill('SIGINT');
    const interrupted = await run.end;
    const finished = await workspace.call(...order);

    expect({ interrupted: interrupted.code, finished: finished.code }).toEqual({ interrupted: 130, finished: 0 });
    expect(shownBatch(finished)).toMatchObject({ status: 'Synced', items: { total: 600, copied: 600 } });
  });

  it('are 2 where the usage or the file is wrong', async () => {
    const noHeader = workspace.write('no-header.csv', 'anna@contoso.test,anna,pw\n');
    const calls = [
      workspace.call('run', '--csv', people),
      workspace.call('run', '--endpoint', workspace.write('broken.json', '{'), '--csv', people),
      workspace.call('batch', 'nonsense'),
    ];
    const codes = (await Promise.all(calls)).map(({ code }) => code);
    const refused = await workspace.call('run', '--endpoint', endpoint, '--csv', noHeader, '--json');

    expect([...codes, refused.code]).toEqual([2, 2, 2, 2]);
    expect(JSON.parse(refused.stdout)).toBeInstanceOf(Object);
  });

  it.each([
    ['a missing option', ['run', '--csv', 'people.csv', '--json']],
    ['an unknown option', ['batch', 'list', '--nonsense', '--json']],
    ['an unknown command', ['batch', 'nonsense', '--json']],
    ['a port that is none', ['serve', '--port', 'x', '--json']],
  ])('are in the one document on stdout with --json: %s', async (_, args) => {
    const end = await workspace.call(...args);

    expect(JSON.parse(end.stdout)).toMatchObject({ error: { code: 'USAGE', exitCode: 2 } });
    expect(end.code).toBe(2);
  });

  it('are 3 where there is no such batch or endpoint', async () => {
    const calls = [
      workspace.call('batch', 'show', 'nobody', '--json'),
      workspace.call('batch', 'users', 'nobody', '--json'),
      workspace.call('endpoint', 'show', 'nobody', '--json'),
    ];
    const ends = await Promise.all(calls);

    expect(ends.map(({ code }) => code)).toEqual([3, 3, 3]);
    for (const { stdout } of ends) expect(JSON.parse(stdout)).toMatchObject({ error: { exitCode: 3 } });
  });

  it('are 3 where there is no data folder, and none is made of a name that was mistyped', async () => {
    const nowhere = new Workspace();
    const calls = [
      nowhere.call('batch', 'show', 'people', '--json'),
      nowhere.call('batch', 'list', '--json'),
      nowhere.call('batch', 'start', 'people', '--json'),
      nowhere.call('endpoint', 'list', '--json'),
    ];
    const ends = await Promise.all(calls);

    expect(ends.map(({ code }) => code)).toEqual([3, 3, 3, 3]);
    for (const { stdout } of ends)
      expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'DATA_FOLDER_NOT_FOUND' } });
    expect(existsSync(nowhere.data)).toBe(false);
    await nowhere.remove();
  });

  it('are 4 where an endpoint is removed that a batch uses', async () => {
    const end = await workspace.call('endpoint', 'remove', 'contoso', '--json');

    expect(end.code).toBe(4);
    expect(JSON.parse(end.stdout)).toMatchObject({ error: { code: 'ENDPOINT_IN_USE' } });
    expect(end.stdout).toContain('people');
  });

  it('are 4 where the state forbids it', async () => {
    const service = await workspace.serve();
    const second = await workspace.call('serve', '--port', '0');
    const again = await workspace.call('batch', 'create', 'people', '--endpoint', 'contoso', '--csv', people);
    service.kill('SIGTERM');

    expect({ second: second.code, again: again.code }).toEqual({ second: 4, again: 4 });
  });

  it('are not 0 where a server cannot be reached, and name the setting', async () => {
    const settings = imapEndpoint({ name: 'away', source: { port: 1 }, target: { port: servers.target.imapPort } });

    const end = await workspace.call('endpoint', 'put', workspace.writeEndpoint(settings));

    expect(end.code).toBe(2);
    expect(end.stderr).toContain('source');
  });
});
