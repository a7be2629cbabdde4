import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer as createTlsServer } from 'node:tls';
import { ewsMailSource } from '../../../shared/adapters/ews/ews-mail-source.ts';
import { systemClock } from '../../../shared/adapters/local/system-clock.ts';
import { endpointProbe } from '../../../shared/adapters/mail-servers.ts';
import { Endpoint, ExchangeServer } from '../../../shared/domain/endpoint.ts';
import { ExchangeSimulator, type SimulatorOptions } from '../../../simulator/exchange/exchange-simulator.ts';
import { PracticeMailbox } from '../../../simulator/exchange/practice-mailbox.ts';
import { MemoryObjectStore } from '../../support/builders/memory-object-store.ts';
import { writeCertificates, type CertificateKind } from '../../support/dovecot/certificates.ts';

const address = 'anna@contoso.test';
const passwords: Readonly<Record<string, string>> = { 'env:ADMIN': 'admin-pw' };
const secrets = (reference: string): Promise<string> => Promise.resolve(passwords[reference] ?? '');
const services = { secrets, clock: systemClock };

const accounts: SimulatorOptions['accounts'] = [
  { name: address, password: 'pw', opens: [address] },
  { name: 'CONTOSO\\anna', password: 'pw', opens: [address] },
  { name: 'CONTOSO\\migadmin', password: 'admin-pw', opens: '*' },
  { name: 'CONTOSO\\acting', password: 'admin-pw', opens: [], impersonates: true },
  { name: 'CONTOSO\\nobody', password: 'admin-pw', opens: [] },
];

