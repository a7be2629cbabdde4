import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { measureChild } from '../../bench/measure-child.ts';
import type { BatchView } from '../../shared/contract/batch-view.ts';
import { describeWithDovecot } from '../support/dovecot/describe-with-dovecot.ts';
import { DovecotPair } from '../support/dovecot/dovecot-pair.ts';
import { batchFile } from '../support/e2e/csv.ts';
import { imapEndpoint } from '../support/e2e/imap-endpoint.ts';
import { Workspace } from '../support/e2e/workspace.ts';
import { generateMailbox } from '../support/mail/generate-mailbox.ts';
import { seedMailbox } from '../support/mail/seed-mailbox.ts';

const user = 'anna@contoso.test';
const users = { [user]: 'pw' };
const hugeBytes = 150_000_000;
const mostMegabytes = 200;

describeWithDovecot('A message of 150 MB', () => {
  let servers: DovecotPair;
  let workspace: Workspace;

  beforeEach(async () => {
    servers = await DovecotPair.start({ users });
    workspace = new Workspace();
  });

  afterEach(async () => {
    await workspace.remove();
    await servers.stop();
  });

  it('is copied, and read again to be compared, in less than 200 MB of memory', async () => {
    seedMailbox(servers.source, user, generateMailbox({ seed: 'huge', folders: 3, messages: 30, huge: 1, hugeBytes }));
    const endpoint = workspace.writeEndpoint(
      imapEndpoint({
        name: 'contoso',
        source: { port: servers.source.imapsPort, security: 'tls', caFile: servers.source.caFile },
        target: { port: servers.target.imapPort, security: 'starttls', caFile: servers.target.caFile },
        defaults: { verify: 'full' },
      }),
    );
    const key = workspace.write('sealing', randomBytes(32).toString('base64'));
    const files = ['--endpoint', endpoint, '--csv', workspace.write('huge.csv', batchFile(users))];

    const run = await measureChild({
      argv: [join(import.meta.dirname, '../../bin/stagecoach'), 'run', ...files, '--data', workspace.data, '--json'],
      env: { STAGECOACH_KEY: `file:${key}` },
    });

    expect(run).toMatchObject({ exitCode: 0 });
    expect(JSON.parse(run.stdout) as BatchView).toMatchObject({ status: 'Synced', items: { copied: 30, total: 30 } });
    expect(run.peakMegabytes).toBeGreaterThan(30);
    expect(run.peakMegabytes).toBeLessThan(mostMegabytes);
    expect(await servers.differences([user])).toEqual([]);
  });
});
