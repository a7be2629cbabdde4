import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer as createTlsServer } from 'node:tls';
import { systemClock } from '../../../shared/adapters/local/system-clock.ts';
import { endpointProbe, mailSource } from '../../../shared/adapters/mail-servers.ts';
import { Endpoint } from '../../../shared/domain/endpoint.ts';
import { parseEndpoint } from '../../../shared/domain/parse-endpoint.ts';
import { PracticeMailbox } from '../../../simulator/exchange/practice-mailbox.ts';
import { WebdavSimulator, type WebdavOptions } from '../../../simulator/exchange-2003/webdav-simulator.ts';
import { MemoryObjectStore } from '../../support/builders/memory-object-store.ts';
import { writeCertificates } from '../../support/dovecot/certificates.ts';

const address = 'anna@contoso.test';
const services = { secrets: () => Promise.resolve('admin-pw'), clock: systemClock };
const accounts: WebdavOptions['accounts'] = [
  { name: address, password: 'pä§§', opens: [address] },
  { name: 'CONTOSO\\anna', password: 'pä§§', opens: [address] },
  { name: 'CONTOSO\\migadmin', password: 'admin-pw', opens: '*' },
  { name: 'CONTOSO\\nobody', password: 'admin-pw', opens: [] },
];
const admin = (user: string) => ({ login: { mode: 'admin', user, secret: 'env:ADMIN' } });

function endpoint(webdavUrl: string, settings: object): Endpoint {
  return Endpoint.parse({
    name: 'e',
    type: 'imap',
    source: { kind: 'exchange', webdavUrl, login: { mode: 'user' }, ...settings },
    target: { kind: 'imap', host: '127.0.0.1', port: 1, security: 'none', login: { mode: 'user' } },
  });
}

