import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../../shared/adapters/local/system-clock.ts';
import { endpointProbe } from '../../../shared/adapters/mail-servers.ts';
import { putEndpoint } from '../../../shared/application/put-endpoint.ts';
import { endpointOperations } from '../../../shared/operations/endpoint-operations.ts';
import { DirectorySimulator } from '../../../simulator/directory/directory-simulator.ts';
import { ExchangeSimulator } from '../../../simulator/exchange/exchange-simulator.ts';
import { PracticeMailbox } from '../../../simulator/exchange/practice-mailbox.ts';
import { StagedWorld, stagedEndpoint } from '../../support/directories/staged-world.ts';
import { writeCertificates } from '../../support/dovecot/certificates.ts';

const address = 'anna@contoso.test';
const keyword = '77378F46-2C66-4aa9-A6A6-3E7A48B19596';

describe('An endpoint file that names a mailbox in place of the address of Exchange', () => {
  const folder = mkdtempSync(join(tmpdir(), 'discovered-'));
  let ca: string;
  let exchange: ExchangeSimulator;
  let directory: DirectorySimulator;

  beforeAll(() => {
    ca = readFileSync(writeCertificates(folder, 'valid'), 'utf8');
  });
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  beforeEach(async () => {
    const [key = '', cert = ''] = ['key.pem', 'cert.pem'].map((name) => readFileSync(join(folder, name), 'utf8'));
    exchange = await ExchangeSimulator.start({
      mailboxes: [new PracticeMailbox(address)],
      accounts: [{ name: 'CONTOSO\\migadmin', password: 'pw', opens: '*' }],
      tls: { key, cert },
    });
    directory = await DirectorySimulator.start({
      domain: 'contoso.test',
      recipients: [],
      accounts: [{ names: ['migadmin@contoso.test'], password: 'pw', rights: [] }],
    });
  });
  afterEach(() => Promise.all([exchange.stop(), directory.close()]));

  /** As Exchange writes it for each of its client access servers. */
  function publish(url: string): void {
    directory.tree.add(`CN=CAS1,CN=Autodiscover,CN=Protocols,${directory.tree.configuration}`, {
      objectClass: ['top', 'leaf', 'connectionPoint', 'serviceConnectionPoint'],
      keywords: [keyword, 'Site=Default-First-Site-Name'],
      serviceBindingInformation: [url],
    });
  }

  function file(change: object = {}) {
    return {
      ...stagedEndpoint,
      name: 'contoso',
      source: {
        ...{ kind: 'exchange', autodiscover: address, tls: { ca } },
        login: { mode: 'admin', user: 'CONTOSO\\migadmin', secret: 'env:PW' },
        ...change,
      },
      directory: {
        ...{ url: directory.url, base: directory.base, user: 'migadmin@contoso.test', secret: 'env:PW' },
        tls: { ca: directory.ca },
      },
    };
  }

  function worldWith(password: string) {
    const { services } = new StagedWorld();
    const secrets = () => Promise.resolve(password);
    return { ...services, endpointProbe: endpointProbe({ secrets, clock: systemClock }) };
  }

  it('is stored with the address that the directory leads to, which is asked for once', async () => {
    publish(`https://127.0.0.1:${String(exchange.port)}/autodiscover/autodiscover.xml`);
    const services = worldWith('pw');

    for (const turn of [1, 2]) {
      const put = await putEndpoint(services, { definition: file(), test: false });
      expect([turn, put.outcome]).toEqual([turn, 'stored']);
    }

    expect(await services.store.getEndpoint('contoso')).toMatchObject({
      source: { ewsUrl: exchange.ewsUrl, autodiscover: address },
    });
    expect(exchange.calls.get('Autodiscover')).toBe(1);
  });

  it('is not stored where nobody answers, and asks for the address', async () => {
    publish('https://127.0.0.1:1/autodiscover/autodiscover.xml');
    const services = worldWith('pw');
    const put = endpointOperations(services).putEndpoint({ name: 'contoso', endpoint: file(), test: false });

    await expect(put).rejects.toMatchObject({
      code: 'AUTODISCOVER_FAILED',
      message: expect.stringMatching(/source\.autodiscover: .*Give source\.ewsUrl/s),
    });
    expect(await services.store.getEndpoint('contoso')).toBeUndefined();
  }, 30_000);

  it.each([
    ['neither', { autodiscover: undefined }, 'source.ewsUrl'],
    ['both', { ewsUrl: 'https://mail.contoso.test/EWS/Exchange.asmx' }, 'source.ewsUrl'],
    ['a mailbox, but no account to ask with', { login: { mode: 'user' } }, 'source.autodiscover'],
  ])('is refused with %s', async (_, change, setting) => {
    const put = await putEndpoint(worldWith('pw'), { definition: file(change), test: false });

    expect(put).toMatchObject({ outcome: 'invalid', problems: [{ setting }] });
  });
});
