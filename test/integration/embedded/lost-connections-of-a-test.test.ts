import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { systemClock } from '../../../shared/adapters/local/system-clock.ts';
import { endpointProbe } from '../../../shared/adapters/mail-servers.ts';
import { endpointOperations } from '../../../shared/operations/endpoint-operations.ts';
import { BatchWorld } from '../../support/builders/batch-world.ts';
import { ScriptedImapServer } from '../../support/scripted-imap-server/scripted-imap-server.ts';
import { TcpFaultProxy } from '../../support/tcp-fault-proxy.ts';

const user = 'ann@contoso.test';
const login = { mode: 'admin', user: 'admin', secret: 'env:X', style: 'template', template: '{user}' };

describe('An endpoint that is tested over a line that breaks', () => {
  let server: ScriptedImapServer;
  let line: TcpFaultProxy;

  beforeEach(async () => {
    server = await ScriptedImapServer.start({ users: { [user]: 'pw' } });
    line = await TcpFaultProxy.start(server.imapPort);
  });

  afterEach(async () => {
    await line.stop();
    await server.stop();
  });

  const put = () => {
    const secrets = () => Promise.resolve('pw');
    const services = { ...new BatchWorld().services, clock: systemClock };
    const operations = endpointOperations({
      ...services,
      endpointProbe: endpointProbe({ secrets, clock: systemClock }),
    });
    const side = (port: number) => ({ kind: 'imap', host: '127.0.0.1', port, security: 'none', login });
    const endpoint = { name: 'contoso', type: 'imap', source: side(line.port), target: side(server.imapPort) };
    return operations.putEndpoint({ name: 'contoso', endpoint, test: true, mailboxes: [{ mailbox: user }] });
  };

  it.each([['OK'], ['LOGIN']])('is tested again and stored, where it broke once: at %s', async (onText) => {
    line.cut({ direction: onText === 'OK' ? 'to-client' : 'to-server', onText, style: 'reset' });

    const { endpoint } = await put();

    expect(endpoint.name).toBe('contoso');
    expect(line.counters().cuts).toBe(1);
  });

  it('is not stored where it breaks every time; no setting is blamed, and the exit code is not that of a bad file', async () => {
    line.cut({ direction: 'to-server', onText: 'LOGIN', style: 'reset', times: 100 });

    await expect(put()).rejects.toMatchObject({ code: 'SOURCE_CONNECTION_LOST', exitCode: 1 });
    expect(line.counters().cuts).toBe(3);
  });
});
