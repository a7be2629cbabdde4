import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { describeWithDovecot } from '../support/dovecot/describe-with-dovecot.ts';
import { DovecotPair } from '../support/dovecot/dovecot-pair.ts';
import { batchFile } from '../support/e2e/csv.ts';
import { imapEndpoint } from '../support/e2e/imap-endpoint.ts';
import { shownBatch, Workspace } from '../support/e2e/workspace.ts';
import { generateMailbox } from '../support/mail/generate-mailbox.ts';
import { seedMailbox } from '../support/mail/seed-mailbox.ts';

const users = { 'anna@contoso.test': 'pw', 'bob@contoso.test': 'pw' };

describeWithDovecot('A run that signs in', () => {
  let servers: DovecotPair;
  let right: Workspace;
  let wrong: Workspace;

  beforeAll(async () => {
    servers = await DovecotPair.start({ users }, { masters: { mailadmin: 'right password' } });
    for (const name of Object.keys(users)) {
      seedMailbox(servers.source, name, generateMailbox({ seed: name, folders: 2, messages: 10 }));
    }
    right = new Workspace({ ADMIN_PASSWORD: 'right password' });
    wrong = new Workspace({ ADMIN_PASSWORD: 'wrong password' });
  });

  afterAll(async () => {
    await Promise.all([right.remove(), wrong.remove()]);
    await servers.stop();
  });

  const run = async (workspace: Workspace, ...more: string[]) => {
    const login = { mode: 'admin', user: 'mailadmin', secret: 'env:ADMIN_PASSWORD', style: 'template' };
    const sides = { source: { port: servers.source.imapPort }, target: { port: servers.target.imapPort, login } };
    const endpoint = workspace.writeEndpoint(imapEndpoint({ name: 'contoso', ...sides, defaults: { settleAfter: 1 } }));
    const people = workspace.write('people.csv', batchFile(users));
    return { endpoint, end: await workspace.call('run', '--endpoint', endpoint, '--csv', people, '--json', ...more) };
  };

  it("ends with 2 and names the setting where the administrator's password is wrong; nothing is stored", async () => {
    const { end } = await run(wrong);
    const endpoints = await wrong.call('endpoint', 'list', '--json');
    const batches = await wrong.call('batch', 'list', '--json');

    expect(end.code).toBe(2);
    expect(JSON.parse(end.stdout)).toMatchObject({ error: { code: 'TARGET_SIGN_IN_FAILED', exitCode: 2 } });
    expect(end.stdout).toContain('target.login.secret');
    expect(end.stdout).not.toContain('wrong password');
    expect([endpoints, batches].map(({ stdout }) => JSON.parse(stdout) as unknown)).toEqual([[], []]);
  });

  it('finds out what the target keeps, also where each row brings its own password', async () => {
    const sides = { source: { port: servers.source.imapPort }, target: { port: servers.target.imapPort } };
    const workspace = new Workspace();
    const file = workspace.writeEndpoint(imapEndpoint({ name: 'own', ...sides, defaults: { settleAfter: 1 } }));
    const people = workspace.write('people.csv', batchFile(users));
    const order = ['run', '--endpoint', file, '--csv', people, '--json'];

    const ends = [await workspace.call(...order), await workspace.call(...order)];
    const shown = await workspace.call('endpoint', 'show', 'own', '--json');
    await workspace.remove();

    expect(ends.map(({ code }) => code)).toEqual([0, 0]);
    expect(JSON.parse(shown.stdout)).toMatchObject({
      target: { keeps: { octets: true, size: true, dates: true, keywords: true } },
    });
  });

  it('migrates where the password is right; endpoint test says so of a mailbox', async () => {
    const { end } = await run(right);
    const tested = await right.call('endpoint', 'test', 'contoso', '--mailbox', 'anna@contoso.test', '--json');

    expect(shownBatch(end)).toMatchObject({ status: 'Synced', items: { copied: 20, total: 20 } });
    expect(tested.code).toBe(0);
    expect(JSON.parse(tested.stdout)).toMatchObject({
      checks: expect.arrayContaining([expect.objectContaining({ side: 'target', check: 'sign-in', result: 'pass' })]),
    });
  });
});
