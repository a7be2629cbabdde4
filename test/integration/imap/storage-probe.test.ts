import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import { endpointProbe } from '../../../shared/adapters/mail-servers.ts';
import { imapMailTarget } from '../../../shared/adapters/imap/imap-mail-target.ts';
import { testFolder } from '../../../shared/adapters/imap/imap-storage-probe.ts';
import { systemClock } from '../../../shared/adapters/local/system-clock.ts';
import { Endpoint, type Keeps } from '../../../shared/domain/endpoint.ts';
import { imapTarget } from '../../support/imap-target.ts';
import { describeWithDovecot } from '../../support/dovecot/describe-with-dovecot.ts';
import { DovecotServer } from '../../support/dovecot/dovecot-server.ts';
import { PlainImapClient } from '../../support/mail/plain-imap-client.ts';
import { ScriptedImapServer } from '../../support/scripted-imap-server/scripted-imap-server.ts';
import { TcpFaultProxy } from '../../support/tcp-fault-proxy.ts';

const password = 'pw';
const user = 'alice@contoso.test';
const mailbox = { emailAddress: user, userName: user, password };
const services = { clock: systemClock, secrets: () => Promise.resolve('') };
const all: Keeps = { octets: true, size: true, dates: true, keywords: true };
const endpointAt = (port: number, keeps?: Keeps): Endpoint => {
  const server = { kind: 'imap', host: '127.0.0.1', port, security: 'none', login: { mode: 'user' } };
  return Endpoint.parse({ name: 'e', type: 'imap', source: server, target: { ...server, keeps } });
};

describeWithDovecot('Finding out what a target keeps', () => {
  let dovecot: DovecotServer;
  let poor: DovecotServer;
  let prefixed: DovecotServer;
  const others: { stop(): Promise<unknown> }[] = [];

  beforeAll(async () => {
    const users = { [user]: password };
    dovecot = await DovecotServer.start({ users });
    poor = await DovecotServer.start({ users, capability: 'IMAP4rev1' });
    prefixed = await DovecotServer.start({ users, prefix: 'INBOX.', separator: '.' });
  });

  afterEach(async () => {
    await Promise.all(others.splice(0).map((server) => server.stop()));
  });

  afterAll(async () => {
    await Promise.all([dovecot.stop(), poor.stop(), prefixed.stop()]);
  });

  const probe = (port: number) => endpointProbe(services).probeStorage(endpointAt(port), mailbox);
  const foldersOf = async (server: DovecotServer): Promise<string[]> => {
    const client = await PlainImapClient.connect(server.imapPort);
    await client.login(user, password);
    const lists = [await client.command('LIST "" *'), await client.command('LSUB "" *')];
    client.close();
    return lists
      .flatMap(({ untagged }) => untagged.map(({ line }) => line))
      .filter((line) => line.includes('Stagecoach'));
  };
  const asUser = async (work: (client: PlainImapClient) => Promise<unknown>): Promise<void> => {
    const client = await PlainImapClient.connect(dovecot.imapPort);
    await client.login(user, password);
    await work(client);
    client.close();
  };

  it.each([
    ['a rich server', () => dovecot],
    ['a server with IMAP4rev1 alone', () => poor],
    ['a server with a prefix', () => prefixed],
  ])('writes to %s, reads back and leaves nothing behind, as often as it is asked', async (_, server) => {
    const first = await probe(server().imapPort);
    const second = await probe(server().imapPort);

    expect([first, second]).toMatchObject([
      { keeps: all, check: { side: 'target', check: 'storage', result: 'pass' } },
      { keeps: all, check: { result: 'pass' } },
    ]);
    expect(await foldersOf(server())).toEqual([]);
  });

  it('is tried again where the connection was lost, and leaves nothing behind', async () => {
    const proxy = await TcpFaultProxy.start(dovecot.imapPort);
    others.push(proxy);
    proxy.cut({ direction: 'to-client', onText: 'OK [APPENDUID' });

    expect(await probe(proxy.port)).toMatchObject({ keeps: all });
    expect(proxy.counters().cuts).toBe(1);
    expect(await foldersOf(dovecot)).toEqual([]);
  });

  it('removes what a probe whose every connection was lost left behind', async () => {
    const proxy = await TcpFaultProxy.start(dovecot.imapPort);
    others.push(proxy);
    for (let cuts = 0; cuts < 3; cuts += 1) proxy.cut({ direction: 'to-client', onText: 'OK [APPENDUID' });

    const broken = await probe(proxy.port);
    const left = await foldersOf(dovecot);
    const next = await probe(proxy.port);

    expect(broken).toMatchObject({
      keeps: undefined,
      check: { result: 'cannot-check', code: 'TARGET_CONNECTION_LOST' },
    });
    expect(left).not.toEqual([]);
    expect(next).toMatchObject({ keeps: all });
    expect(await foldersOf(dovecot)).toEqual([]);
  });

  it("leaves a user's folder of the same name alone", async () => {
    await asUser(async (client) => {
      await client.command(`CREATE "${testFolder}"`);
      await client.append(testFolder, Buffer.from('Subject: mine\r\n\r\nx\r\n'), {
        flags: [],
        internalDate: new Date(),
      });
    });

    const found = await probe(dovecot.imapPort);
    const status: string[] = [];
    await asUser(async (client) => {
      const { untagged } = await client.command(`STATUS "${testFolder}" (MESSAGES)`);
      status.push(...untagged.map(({ line }) => line));
      await client.command(`DELETE "${testFolder}"`);
    });

    expect(found).toMatchObject({ keeps: undefined, check: { result: 'cannot-check' } });
    expect(status[0]).toContain('MESSAGES 1');
  });

  it('says why where it may not write', async () => {
    const server = await DovecotServer.start({ users: { [user]: password }, readonly: true });
    others.push(server);

    expect(await probe(server.imapPort)).toMatchObject({ keeps: undefined, check: { result: 'cannot-check' } });
  });

  it('notices a server that alters octets and dates, and the mailbox is then compared by fingerprint', async () => {
    const server = await ScriptedImapServer.start({ users: { [user]: password } });
    others.push(server);
    const alter = (): void => {
      const folder = server.account(user).mailbox(testFolder);
      if (folder === undefined) return;
      folder.messages = folder.messages.map((message) => ({
        ...message,
        octets: Buffer.concat([Buffer.from('X-Scanned: yes\r\n'), message.octets]),
        internalDate: '20-Nov-2026 21:00:00 +0000',
        flags: new Set<string>(),
      }));
    };
    server.plan.when((event) => event.kind === 'reply' && event.name === 'APPEND', { do: 'call', action: alter }, 9);

    const { keeps, check } = await probe(server.port);
    const signal = new AbortController().signal;
    const target = imapTarget(endpointAt(server.port, keeps));
    const opened = await imapMailTarget(target, services).open(mailbox, signal);
    await opened.close();

    expect(keeps).toEqual({ octets: false, size: false, dates: false, keywords: false });
    expect(check).toMatchObject({ result: 'warn' });
    expect(opened.profile).toMatchObject({ sameness: 'fingerprint', dates: false, keywords: false });
    expect(server.account(user).mailbox(testFolder)).toBeUndefined();
  });
});
