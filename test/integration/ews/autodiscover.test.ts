import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { redirectOf, type AutodiscoverPlace } from '../../../shared/adapters/ews/autodiscover/autodiscover-places.ts';
import { findEwsUrl, type AutodiscoverRequest } from '../../../shared/adapters/ews/autodiscover/find-ews-url.ts';
import { systemClock } from '../../../shared/adapters/local/system-clock.ts';
import { ExchangeServer } from '../../../shared/domain/endpoint.ts';
import { ExchangeSimulator, type SimulatorOptions } from '../../../simulator/exchange/exchange-simulator.ts';
import { PracticeMailbox } from '../../../simulator/exchange/practice-mailbox.ts';
import { writeCertificates } from '../../support/dovecot/certificates.ts';

const address = 'anna@contoso.test';

describe('Autodiscover', () => {
  const folders: string[] = [];
  const running: { stop(): Promise<void> }[] = [];
  const certificates = new Map<string, { readonly key: string; readonly cert: string; readonly ca: string }>();

  beforeAll(() => {
    for (const kind of ['valid', 'unknown-authority'] as const) {
      const folder = mkdtempSync(join(tmpdir(), 'autodiscover-'));
      folders.push(folder);
      const ca = readFileSync(writeCertificates(folder, kind), 'utf8');
      const [key = '', cert = ''] = ['key.pem', 'cert.pem'].map((name) => readFileSync(join(folder, name), 'utf8'));
      certificates.set(kind, { key, cert, ca });
    }
  });

  afterEach(async () => {
    await Promise.all(running.splice(0).map((server) => server.stop()));
  });

  afterAll(() => {
    for (const folder of folders) rmSync(folder, { recursive: true });
  });

  async function start(options: Partial<SimulatorOptions> = {}): Promise<ExchangeSimulator> {
    const simulator = await ExchangeSimulator.start({
      mailboxes: [new PracticeMailbox(address)],
      accounts: [{ name: address, password: 'pw', opens: [address] }],
      tls: certificates.get('valid')!,
      ...options,
    });
    running.push(simulator);
    return simulator;
  }

  const placeOf = (simulator: ExchangeSimulator): string =>
    `https://127.0.0.1:${String(simulator.port)}/autodiscover/autodiscover.xml`;

  function search(places: readonly AutodiscoverPlace[], more: Partial<AutodiscoverRequest> = {}): Promise<string> {
    const { ca } = certificates.get('valid')!;
    const { auth, tls } = ExchangeServer.parse({
      kind: 'exchange',
      ewsUrl: 'https://unused.test',
      tls: { ca },
      login: { mode: 'user' },
    });
    return findEwsUrl({
      address,
      account: { user: address, password: 'pw' },
      server: { auth, tls },
      clock: systemClock,
      signal: new AbortController().signal,
      places: () => places.map((place) => () => Promise.resolve([place])),
      ...more,
    });
  }

  const at = (simulator: ExchangeSimulator, isVouchedFor = true): AutodiscoverPlace => ({
    url: placeOf(simulator),
    isVouchedFor,
  });
  const nowhere: AutodiscoverPlace = { url: 'https://127.0.0.1:1/autodiscover/autodiscover.xml', isVouchedFor: true };

  it('finds the address of EWS at the first place that answers', async () => {
    const simulator = await start();

    await expect(search([nowhere, at(simulator)])).resolves.toBe(simulator.ewsUrl);
  });

  it('asks what Active Directory names before all others', async () => {
    const [named, other] = [await start(), await start()];

    await expect(search([at(other)], { connectionPoints: [placeOf(named)] })).resolves.toBe(named.ewsUrl);
    expect(other.connections).toBe(0);
  });

  it('prefers the address for clients outside', async () => {
    const protocol = (type: string) =>
      `<Protocol><Type>${type}</Type><EwsUrl>https://${type}.contoso.test/EWS/Exchange.asmx</EwsUrl></Protocol>`;
    const simulator = await start({
      autodiscover: () => `<Account><Action>settings</Action>${protocol('EXCH')}${protocol('EXPR')}</Account>`,
    });

    await expect(search([at(simulator)])).resolves.toBe('https://EXPR.contoso.test/EWS/Exchange.asmx');
  });

  it('follows a redirect to another address and to another place', async () => {
    const last = await start();
    const second = await start({
      autodiscover: () => `<Account><Action>redirectUrl</Action><RedirectUrl>${placeOf(last)}</RedirectUrl></Account>`,
    });
    const first = await start({
      autodiscover: (asked) =>
        asked === address
          ? '<Account><Action>redirectAddr</Action><RedirectAddr>anna@fabrikam.test</RedirectAddr></Account>'
          : '<Error><ErrorCode>500</ErrorCode><Message>not here</Message></Error>',
    });

    await expect(search([at(first), at(second)])).resolves.toBe(last.ewsUrl);
    expect(first.calls.get('Autodiscover')).toBe(2);
  });

  it('follows a redirect of HTTP within the domain of the mailbox, and shows no other domain a password', async () => {
    const last = await start();
    const { key, cert } = certificates.get('valid')!;
    const web = createSecureServer({ key, cert }, (request, response) => {
      request.resume();
      response.writeHead(302, { Location: placeOf(last) }).end();
    });
    await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve));
    running.push({
      stop: () =>
        new Promise((resolve) => {
          web.closeAllConnections();
          web.close(() => resolve());
        }),
    });
    const { port } = web.address() as AddressInfo;
    const place = { url: `https://127.0.0.1:${String(port)}/autodiscover/autodiscover.xml`, isVouchedFor: true };

    await expect(search([place], { address: 'anna@127.0.0.1' })).resolves.toBe(last.ewsUrl);
    const asked = last.calls.get('Autodiscover');
    await expect(search([place])).rejects.toMatchObject({ code: 'AUTODISCOVER_FAILED' });
    expect(last.calls.get('Autodiscover')).toBe(asked);
  });

  it('does not follow redirects for ever', async () => {
    let turn = 0;
    const simulator = await start({
      autodiscover: () => {
        turn += 1;
        return `<Account><Action>redirectAddr</Action><RedirectAddr>a${String(turn)}@contoso.test</RedirectAddr></Account>`;
      },
    });

    await expect(search([at(simulator)])).rejects.toMatchObject({ code: 'AUTODISCOVER_FAILED' });
    expect(turn).toBe(11);
  });

  it('asks for the address of EWS where nothing is found', async () => {
    const simulator = await start({
      autodiscover: () =>
        '<Error><ErrorCode>500</ErrorCode><Message>The e-mail address cannot be found.</Message></Error>',
    });

    await expect(search([nowhere, at(simulator)])).rejects.toMatchObject({
      name: 'ConfigurationError',
      code: 'AUTODISCOVER_FAILED',
      message: expect.stringMatching(/500 The e-mail address cannot be found.*Give source\.ewsUrl/),
    });
  });

  it('shows nobody a password whose certificate is not good, or for whom nobody vouches', async () => {
    const { key, cert } = certificates.get('unknown-authority')!;
    const bad = await start({ tls: { key, cert } });
    const elsewhere = await start();
    const plain: AutodiscoverPlace = { url: placeOf(elsewhere).replace('https', 'http'), isVouchedFor: true };

    await expect(search([at(bad), at(elsewhere, false), plain])).rejects.toMatchObject({ code: 'AUTODISCOVER_FAILED' });
    expect([bad.calls.size, elsewhere.calls.size, elsewhere.connections]).toEqual([0, 0, 0]);
  });

  it('tries a wrong password once', async () => {
    const [first, second] = [await start(), await start()];

    await expect(
      search([at(first), at(second)], { account: { user: address, password: 'wrong' } }),
    ).rejects.toMatchObject({ code: 'SOURCE_SIGN_IN_FAILED' });
    expect(second.connections).toBe(0);
  });

  it('asks over plain HTTP for nothing but another place', async () => {
    const seen: (string | undefined)[] = [];
    const server: Server = createServer((request, response) => {
      seen.push(request.headers.authorization);
      response.writeHead(302, { Location: 'https://mail.contoso.test/autodiscover/autodiscover.xml' }).end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    running.push({ stop: () => new Promise((resolve) => server.close(() => resolve())) });
    const { port } = server.address() as AddressInfo;
    const { signal } = new AbortController();

    await expect(redirectOf(`http://127.0.0.1:${String(port)}/`, signal)).resolves.toEqual([
      { url: 'https://mail.contoso.test/autodiscover/autodiscover.xml', isVouchedFor: false },
    ]);
    await expect(redirectOf('http://127.0.0.1:1/', signal)).resolves.toEqual([]);
    expect(seen).toEqual([undefined]);
  });
});
