import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { addressesOf } from '../../../shared/adapters/graph/clouds.ts';
import { probeExchangeOnline } from '../../../shared/adapters/graph/exchange-online-probe.ts';
import { openGraph } from '../../../shared/adapters/graph/open-graph.ts';
import { tokensFor, type SignInServices } from '../../../shared/adapters/graph/sign-in.ts';
import { systemClock } from '../../../shared/adapters/local/system-clock.ts';
import type { ExchangeOnline } from '../../../shared/domain/endpoint.ts';
import { ExchangeOnlineSimulator } from '../../../simulator/exchange-online/exchange-online-simulator.ts';
import { ManualClock } from '../../unit/imap/support/clocks.ts';
import { clientId, secret, secretsOf, targetAt } from './support/practice-organisation.ts';

describe('signing in to Exchange Online', () => {
  let folder: string;
  let pem: string;
  let simulator: ExchangeOnlineSimulator;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'sign-in-'));
    pem = pemOf('app');
    simulator = await ExchangeOnlineSimulator.start({
      tenants: [
        {
          applications: [
            { clientId, secret, certificate: certificateIn(pem) },
            { clientId: 'secret-only', secret },
          ],
          users: [{ userPrincipalName: 'ann@contoso.test' }],
        },
      ],
    });
  });
  afterAll(async () => {
    await simulator.stop();
    rmSync(folder, { recursive: true });
  });

  function pemOf(name: string): string {
    const file = join(folder, `${name}.pem`);
    const subject = ['-subj', `/CN=${name}`, '-days', '30', '-nodes', '-newkey', 'rsa:2048'];
    execFileSync('openssl', ['req', '-x509', ...subject, '-keyout', file, '-out', `${file}.crt`], { stdio: 'ignore' });
    return `${readFileSync(`${file}.crt`, 'utf8')}${readFileSync(file, 'utf8')}`;
  }

  function services(values: Readonly<Record<string, string>> = {}): SignInServices {
    return { clock: systemClock, secrets: secretsOf({ 'env:SECRET': secret, 'file:app.pem': pem, ...values }) };
  }

  function graphToken(target: ExchangeOnline, using: SignInServices = services()): Promise<string> {
    return tokensFor(using, target, addressesOf(target).graphScope).token();
  }

  it('takes a certificate, whose assertion is made for the true authority', async () => {
    const target = targetAt(simulator, { certificate: 'file:app.pem' });
    const graph = openGraph(services(), target, { mailbox: undefined, signal: new AbortController().signal });
    const users = await graph.all('/users?$select=userPrincipalName', z.object({ userPrincipalName: z.string() }));
    expect(users).toEqual([{ userPrincipalName: 'ann@contoso.test' }]);
  });

  it('takes a secret', async () => {
    expect(await graphToken(targetAt(simulator))).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+$/);
  });

  it('asks once for all who ask at the same time, and not again while the token lasts', async () => {
    const using = services();
    const before = simulator.signIn.issued;
    const first = await Promise.all([1, 2, 3, 4].map(() => graphToken(targetAt(simulator), using)));
    const later = await graphToken(targetAt(simulator), using);
    expect(new Set([...first, later]).size).toBe(1);
    expect(simulator.signIn.issued - before).toBe(1);
  });

  it('keeps the tokens of Graph and of Outlook apart', async () => {
    const using = services();
    const target = targetAt(simulator);
    const { graphScope, outlookScope } = addressesOf(target);
    const [graph, outlook] = await Promise.all([
      tokensFor(using, target, graphScope).token(),
      tokensFor(using, target, outlookScope).token(),
    ]);
    expect(graph).not.toBe(outlook);
  });

  it('renews a token before its end', async () => {
    const clock = new ManualClock();
    const using = { ...services(), clock };
    const first = await graphToken(targetAt(simulator), using);
    await clock.pass(54 * 60_000);
    expect(await graphToken(targetAt(simulator), using)).toBe(first);
    await clock.pass(2 * 60_000);
    expect(await graphToken(targetAt(simulator), using)).not.toBe(first);
  });

  it('signs in again in the middle of the work when the token is not taken any more', async () => {
    const target = targetAt(simulator);
    const graph = openGraph(services(), target, { mailbox: undefined, signal: new AbortController().signal });
    await graph.get('/users', z.unknown());
    simulator.tokens.revokeAll();
    await expect(graph.get('/users', z.unknown())).resolves.toBeDefined();
  });

  it.each([
    [
      'an application that the tenant does not have',
      { clientId: 'nobody' },
      {},
      { code: 'APPLICATION_UNKNOWN', number: 'AADSTS700016' },
    ],
    ['a tenant that does not exist', { tenant: 'nowhere.test' }, {}, { code: 'TENANT_UNKNOWN', number: 'AADSTS90002' }],
    [
      'a wrong secret',
      {},
      { 'env:SECRET': 'wrong-one' },
      { code: 'APPLICATION_SECRET_REFUSED', number: 'AADSTS7000215' },
    ],
    [
      'a certificate that was not uploaded',
      { certificate: 'file:other.pem' },
      {},
      { code: 'APPLICATION_CERTIFICATE_REFUSED', number: 'AADSTS700027' },
    ],
    ['a tenant of another cloud', { cloud: 'usgov' }, {}, { code: 'TENANT_IN_OTHER_CLOUD', number: 'AADSTS900382' }],
  ])('names %s', async (_, overrides, secrets, { code, number }) => {
    const other = { 'file:other.pem': pemOf('other') };
    const signingIn = graphToken(targetAt(simulator, overrides), services({ ...other, ...secrets }));
    await expect(signingIn).rejects.toMatchObject({
      name: 'ConfigurationError',
      code,
      message: expect.stringContaining(number),
    });
  });

  it.each(['usgov', 'usgov-dod', 'china'] as const)('signs in to the cloud %s by its own names', async (cloud) => {
    const national = await ExchangeOnlineSimulator.start({
      tenants: [{ cloud, applications: [{ clientId, secret, certificate: certificateIn(pem) }], users: [] }],
    });
    try {
      const target = targetAt(national, { cloud, certificate: 'file:app.pem' });
      const { graphScope, outlookScope } = addressesOf(target);
      for (const scope of [graphScope, outlookScope])
        await expect(tokensFor(services(), target, scope).token()).resolves.toMatch(/^[\w-]+\./);
    } finally {
      await national.stop();
    }
  });

  it.each([
    ['warns in the test of an endpoint before a certificate ends', 0, 'warn'],
    ['is content with a certificate that lasts', -40, 'pass'],
  ])('%s', async (_, days, result) => {
    const clock = { ...systemClock, now: () => Date.now() + days * 86_400_000 };
    const target = targetAt(simulator, { certificate: 'file:app.pem' });
    const checks = await probeExchangeOnline({ ...services(), clock }, target, undefined);
    expect(checks.find(({ check }) => check === 'sign-in')).toMatchObject({
      result,
      evidence: expect.stringMatching(/by a certificate that is good until \d{4}-\d\d-\d\d\./),
      fix: result === 'warn' ? 'Upload a new certificate before it ends.' : '',
    });
  });

  it('says that a certificate has expired, without asking', async () => {
    const before = simulator.log.requests.length;
    const clock = { ...systemClock, now: () => Date.now() + 31 * 86_400_000 };
    const signingIn = graphToken(targetAt(simulator, { certificate: 'file:app.pem' }), { ...services(), clock });
    await expect(signingIn).rejects.toMatchObject({
      name: 'ConfigurationError',
      code: 'APPLICATION_CERTIFICATE_EXPIRED',
      message: expect.stringMatching(/expired on \d{4}-\d\d-\d\d/),
    });
    expect(simulator.log.requests).toHaveLength(before);
  });

  it('tells a certificate that has expired at the tenant from one that is not known there', async () => {
    const later = await ExchangeOnlineSimulator.start({
      clock: { ...systemClock, now: () => Date.now() + 31 * 86_400_000 },
      tenants: [{ applications: [{ clientId, certificate: certificateIn(pem) }], users: [] }],
    });
    try {
      await expect(graphToken(targetAt(later, { certificate: 'file:app.pem' }))).rejects.toMatchObject({
        code: 'APPLICATION_CERTIFICATE_EXPIRED',
        message: expect.stringContaining('AADSTS700027'),
      });
    } finally {
      await later.stop();
    }
  });

  it('never shows the secret that was refused', async () => {
    const signingIn = graphToken(targetAt(simulator), services({ 'env:SECRET': 'the-canary-secret' }));
    const error: unknown = await signingIn.catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(Error);
    expect(
      JSON.stringify([error, (error as Error).message, (error as Error).stack, (error as Error).cause]),
    ).not.toContain('the-canary-secret');
  });

  it.each([
    ['no PEM at all', 'nonsense'],
    ['a certificate without its key', 'certificate-only'],
  ])('says what is wrong with a file that holds %s', async (_, content) => {
    const broken = content === 'certificate-only' ? certificateIn(pem) : content;
    const signingIn = graphToken(
      targetAt(simulator, { certificate: 'file:broken.pem' }),
      services({ 'file:broken.pem': broken }),
    );
    await expect(signingIn).rejects.toMatchObject({
      code: 'APPLICATION_CERTIFICATE_REFUSED',
      message: expect.stringContaining('PEM'),
    });
  });

  it('says that a key belongs to another certificate', async () => {
    const mixed = `${certificateIn(pemOf('one'))}${pem.slice(pem.indexOf('-----BEGIN PRIVATE KEY'))}`;
    const target = targetAt(simulator, { certificate: 'file:mixed.pem' });
    await expect(graphToken(target, services({ 'file:mixed.pem': mixed }))).rejects.toMatchObject({
      message: expect.stringContaining('belongs to another certificate'),
    });
  });

  it.each([
    [503, 'TARGET_UNAVAILABLE'],
    [429, 'TARGET_THROTTLED'],
  ])('comes again later after HTTP %d, and asks anew then', async (status, code) => {
    let asked = 0;
    const server = createServer((_, response) => {
      asked += 1;
      response.writeHead(status, { 'Retry-After': '7' }).end('{}');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
    try {
      const using = services();
      const trouble = { name: 'TransientError', code, retryAfterMs: 7000 };
      await expect(graphToken(targetAt({ url }), using)).rejects.toMatchObject(trouble);
      await expect(graphToken(targetAt({ url }), using)).rejects.toMatchObject(trouble);
      expect(asked).toBe(2);
    } finally {
      server.close();
    }
  });

  it('comes again later where nobody answers', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
    await new Promise((resolve) => server.close(resolve));
    await expect(graphToken(targetAt({ url }))).rejects.toMatchObject({
      name: 'TransientError',
      code: 'TARGET_UNREACHABLE',
    });
  });
});

function certificateIn(pem: string): string {
  return pem.slice(pem.indexOf('-----BEGIN CERT'), pem.indexOf('-----END CERTIFICATE-----') + 26);
}
