import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { cpSync, mkdtempSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describeWithDovecot } from '../support/dovecot/describe-with-dovecot.ts';
import { DovecotPair } from '../support/dovecot/dovecot-pair.ts';
import { batchFile } from '../support/e2e/csv.ts';
import { imapEndpoint } from '../support/e2e/imap-endpoint.ts';
import { Workspace } from '../support/e2e/workspace.ts';
import { generateMailbox } from '../support/mail/generate-mailbox.ts';
import { seedMailbox } from '../support/mail/seed-mailbox.ts';

const project = join(import.meta.dirname, '../..');
const users = { 'anna@contoso.test': 'pw' };

/** In an installation of its own: commands of other tests keep their code too. */
describeWithDovecot('The code that V8 made of the program', () => {
  const installation = mkdtempSync(join(tmpdir(), 'installation-'));
  let servers: DovecotPair;
  let workspace: Workspace;
  let key: string;

  beforeAll(async () => {
    for (const part of ['bin', 'dist', 'package.json']) {
      cpSync(join(project, part), join(installation, part), { recursive: true });
    }
    rmSync(join(installation, 'dist/compiled'), { recursive: true, force: true });
    symlinkSync(join(project, 'node_modules'), join(installation, 'node_modules'));
    servers = await DovecotPair.start({ users });
    seedMailbox(servers.source, 'anna@contoso.test', generateMailbox({ seed: 'kept', folders: 3, messages: 60 }));
    workspace = new Workspace();
    key = workspace.write('key-of-its-own', randomBytes(32).toString('base64'));
  });

  afterAll(async () => {
    rmSync(installation, { recursive: true });
    await workspace.remove();
    await servers.stop();
  });

  async function copyAMailbox(name: string): Promise<void> {
    const endpoint = imapEndpoint({
      name: 'contoso',
      source: { port: servers.source.imapPort },
      target: { port: servers.target.imapPort },
    });
    const csv = workspace.write(`${name}.csv`, batchFile(users));
    const files = ['--endpoint', workspace.writeEndpoint(endpoint), '--csv', csv];
    await promisify(execFile)(
      join(installation, 'bin/stagecoach'),
      ['run', ...files, '--data', join(workspace.folder, name), '--json'],
      { env: { ...process.env, STAGECOACH_KEY: `file:${key}` } },
    );
  }

  it('serves a run to its end as it was kept, through the mail: it is not made anew by each', async () => {
    await copyAMailbox('first');
    const kept = statSync(join(installation, 'dist/compiled/run'));
    await copyAMailbox('second');

    expect(statSync(join(installation, 'dist/compiled/run')).ino).toBe(kept.ino);
  });
});