describe('Signing in at Exchange', () => {
  const folders: string[] = [];
  let open: { stop(): Promise<void> }[] = [];
  const certificates = new Map<CertificateKind, { readonly key: string; readonly cert: string; readonly ca: string }>();

  beforeAll(() => {
    for (const kind of ['valid', 'expired', 'wrong-name', 'unknown-authority'] as const) {
      const folder = mkdtempSync(join(tmpdir(), 'exchange-'));
      folders.push(folder);
      const ca = readFileSync(writeCertificates(folder, kind), 'utf8');
      const [key = '', cert = ''] = ['key.pem', 'cert.pem'].map((name) => readFileSync(join(folder, name), 'utf8'));
      certificates.set(kind, { key, cert, ca });
    }
  });

  afterEach(async () => {
    await Promise.all(open.map((server) => server.stop()));
    open = [];
  });

  afterAll(() => {
    for (const folder of folders) rmSync(folder, { recursive: true });
  });

  async function start(options: Partial<SimulatorOptions> = {}): Promise<ExchangeSimulator> {
    const simulator = await ExchangeSimulator.start({
      mailboxes: [new PracticeMailbox(address)],
      accounts,
      ...options,
    });
    open.push(simulator);
    return simulator;
  }

  async function startSecure(kind: CertificateKind, more: Partial<SimulatorOptions> = {}): Promise<ExchangeSimulator> {
    return start({ tls: certificates.get(kind)!, ...more });
  }

  async function enter(
    ewsUrl: string,
    settings: object,
    mailbox: object = { userName: address, password: 'pw' },
  ): Promise<string> {
    const server = ExchangeServer.parse({ kind: 'exchange', ewsUrl, login: { mode: 'user' }, ...settings });
    const source = ewsMailSource(server, { ...services, objects: new MemoryObjectStore() });
    const opened = await source.open(
      { emailAddress: address, userName: address, ...mailbox },
      new AbortController().signal,
    );
    const { folders: found } = await opened.listFolders();
    await opened.close();
    return `${String(found.length)} folders, ${opened.description}`;
  }

  const admin = (user: string) => ({ login: { mode: 'admin', user, secret: 'env:ADMIN' } });

  it.each([
    ['Basic', { auth: 'basic' }, undefined],
    ['NTLM', { auth: 'ntlm' }, undefined],
    ['NTLM with a Windows name', { auth: 'ntlm' }, { userName: 'CONTOSO\\anna', password: 'pw' }],
    ['NTLM with Full Access', { auth: 'ntlm', ...admin('CONTOSO\\migadmin') }, {}],
    ['NTLM in the place of the user', { access: 'impersonation', ...admin('CONTOSO\\acting') }, {}],
    ['Basic in the place of the user', { auth: 'basic', access: 'impersonation', ...admin('CONTOSO\\acting') }, {}],
  ])('succeeds by %s', async (_, settings, mailbox) => {
    const { ewsUrl } = await start();

    await expect(enter(ewsUrl, settings, mailbox)).resolves.toMatch(/^6 folders, Exchange 14\.1\.218 at 127\.0\.0\.1/);
  });

  it('opens the mailbox of another, a shared one or a room, for whom its owner let in, and for nobody else', async () => {
    const office = new PracticeMailbox('office@contoso.test');
    office.delegates = [address];
    const { ewsUrl } = await start({ mailboxes: [new PracticeMailbox(address), office] });
    const asAnna = { emailAddress: office.address, userName: address, password: 'pw' };

    await expect(enter(ewsUrl, {}, asAnna)).resolves.toContain('6 folders');
    office.delegates = ['bob@contoso.test'];
    await expect(enter(ewsUrl, {}, asAnna)).rejects.toMatchObject({ code: 'SOURCE_NO_RIGHTS' });
  });

  it('asks Exchange 2007 in its own schema', async () => {
    const { ewsUrl } = await start({ version: '2007SP1', auth: ['NTLM'] });

    await expect(enter(ewsUrl, {})).resolves.toContain('Exchange 8.1.240');
  });

  it('signs in by Negotiate where NTLM is not offered by its own name', async () => {
    const { ewsUrl } = await start({ auth: ['Negotiate'] });

    await expect(enter(ewsUrl, {})).resolves.toContain('6 folders');
  });

  it('binds NTLM to the TLS channel where that is demanded', async () => {
    const { cert, ca } = certificates.get('valid')!;
    const { ewsUrl } = await startSecure('valid', { auth: ['NTLM'], bindTo: new X509Certificate(cert).raw });

    await expect(enter(ewsUrl, { tls: { ca } })).resolves.toContain('6 folders');
  });

  it('is refused where somebody sits between: the channel is another one', async () => {
    const { ca } = certificates.get('valid')!;
    const other = new X509Certificate(certificates.get('expired')!.cert).raw;
    const { ewsUrl } = await startSecure('valid', { auth: ['NTLM'], bindTo: other });

    await expect(enter(ewsUrl, { tls: { ca } })).rejects.toMatchObject({ code: 'SOURCE_SIGN_IN_FAILED' });
  });

  it('signs in once, and again where the connection was lost in between', async () => {
    const simulator = await start({ auth: ['NTLM'] });
    const server = ExchangeServer.parse({ kind: 'exchange', ewsUrl: simulator.ewsUrl, login: { mode: 'user' } });
    const source = ewsMailSource(server, { ...services, objects: new MemoryObjectStore() });
    const credentials = { emailAddress: address, userName: address, password: 'pw' };
    const opened = await source.open(credentials, new AbortController().signal);

    await opened.listFolders();
    expect(simulator.connections).toBe(1);
    simulator.dropAll();

    await expect(opened.listFolders()).resolves.toMatchObject({ folders: { length: 6 } });
    await opened.close();
  });

  it.each([
    ['a wrong password', {}, { password: 'wrong' }, 'MailboxBlockedError', 'SOURCE_SIGN_IN_FAILED'],
    ['a wrong password by Basic', { auth: 'basic' }, { password: 'x' }, 'MailboxBlockedError', 'SOURCE_SIGN_IN_FAILED'],
    ['no password', {}, { password: undefined }, 'MailboxBlockedError', 'SEALED_PASSWORD_MISSING'],
    ['no rights', admin('CONTOSO\\nobody'), {}, 'MailboxBlockedError', 'SOURCE_NO_RIGHTS'],
    [
      'no right to act for others',
      { access: 'impersonation', ...admin('CONTOSO\\nobody') },
      {},
      'MailboxBlockedError',
      'SOURCE_IMPERSONATION_DENIED',
    ],
    [
      'a mailbox that is not there',
      admin('CONTOSO\\migadmin'),
      { emailAddress: 'other@contoso.test' },
      'MailboxBlockedError',
      'SOURCE_MAILBOX_NOT_FOUND',
    ],
    ['a UserRoot', {}, { password: 'pw', userRoot: 'Shared' }, 'MailboxBlockedError', 'USER_ROOT_UNSUPPORTED'],
  ])('is refused for %s', async (_, settings, mailbox, name, code) => {
    const { ewsUrl } = await start();

    const refusal: unknown = await enter(ewsUrl, settings, mailbox).catch((error: unknown) => error);

    expect(refusal).toMatchObject({ name, code });
    expect(String(refusal)).not.toMatch(/admin-pw|wrong/);
  });

  it.each([
    ['only Basic is offered', { auth: 'ntlm' }, ['Basic']],
    ['only NTLM is offered', { auth: 'basic' }, ['NTLM']],
  ] as const)('names source.auth where %s', async (_, settings, auth) => {
    const { ewsUrl } = await start({ auth });

    await expect(enter(ewsUrl, settings)).rejects.toMatchObject({
      code: 'SOURCE_LOGIN_UNSUPPORTED',
      message: expect.stringContaining(`source.auth is ${settings.auth}`),
    });
  });

  it.each(['expired', 'wrong-name', 'unknown-authority'] as const)(
    'sends nothing to a server whose certificate is %s',
    async (kind) => {
      const { key, cert } = certificates.get(kind)!;
      const { ca } = certificates.get(kind)!;
      let heard = 0;
      const server = createTlsServer({ key, cert }, (socket) => {
        socket.on('data', (octets: Buffer) => (heard += octets.length)).on('error', () => undefined);
      });
      server.on('tlsClientError', () => undefined);
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      open.push({ stop: () => new Promise((resolve) => server.close(() => resolve())) });
      const { port } = server.address() as AddressInfo;

      const entering = enter(`https://127.0.0.1:${String(port)}/EWS/Exchange.asmx`, { auth: 'basic', tls: { ca } });

      await expect(entering).rejects.toMatchObject({ name: 'ConfigurationError', code: 'SOURCE_CERTIFICATE_INVALID' });
      expect(heard).toBe(0);
    },
  );

  async function startWeb(status: number, headers: Record<string, string>): Promise<string> {
    const server: Server = createServer((request, response) => {
      request.resume();
      response.writeHead(status, headers).end('<html>Outlook</html>');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    open.push({
      stop: () =>
        new Promise((resolve) => {
          server.closeAllConnections();
          server.close(() => resolve());
        }),
    });
    return `http://127.0.0.1:${String((server.address() as AddressInfo).port)}/owa`;
  }

  it.each([
    [404, {}, 'ConfigurationError', 'SOURCE_NOT_EWS'],
    [302, { Location: 'https://login.contoso.test/?token=secret' }, 'ConfigurationError', 'SOURCE_NOT_EWS'],
    [200, { 'Content-Type': 'text/html' }, 'ConfigurationError', 'SOURCE_NOT_EWS'],
    [403, {}, 'MailboxBlockedError', 'SOURCE_NO_RIGHTS'],
    [440, {}, 'ConfigurationError', 'SOURCE_LOGIN_UNSUPPORTED'],
    [503, { 'Retry-After': '9' }, 'TransientError', 'SOURCE_THROTTLED'],
    [502, {}, 'TransientError', 'SOURCE_UNAVAILABLE'],
  ])('says what HTTP %d means', async (status, headers, name, code) => {
    const url = await startWeb(status, headers);

    const refusal: unknown = await enter(url, { auth: 'basic' }).catch((error: unknown) => error);

    expect(refusal).toMatchObject({ name, code });
    expect(String(refusal)).not.toContain('token');
    if (status === 503) expect(refusal).toMatchObject({ retryAfterMs: 9_000 });
  });

  it('says that nobody listens, and that a name does not exist', async () => {
    await expect(enter('https://127.0.0.1:1/EWS', {})).rejects.toMatchObject({
      name: 'TransientError',
      code: 'SOURCE_UNREACHABLE',
    });
    await expect(enter('https://no-such-host.invalid/EWS', {})).rejects.toMatchObject({ code: 'SOURCE_UNREACHABLE' });
  });

  it('is tried step by step by a test of the endpoint', async () => {
    const { ca } = certificates.get('valid')!;
    const { ewsUrl } = await startSecure('valid');
    const probe = async (settings: object, mailbox?: object): Promise<readonly string[]> => {
      const endpoint = Endpoint.parse({
        name: 'e',
        type: 'imap',
        source: { kind: 'exchange', ewsUrl, login: { mode: 'user' }, ...settings },
        target: { kind: 'imap', host: '127.0.0.1', port: 1, security: 'none', login: { mode: 'user' } },
      });
      const source = mailbox === undefined ? undefined : { emailAddress: address, userName: address, ...mailbox };
      const checks = await endpointProbe(services).probe(endpoint, { source });
      return checks
        .filter(({ side }) => side === 'source')
        .map(({ check, result, code }) => `${check} ${result} ${code ?? ''}`.trim());
    };

    expect(await probe({ tls: { ca } }, { password: 'pw' })).toEqual([
      'reachable pass',
      'certificate pass',
      'sign-in pass',
      'capabilities pass',
      'mailbox pass',
    ]);
    expect(await probe({ tls: {} }, { password: 'pw' })).toEqual([
      'reachable pass',
      'certificate fail SOURCE_CERTIFICATE_INVALID',
      'sign-in cannot-check',
      'capabilities cannot-check',
      'mailbox cannot-check',
    ]);
    expect(await probe({ tls: { ca } }, { password: 'wrong' })).toContain('sign-in fail SOURCE_SIGN_IN_FAILED');
    expect(await probe({ tls: { ca }, ...admin('CONTOSO\\nobody') }, {})).toEqual([
      'reachable pass',
      'certificate pass',
      'sign-in pass',
      'capabilities pass',
      'mailbox fail SOURCE_NO_RIGHTS',
    ]);
    expect(await probe({ tls: { ca } })).toContain('sign-in cannot-check');
    expect(await probe({ tls: { ca }, ewsUrl: ewsUrl.replace('EWS', 'owa') }, { password: 'pw' })).toContain(
      'reachable fail SOURCE_NOT_EWS',
    );
  });
});
