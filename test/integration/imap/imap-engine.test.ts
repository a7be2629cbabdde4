import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { AppendWriter } from '../../../shared/adapters/imap/protocol/append-writer.ts';
import { createMailbox } from '../../../shared/adapters/imap/protocol/change-mailboxes.ts';
import { copyMessages, expungeUids, storeFlags } from '../../../shared/adapters/imap/protocol/change-messages.ts';
import { fetchBodies } from '../../../shared/adapters/imap/protocol/fetch-bodies.ts';
import {
  fetchFlags,
  fetchListing,
  type ListedMessage,
  searchUids,
} from '../../../shared/adapters/imap/protocol/fetch-listing.ts';
import { ImapConnection, type ImapConnectionSettings } from '../../../shared/adapters/imap/protocol/imap-connection.ts';
import { listMailboxes } from '../../../shared/adapters/imap/protocol/mailbox-listing.ts';
import { mailboxStatus, openMailbox } from '../../../shared/adapters/imap/protocol/mailbox-status.ts';
import { type ImapCredentials, signIn } from '../../../shared/adapters/imap/protocol/sign-in.ts';
import { describeWithDovecot } from '../../support/dovecot/describe-with-dovecot.ts';
import { DovecotServer } from '../../support/dovecot/dovecot-server.ts';
import { realClock } from '../../unit/imap/support/clocks.ts';

const alice = 'alice@contoso.test';
const password = 'a"l\\ice wörd';
const date = '17-Jul-2020 02:44:25 -0700';

