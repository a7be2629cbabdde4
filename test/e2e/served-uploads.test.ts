import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describeWithDovecot } from '../support/dovecot/describe-with-dovecot.ts';
import { DovecotPair } from '../support/dovecot/dovecot-pair.ts';
import { batchFile } from '../support/e2e/csv.ts';
import { imapEndpoint } from '../support/e2e/imap-endpoint.ts';
import { Workspace } from '../support/e2e/workspace.ts';
import { generateMailbox } from '../support/mail/generate-mailbox.ts';
import { seedMailbox } from '../support/mail/seed-mailbox.ts';
import { TcpFaultProxy } from '../support/tcp-fault-proxy.ts';

const few = { 'anna@contoso.test': 'pw', 'bob@contoso.test': 'pw' };
const many = { 'chloe@contoso.test': 'pw', 'dmitri@contoso.test': 'pw' };

describeWithDovecot('A batch file dropped into the incoming folder of a service', () => {
  let servers: DovecotPair;
  let line: TcpFaultProxy;
  let workspace: Workspace;

  beforeAll(async () => {
    servers = await DovecotPair.start({ users: { ...few, ...many } });
    line = await TcpFaultProxy.start(servers.target.imapPort);
    for (const name of Object.keys(few))
      seedMailbox(servers.source, name, generateMailbox({ seed: name, messages: 30 }));
    for (const name of Object.keys(many)) {
      seedMailbox(servers.source, name, generateMailbox({ seed: name, folders: 15, messages: 400 }));
    }
  });

  beforeEach(async () => {
    workspace = new Workspace();
    const endpoint = imapEndpoint({
      name: 'contoso',
      source: { port: servers.source.imapPort },
      target: { port: line.port },
      defaults: { settleAfter: 1 },
    });
    const put = await workspace.call('endpoint', 'put', workspace.writeEndpoint(endpoint));
    expect(put).toMatchObject({ code: 0 });
  });

  afterEach(async () => {
    line.heal();
    await workspace.remove();
  });

  afterAll(async () => {
    await Promise.all([line.stop(), servers.stop()]);
  });

  const drop = (name: string, users: Readonly<Record<string, string>>): string => {
    const folder = join(workspace.data, 'incoming', 'contoso');
    mkdirSync(folder, { recursive: true });
    const path = join(folder, name);
    writeFileSync(path, batchFile(users));
    return path;
  };

  it('becomes a batch that is copied, and is gone with its passwords', async () => {
    await workspace.serve();
    const path = drop('few.csv', few);

    const batch = await workspace.untilBatchRests('few');

    expect(batch).toMatchObject({ status: 'Synced', endpoint: 'contoso', counts: { total: 2, synced: 2 } });
    expect(await servers.differences(Object.keys(few))).toEqual([]);
    expect(existsSync(path)).toBe(false);
  });

  it('is finished by the next service, unasked, when the first is killed in mid-batch', async () => {
    const first = await workspace.serve();
    line.setDelay({ toServerMs: 20, toClientMs: 20 });
    drop('many.csv', many);
    while (line.counters().bytesToServer < 1_000_000) await sleep(10);
    first.kill();
    await first.end;
    const { status } = await workspace.showBatch('many');

    await workspace.serve();
    const batch = await workspace.untilBatchRests('many');

    expect(status).toBe('Syncing');
    expect(batch).toMatchObject({ status: 'Synced', items: { total: 800, copied: 800 } });
    expect(await servers.differences(Object.keys(many))).toEqual([]);
    expect(readdirSync(join(workspace.data, 'mail'))).toHaveLength(1);
  });
});
