import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { describeWithDovecot } from '../support/dovecot/describe-with-dovecot.ts';
import { DovecotPair } from '../support/dovecot/dovecot-pair.ts';
import { batchFile } from '../support/e2e/csv.ts';
import { imapEndpoint } from '../support/e2e/imap-endpoint.ts';
import { shownBatch, Workspace } from '../support/e2e/workspace.ts';
import { generateMailbox } from '../support/mail/generate-mailbox.ts';
import { seedMailbox } from '../support/mail/seed-mailbox.ts';
import { TcpFaultProxy } from '../support/tcp-fault-proxy.ts';

const users = { 'anna@contoso.test': 'pw', 'bob@contoso.test': 'pw' };
const messages = 150;

describeWithDovecot('A batch whose servers close connections', () => {
  let servers: DovecotPair;
  let sourceLine: TcpFaultProxy;
  let targetLine: TcpFaultProxy;
  let workspace: Workspace;

  beforeAll(async () => {
    servers = await DovecotPair.start({ users });
    sourceLine = await TcpFaultProxy.start(servers.source.imapPort);
    targetLine = await TcpFaultProxy.start(servers.target.imapPort);
    for (const name of Object.keys(users)) seedMailbox(servers.source, name, generateMailbox({ seed: name, messages }));
    workspace = new Workspace();
  });

  afterAll(async () => {
    await workspace.remove();
    await Promise.all([sourceLine.stop(), targetLine.stop(), servers.stop()]);
  });

  it('finishes with each message once', async () => {
    const endpoint = imapEndpoint({
      name: 'contoso',
      source: { port: sourceLine.port },
      target: { port: targetLine.port },
      defaults: { settleAfter: 1 },
    });
    // In the middle of a literal that the source sends, of one that the target receives, and of the target's reply.
    sourceLine.cut({ direction: 'to-client', afterBytes: 200_000, times: 2, style: 'close' });
    targetLine.cut({ direction: 'to-server', afterBytes: 350_000 });
    targetLine.cut({ direction: 'to-client', onText: 'OK [APPENDUID' });

    const end = await workspace.call(
      ...['run', '--endpoint', workspace.writeEndpoint(endpoint)],
      ...['--csv', workspace.write('people.csv', batchFile(users)), '--json'],
    );

    expect({ source: sourceLine.counters().cuts, target: targetLine.counters().cuts }).toEqual({
      source: 2,
      target: 2,
    });
    expect(end).toMatchObject({ code: 0 });
    expect(shownBatch(end)).toMatchObject({ status: 'Synced', items: { copied: 2 * messages, failed: 0 } });
    expect(await servers.differences()).toEqual([]);
  });
});
