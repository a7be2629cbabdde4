import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { describeWithDovecot } from '../support/dovecot/describe-with-dovecot.ts';
import { DovecotPair } from '../support/dovecot/dovecot-pair.ts';
import type { DovecotServer } from '../support/dovecot/dovecot-server.ts';
import { batchFile } from '../support/e2e/csv.ts';
import type { Command } from '../support/e2e/command.ts';
import { imapEndpoint } from '../support/e2e/imap-endpoint.ts';
import { Workspace } from '../support/e2e/workspace.ts';
import { generateMailbox } from '../support/mail/generate-mailbox.ts';
import { seedMailbox } from '../support/mail/seed-mailbox.ts';
import { TcpFaultProxy } from '../support/tcp-fault-proxy.ts';

const batches = { red: ['a', 'b', 'c'], blue: ['d', 'e', 'f'], green: ['g', 'h', 'i'] };
const users = Object.fromEntries(
  Object.values(batches).flatMap((names) => names.map((name) => [`${name}@contoso.test`, 'pw'])),
);
const most = 2;

describeWithDovecot('Two batches on an endpoint with two mailbox slots', () => {
  let servers: DovecotPair;
  let line: TcpFaultProxy;
  let workspace: Workspace;
  let service: Command;

  beforeAll(async () => {
    servers = await DovecotPair.start({ users });
    line = await TcpFaultProxy.start(servers.target.imapPort);
    line.setDelay({ toServerMs: 15, toClientMs: 15 });
    for (const name of Object.keys(users))
      seedMailbox(servers.source, name, generateMailbox({ seed: name, messages: 120 }));
    workspace = new Workspace();
  });

  afterAll(async () => {
    await workspace.remove();
    await Promise.all([line.stop(), servers.stop()]);
  });

  /** What Dovecot's own register says, as often as it can be asked. */
  const watchServer = (server: DovecotServer) => {
    const seen: number[] = [];
    let watching = true;
    const watch = async (): Promise<void> => {
      while (watching) {
        seen.push((await server.connectionsByUser()).size);
        await sleep(2);
      }
    };
    const ended = watch();
    return {
      stop: async (): Promise<readonly number[]> => {
        watching = false;
        await ended;
        return seen;
      },
    };
  };

  const create = async (batch: keyof typeof batches): Promise<void> => {
    const rows = Object.fromEntries(batches[batch].map((name) => [`${name}@contoso.test`, 'pw']));
    const csv = workspace.write(`${batch}.csv`, batchFile(rows));
    const created = await workspace.call('batch', 'create', batch, '--endpoint', 'contoso', '--csv', csv);
    expect(created).toMatchObject({ code: 0 });
  };

  it('never have more than two mailboxes open at either server, and at times have two', async () => {
    const endpoint = imapEndpoint({
      name: 'contoso',
      source: { port: servers.source.imapPort },
      target: { port: line.port },
      maxConcurrentMigrations: most,
      defaults: { settleAfter: 1 },
    });
    await workspace.call('endpoint', 'put', workspace.writeEndpoint(endpoint));
    service = await workspace.serve();
    const watched = { source: watchServer(servers.source), target: watchServer(servers.target) };

    await Promise.all([create('red'), create('blue')]);
    const red = await workspace.untilBatchRests('red');
    const blue = await workspace.untilBatchRests('blue');
    const seen = { source: await watched.source.stop(), target: await watched.target.stop() };

    expect([red.status, blue.status]).toEqual(['Synced', 'Synced']);
    // They ran at the same time; else nothing would have been limited.
    expect(String(red.startedAt) < String(blue.finishedAt) && String(blue.startedAt) < String(red.finishedAt)).toBe(
      true,
    );
    expect({ source: Math.max(...seen.source), target: Math.max(...seen.target) }).toEqual({
      source: most,
      target: most,
    });
  });

  it('are held a moment longer at the server when their worker is killed, and no more', async () => {
    const open = async (): Promise<number> => (await servers.target.connectionsByUser()).size;
    await create('green');
    while ((await open()) < most) await sleep(2);

    service.kill();
    await service.end;

    // Slots limit live workers only: a server goes on for as long as it takes to store what it has received.
    while ((await open()) > 0) await sleep(5);
    expect(await open()).toBe(0);
  });
});
