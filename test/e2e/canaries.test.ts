import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describeWithDovecot } from '../support/dovecot/describe-with-dovecot.ts';
import { DovecotPair } from '../support/dovecot/dovecot-pair.ts';
import { canariesInFile, filesBelow, findCanaries } from '../support/e2e/canaries.ts';
import { batchFile } from '../support/e2e/csv.ts';
import { imapEndpoint } from '../support/e2e/imap-endpoint.ts';
import { Workspace } from '../support/e2e/workspace.ts';
import type { GeneratedMailbox } from '../support/mail/generated-mailbox.ts';
import { seedMailbox } from '../support/mail/seed-mailbox.ts';
import { TcpFaultProxy } from '../support/tcp-fault-proxy.ts';

const password = 'kanarienvogel-7f3a9c51';
const wrongPassword = 'zeisig-0d84be27-wrong';
const adminPassword = 'stieglitz-5e12aa90';
const sentence = 'the yellow bird sings at four in the morning';
const subject = 'on the bird in the kitchen';
const canaries = [password, wrongPassword, adminPassword, sentence, subject];

/** One small message that the target takes, and one too large for it, which ends in the reports. */
function plantedMailbox(): GeneratedMailbox {
  const stored = (extra: string): Buffer =>
    Buffer.from(`From: a@x.test\nSubject: ${subject}\nMessage-ID: <1@x.test>\n\n${sentence}\n${extra}`);
  const message = { flags: [], keywords: [], internalDate: new Date(1_700_000_000_000), kind: 'planted' };
  return {
    seed: 1,
    folders: [
      {
        path: ['INBOX'],
        uidValidity: 1_600_000_000,
        messages: [
          { ...message, uid: 1, stored: () => stored('') },
          { ...message, uid: 2, stored: () => stored(`${sentence}\n`.repeat(10_000)) },
          { ...message, uid: 3, stored: () => stored('and again\n') },
        ],
      },
    ],
  };
}

describeWithDovecot('Passwords and words of mail', () => {
  const good = { 'anna@contoso.test': password, 'bob@contoso.test': password };
  const rows = { ...good, 'wrong@contoso.test': wrongPassword };
  let servers: DovecotPair;
  let line: TcpFaultProxy;
  let workspace: Workspace;

  beforeAll(async () => {
    const users = { ...good, 'wrong@contoso.test': password };
    servers = await DovecotPair.start({ users }, { masters: { mailadmin: adminPassword }, maxMailSize: '100K' });
    line = await TcpFaultProxy.start(servers.target.imapPort);
    for (const name of Object.keys(good)) seedMailbox(servers.source, name, plantedMailbox());
    workspace = new Workspace({ TARGET_ADMIN_PASSWORD: adminPassword });
  });

  afterAll(async () => {
    await workspace.remove();
    await Promise.all([line.stop(), servers.stop()]);
  });

  const endpoint = (): string => {
    const admin = { mode: 'admin', user: 'mailadmin', secret: 'env:TARGET_ADMIN_PASSWORD', style: 'authzid' };
    const settings = imapEndpoint({
      name: 'contoso',
      source: { port: servers.source.imapPort },
      target: { port: line.port, login: admin },
      defaults: { settleAfter: 1, notify: ['admin@contoso.test'] },
    });
    return workspace.writeEndpoint(settings);
  };

  it('would be found by this test in whatever way they were written down', () => {
    const written = [
      Buffer.from(`x${password}`),
      Buffer.from(`\u0001${sentence}`, 'utf16le'),
      Buffer.from(Buffer.from(`ab${adminPassword}cd`).toString('base64')),
      Buffer.from(Buffer.from(`a${wrongPassword}`).toString('hex')),
      Buffer.from(`${subject.slice(0, 9)}=\r\n${subject.slice(9)}`),
    ];

    expect(written.map((octets) => findCanaries(octets, canaries))).toEqual([
      [password],
      [sentence],
      [adminPassword],
      [wrongPassword],
      [subject],
    ]);
  });

  it('are nowhere in the data folder, in what commands print, in reports or in mails', async () => {
    // A connection that is lost with mail on its way, a refused item and a refused sign-in: errors quote what they saw.
    line.cut({ direction: 'to-server', onText: 'yellow bird' });
    const csv = workspace.write('people.csv', batchFile(rows));
    const files = ['--endpoint', endpoint(), '--csv', csv];

    const run = await workspace.call('run', ...files);
    const service = await workspace.serve();
    const folder = join(workspace.data, 'incoming', 'contoso');
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'later.csv'), batchFile({ 'wrong@contoso.test': wrongPassword }));
    await workspace.untilBatchRests('later');
    const shown = await Promise.all([
      workspace.call('batch', 'users', 'people', '--json'),
      workspace.call('batch', 'report', 'people', 'skipped'),
      workspace.call('batch', 'report', 'people', 'verification'),
      workspace.call('endpoint', 'show', 'contoso', '--json'),
    ]);
    await sleep(200);
    service.kill();
    const printed = [run, await service.end, ...shown].map(({ stdout, stderr }) => `${stdout}${stderr}`);

    expect({ run: run.code, cuts: line.counters().cuts }).toEqual({ run: 5, cuts: 1 });
    const found = filesBelow(workspace.data);
    expect(found.length).toBeGreaterThan(10);
    expect(found.flatMap((path) => canariesInFile(path, canaries))).toEqual([]);
    expect(printed.flatMap((text) => findCanaries(Buffer.from(text), canaries))).toEqual([]);
  });
});