describe('Signing in at Exchange 2003', () => {
  let open: { stop(): Promise<void> }[] = [];
  let folder: string;
  let tls: { readonly key: string; readonly cert: string };
  let ca: string;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'webdav-'));
    ca = readFileSync(writeCertificates(folder, 'valid'), 'utf8');
    tls = { key: readFileSync(join(folder, 'key.pem'), 'utf8'), cert: readFileSync(join(folder, 'cert.pem'), 'utf8') };
  });

  afterEach(async () => {
    await Promise.all(open.map((server) => server.stop()));
    open = [];
  });

  afterAll(() => rmSync(folder, { recursive: true }));

  async function start(options: Partial<WebdavOptions> = {}): Promise<WebdavSimulator> {
    const simulator = await WebdavSimulator.start({ mailboxes: [new PracticeMailbox(address)], accounts, ...options });
    open.push(simulator);
    return simulator;
  }

  async function startWeb(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<string> {
    const server = createServer((request, response) => {
      request.resume();
      answer(request, response);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    open.push({
      stop: () =>
        new Promise((resolve) => {
          server.closeAllConnections();
          server.close(() => resolve());
        }),
    });
    return `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
  }

  const opened = (webdavUrl: string, settings: object, mailbox: object = {}) =>
    mailSource(endpoint(webdavUrl, settings), { ...services, objects: new MemoryObjectStore() }).open(
      { emailAddress: address, userName: address, password: 'pä§§', ...mailbox },
      new AbortController().signal,
    );

  async function enter(webdavUrl: string, settings: object, mailbox: object = {}): Promise<string> {
    const source = await opened(webdavUrl, settings, mailbox);
    const { folders } = await source.listFolders();
    await source.close();
    return `${String(folders.length)} folders, ${source.description}`;
  }

  it.each([
    ['Basic', { auth: 'basic' }, {}],
    ['NTLM', { auth: 'ntlm' }, {}],
    ['NTLM with a Windows name', { auth: 'ntlm' }, { userName: 'CONTOSO\\anna' }],
    ['NTLM with Full Access', { auth: 'ntlm', ...admin('CONTOSO\\migadmin') }, {}],
    ['Basic with Full Access', { auth: 'basic', ...admin('CONTOSO\\migadmin') }, {}],
  ])('succeeds by %s', async (_, settings, mailbox) => {
    const { webdavUrl } = await start();

    await expect(enter(webdavUrl, settings, mailbox)).resolves.toMatch(
      /^6 folders, Exchange 6\.5\.7638 at 127\.0\.0\.1:\d+ \(WebDAV\)$/,
    );
  });

  it.each([
    ['the user', {}],
    ['Full Access', admin('CONTOSO\\migadmin')],
  ])(
    'succeeds by the form of Outlook Web Access, with %s, and signs in again when the session ends',
    async (_, login) => {
      const simulator = await start({ auth: ['forms'] });
      const source = await opened(simulator.webdavUrl, { auth: 'forms', ...login });

      expect((await source.listFolders()).folders).toHaveLength(6);
      simulator.signIn.endSessions();
      expect((await source.listFolders()).folders).toHaveLength(6);
      await source.close();

      expect(simulator.calls.get('logon')).toBe(2);
    },
  );

  it.each([['basic'], ['ntlm'], ['forms']] as const)('is refused once with a wrong password, by %s', async (auth) => {
    const simulator = await start(auth === 'forms' ? { auth: ['forms'] } : {});

    const refusal: unknown = await enter(simulator.webdavUrl, { auth }, { password: 'Wr0ng!' }).catch(
      (error: unknown) => error,
    );

    expect(refusal).toMatchObject({ name: 'MailboxBlockedError', code: 'SOURCE_SIGN_IN_FAILED' });
    expect(String(refusal)).not.toContain('Wr0ng!');
    // Three wrong passwords lock an account.
    if (auth === 'forms') expect(simulator.calls.get('logon')).toBe(1);
  });

  it.each([['basic'], ['ntlm'], ['forms']] as const)('says that the rights are missing, by %s', async (auth) => {
    const { webdavUrl } = await start(auth === 'forms' ? { auth: ['forms'] } : {});

    await expect(enter(webdavUrl, { auth, ...admin('CONTOSO\\nobody') })).rejects.toMatchObject({
      name: 'MailboxBlockedError',
      code: 'SOURCE_NO_RIGHTS',
    });
  });

  it('finds a mailbox by the alias that the row names, and by no alias that it does not', async () => {
    const other = new PracticeMailbox('anna@fabrikam.test');
    const mailboxes = [new PracticeMailbox(address), other];
    const { webdavUrl } = await start({ mailboxes, mailboxNames: (mailbox) => [mailbox === other ? 'anna' : 'anna2'] });
    const login = admin('CONTOSO\\migadmin');

    await expect(enter(webdavUrl, login, { userName: 'CONTOSO\\anna2' })).resolves.toContain('6 folders');
    await expect(enter(webdavUrl, login)).rejects.toMatchObject({
      name: 'MailboxBlockedError',
      code: 'SOURCE_MAILBOX_NOT_FOUND',
    });
  });

  it.each([
    [{ auth: ['forms'] as const }, { auth: 'ntlm' }, 'set source.auth to forms'],
    [{ auth: ['Basic'] as const }, { auth: 'ntlm' }, 'the server offers basic, and source.auth is ntlm'],
    [{ auth: ['Basic'] as const }, { auth: 'forms' }, 'set source.auth to ntlm or basic'],
  ])('says which way to sign in the server wants', async (options, settings, words) => {
    const { webdavUrl } = await start(options);

    const refusal: unknown = await enter(webdavUrl, settings).catch((error: unknown) => error);

    expect(refusal).toMatchObject({ code: 'SOURCE_LOGIN_UNSUPPORTED' });
    expect(String(refusal)).toContain(words);
  });

  it('sends no credentials before the certificate is verified', async () => {
    const seen: string[] = [];
    const server = createTlsServer(tls, (socket) => {
      socket.on('data', (octets: Buffer) => seen.push(String(octets))).on('error', () => undefined);
    });
    server.on('tlsClientError', () => undefined);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    open.push({ stop: () => new Promise((resolve) => server.close(() => resolve())) });
    const url = `https://127.0.0.1:${String((server.address() as AddressInfo).port)}/exchange/`;

    for (const auth of ['basic', 'forms'])
      await expect(enter(url, { auth })).rejects.toMatchObject({
        name: 'ConfigurationError',
        code: 'SOURCE_CERTIFICATE_INVALID',
      });

    expect(seen).toEqual([]);
  });

  it('takes an administrator who has no mailbox, whatever is said of the place above', async () => {
    const simulator = await start();
    const login = admin('CONTOSO\\migadmin');
    for (const status of [403, 404]) {
      simulator.play({ method: 'PROPFIND', status });

      await expect(enter(simulator.webdavUrl, login)).resolves.toContain('6 folders');
    }
  });

  it('follows a redirect to a back-end at its own address, and not for ever', async () => {
    const simulator = await start({ auth: ['Basic'] });
    const elsewhere: string[] = [];
    const trap = await startWeb((request, response) => {
      elsewhere.push(request.headers.authorization ?? '');
      response.writeHead(404).end();
    });
    const redirect = (path: string) => ({ status: 302, headers: { Location: trap + path } });
    simulator.play({ method: 'PROPFIND', skip: 1, ...redirect(`/exchange/${address}/`) });

    await expect(enter(simulator.webdavUrl, { auth: 'basic' })).resolves.toContain('6 folders');
    simulator.play({ method: 'PROPFIND', times: 100, ...redirect('/exchange/') });
    await expect(enter(simulator.webdavUrl, { auth: 'basic' })).rejects.toMatchObject({
      name: 'ConfigurationError',
      code: 'SOURCE_NOT_WEBDAV',
    });

    expect(elsewhere).toEqual([]);
  });

  it.each([
    [404, {}, 'ConfigurationError', 'SOURCE_NOT_WEBDAV'],
    [501, {}, 'ConfigurationError', 'SOURCE_NOT_WEBDAV'],
    [200, { 'Content-Type': 'text/html' }, 'ConfigurationError', 'SOURCE_NOT_WEBDAV'],
    [503, { 'Retry-After': '9' }, 'TransientError', 'SOURCE_THROTTLED'],
    [503, {}, 'TransientError', 'SOURCE_UNAVAILABLE'],
    [502, {}, 'TransientError', 'SOURCE_UNAVAILABLE'],
  ])('says what HTTP %d means', async (status, headers, name, code) => {
    const origin = await startWeb((_, response) => response.writeHead(status, headers).end('<html>'));

    await expect(enter(`${origin}/exchange/`, { auth: 'basic' })).rejects.toMatchObject({ name, code });
  });

  it('is tried step by step by a test of the endpoint, which says that it is experimental', async () => {
    const { webdavUrl } = await start({ tls });
    const probe = async (settings: object, mailbox?: object): Promise<readonly string[]> => {
      const source = mailbox === undefined ? undefined : { emailAddress: address, userName: address, ...mailbox };
      const checks = await endpointProbe(services).probe(endpoint(webdavUrl, settings), { source });
      return checks
        .filter(({ side }) => side === 'source')
        .map(({ check, result, code, fix }) =>
          [check, result, code ?? '', /experimental/.exec(fix)?.[0] ?? ''].join(' ').trim(),
        );
    };

    expect(await probe({ tls: { ca } }, { password: 'pä§§' })).toEqual([
      'reachable pass',
      'certificate pass',
      'sign-in pass',
      'capabilities warn  experimental',
      'mailbox pass',
    ]);
    expect(await probe({ tls: {} }, { password: 'pä§§' })).toContain('certificate fail SOURCE_CERTIFICATE_INVALID');
    expect(await probe({ tls: { ca } }, { password: 'wrong' })).toContain('sign-in fail SOURCE_SIGN_IN_FAILED');
    expect(await probe({ tls: { ca }, ...admin('CONTOSO\\nobody') }, {})).toContain('mailbox fail SOURCE_NO_RIGHTS');
    expect(await probe({ tls: { ca } })).toContain('sign-in cannot-check');
    const elsewhere = { webdavUrl: webdavUrl.replace('exchange', 'owa'), tls: { ca }, auth: 'basic' };
    expect(await probe(elsewhere, { password: 'pä§§' })).toContain('reachable fail SOURCE_NOT_WEBDAV');
  });

  it.each([
    [{ ewsUrl: 'https://mail.contoso.test/EWS/Exchange.asmx' }, 'source.ewsUrl'],
    [{ access: 'impersonation' }, 'source.access'],
    [{ webdavUrl: 'ftp://mail.contoso.test/' }, 'source.webdavUrl'],
    [{ webdavUrl: undefined, ewsUrl: 'https://mail.contoso.test/EWS', auth: 'forms' }, 'source.auth'],
  ])('needs settings that go together', (settings, setting) => {
    const file = {
      name: 'e',
      type: 'imap',
      source: {
        kind: 'exchange',
        webdavUrl: 'https://mail.contoso.test/exchange/',
        login: { mode: 'user' },
        ...settings,
      },
      target: { kind: 'imap', host: 'x', login: { mode: 'user' } },
    };

    expect(parseEndpoint(file)).toMatchObject({ outcome: 'invalid', problems: [{ setting }] });
  });
});