describeWithDovecot('the IMAP engine against Dovecot', () => {
  let server: DovecotServer;
  const open: ImapConnection[] = [];

  beforeAll(async () => {
    server = await DovecotServer.start({
      users: { [alice]: password, 'bob@contoso.test': 'pw', 'carol@contoso.test': 'pw' },
      masters: { mailadmin: 'masterpw' },
      tokens: { 'good-token': [alice] },
      mailPlugins: ['zlib'],
      extraConfig: 'protocol imap {\n  mail_plugins = $mail_plugins imap_zlib\n}\n',
    });
  });
  afterAll(async () => {
    await Promise.all(open.map((connection) => connection.close()));
    await server.stop();
  });

  async function connect(settings: Partial<ImapConnectionSettings> = {}): Promise<ImapConnection> {
    const connection = await ImapConnection.open({
      role: 'source',
      host: '127.0.0.1',
      port: settings.security === 'tls' ? server.imapsPort : server.imapPort,
      security: 'none',
      tls: { ca: readFileSync(server.caFile, 'utf8') },
      clock: realClock,
      ...settings,
    });
    open.push(connection);
    return connection;
  }

  async function signedIn(user: string): Promise<ImapConnection> {
    const connection = await connect();
    await signIn(connection, { kind: 'password', user, password: user === alice ? password : 'pw' });
    return connection;
  }

  const logins: [string, ImapCredentials][] = [
    ['a password that needs a literal', { kind: 'password', user: alice, password }],
    ['a master user in the login name', { kind: 'password', user: `${alice}*mailadmin`, password: 'masterpw' }],
    ['an authorization identity', { kind: 'authzid', user: alice, admin: 'mailadmin', password: 'masterpw' }],
    ['XOAUTH2', { kind: 'oauth', user: alice, token: 'good-token', mechanism: 'xoauth2' }],
    ['OAUTHBEARER', { kind: 'oauth', user: alice, token: 'good-token', mechanism: 'oauthbearer' }],
  ];

  it.each(logins)('signs in with %s', async (_, credentials) => {
    const connection = await connect();

    await signIn(connection, credentials);

    expect(connection.capabilities.has('MULTIAPPEND')).toBe(true);
  });

  it.each(['xoauth2', 'oauthbearer'] as const)('is told by %s that a token is no good', async (mechanism) => {
    const connection = await connect();

    const signingIn = signIn(connection, { kind: 'oauth', user: alice, token: 'bad-token', mechanism });

    await expect(signingIn).rejects.toMatchObject({ reply: { status: 'NO' } });
  });

  it.each(['tls', 'starttls'] as const)(
    'secures the connection by %s and verifies the certificate',
    async (security) => {
      const connection = await connect({ security });
      await signIn(connection, { kind: 'password', user: alice, password });

      expect(connection.tls).toMatchObject({ version: 'TLSv1.3', subject: 'localhost' });
      await expect(connect({ security, tls: {} })).rejects.toMatchObject({
        phase: 'tls',
        reason: expect.stringMatching(/CERT|VERIFY/),
      });
      await expect(
        connect({ security, tls: { ca: readFileSync(server.caFile, 'utf8'), serverName: 'x.test' } }),
      ).rejects.toMatchObject({ phase: 'tls', reason: 'ERR_TLS_CERT_ALTNAME_INVALID' });
    },
  );

  it('says when a port does not speak TLS', async () => {
    await expect(connect({ security: 'tls', port: server.imapPort })).rejects.toMatchObject({
      phase: 'tls',
      reason: expect.stringContaining('WRONG_VERSION'),
    });
  });

  it('speaks TLS 1.0 with an old server, but only when told to', async () => {
    const old = await DovecotServer.start({ users: { [alice]: 'pw' }, minTls: 'TLSv1', maxTls: 'TLSv1' });
    try {
      const ca = readFileSync(old.caFile, 'utf8');
      const refused = connect({ security: 'tls', port: old.imapsPort, tls: { ca } });
      await expect(refused).rejects.toMatchObject({ phase: 'tls' });
      const connection = await connect({
        security: 'tls',
        port: old.imapsPort,
        tls: { ca, minVersion: 'TLSv1' },
      });
      expect(connection.tls?.version).toBe('TLSv1');
      connection.destroy();
    } finally {
      await old.stop();
    }
  });

  it('writes, lists, reads, flags, moves and removes messages', async () => {
    const connection = await signedIn('bob@contoso.test');
    expect(await createMailbox(connection, 'Gr&APYA3w-e')).toBe('created');
    expect(await createMailbox(connection, 'Gr&APYA3w-e')).toBe('exists');

    const bodies = [
      'Subject: one\r\n\r\nfirst\r\n',
      'Subject: two\r\n\r\n',
      `Subject: 3\r\n\r\n${'x'.repeat(300_000)}\r\n`,
    ];
    const writer = await AppendWriter.begin(connection, 'Gr&APYA3w-e');
    for (const body of bodies) {
      await writer.message({ flags: ['\\Seen', '$Label1'], internalDate: date, size: body.length });
      await writer.write(Buffer.from(body));
      writer.endMessage();
    }
    const [appended] = await writer.finish();
    expect(appended).toMatchObject({ messages: 3, reply: { status: 'OK' }, uids: [1, 2, 3] });

    await openMailbox(connection, { name: 'Gr&APYA3w-e', mode: 'SELECT' });
    const listed: ListedMessage[] = [];
    await fetchListing(connection, '1:*', (message) => void listed.push(message));
    expect(listed.map(({ uid, size, flags }) => [uid, size, [...flags].sort()])).toEqual(
      bodies.map((body, index) => [index + 1, body.length, ['$Label1', '\\Seen']]),
    );

    const read: string[] = [];
    let current: Buffer[] = [];
    await fetchBodies(
      connection,
      { set: '1:3', section: '' },
      {
        begin: () => void (current = []),
        chunk: (octets) => void current.push(Buffer.from(octets)),
        end: () => void read.push(Buffer.concat(current).toString()),
      },
    );
    expect(read).toEqual(bodies);

    const { highestModSeq, uidValidity } = await mailboxStatus(connection, 'Gr&APYA3w-e');
    expect(uidValidity).toBe(appended?.uidValidity);
    await storeFlags(connection, { set: '2', operation: '+', flags: ['\\Flagged'] });
    const changed = await fetchFlags(connection, { set: '1:3', changedSince: highestModSeq });
    expect(changed.flags.map(({ uid }) => uid)).toEqual([2]);

    const [moved] = await copyMessages(connection, { command: 'MOVE', uids: [1], set: '1', to: 'INBOX' });
    expect(moved).toEqual({ from: 1, to: 1 });
    await storeFlags(connection, { set: '2', operation: '+', flags: ['\\Deleted'] });
    await expungeUids(connection, '2');
    expect(await searchUids(connection, 'ALL')).toEqual([3]);
    expect((await listMailboxes(connection)).map(({ name }) => name).sort()).toContain('Gr&APYA3w-e');
  });

  it('keeps pages apart that are read behind each other, and memory flat with a message of 150 MB', async () => {
    const connection = await signedIn('carol@contoso.test');
    const big = 150 * 1024 * 1024;
    const piece = Buffer.alloc(1024 * 1024, 'abcdefghi\r\n');
    const writer = await AppendWriter.begin(connection, 'INBOX');
    for (let number = 0; number < 300; number += 1) {
      const body = `Subject: ${number}\r\n\r\n`;
      await writer.message({ flags: [], internalDate: date, size: body.length });
      await writer.write(Buffer.from(body));
      writer.endMessage();
    }
    await writer.message({ flags: [], internalDate: date, size: big });
    for (let written = 0; written < big; written += piece.length) await writer.write(piece);
    writer.endMessage();
    await writer.finish();

    const uids: number[] = [];
    let octets = 0;
    let peak = 0;
    const hash = createHash('sha256');
    const sink = {
      begin: ({ uid }: { uid: number }) => void uids.push(uid),
      chunk: (part: Buffer) => {
        octets += part.length;
        hash.update(part);
        peak = Math.max(peak, process.memoryUsage().arrayBuffers + process.memoryUsage().external);
        return octets % 7 === 0 ? new Promise<void>((resolve) => setImmediate(resolve)) : undefined;
      },
      end: () => undefined,
    };
    const before = process.memoryUsage().arrayBuffers + process.memoryUsage().external;
    await openMailbox(connection, { name: 'INBOX', mode: 'EXAMINE' });
    await Promise.all(
      ['1:100', '101:200', '201:300', '301'].map((set) => fetchBodies(connection, { set, section: '' }, sink)),
    );

    expect(uids).toEqual(Array.from({ length: 301 }, (_, index) => index + 1));
    expect(octets).toBeGreaterThan(big);
    expect(peak - before).toBeLessThan(30 * 1024 * 1024);
  });

  it('compresses the connection where asked to', async () => {
    const connection = await signedIn(alice);
    expect(connection.capabilities.has('COMPRESS=DEFLATE')).toBe(true);
    await connection.compress();
    const body = `Subject: x\r\n\r\n${'compressible '.repeat(200_000)}\r\n`;

    const writer = await AppendWriter.begin(connection, 'INBOX');
    await writer.message({ flags: [], internalDate: date, size: body.length });
    await writer.write(Buffer.from(body));
    writer.endMessage();
    await writer.finish();
    await openMailbox(connection, { name: 'INBOX', mode: 'EXAMINE' });
    const parts: Buffer[] = [];
    await fetchBodies(
      connection,
      { set: '1', section: '' },
      {
        begin: () => undefined,
        chunk: (octets) => {
          parts.push(Buffer.from(octets));
          return Promise.resolve();
        },
        end: () => undefined,
      },
    );

    expect(Buffer.concat(parts).toString()).toBe(body);
  });
});
