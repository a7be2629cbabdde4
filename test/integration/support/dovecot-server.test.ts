import { afterEach, expect, it } from '@jest/globals';
import { existsSync } from 'node:fs';
import { ImapFlow } from 'imapflow';
import { describeWithDovecot } from '../../support/dovecot/describe-with-dovecot.ts';
import type { DovecotOptions } from '../../support/dovecot/dovecot-options.ts';
import { DovecotServer } from '../../support/dovecot/dovecot-server.ts';

const USER = 'alice@contoso.test';
const PASSWORD = 'p:w"ü$ x';

describeWithDovecot('A private Dovecot', () => {
  let server: DovecotServer | undefined;
  afterEach(async () => {
    await server?.stop();
    server = undefined;
  });

  async function start(options: Omit<DovecotOptions, 'users'> = {}): Promise<DovecotServer> {
    server = await DovecotServer.start({ users: { [USER]: PASSWORD }, ...options });
    return server;
  }

  async function signIn(auth: { user?: string; pass?: string; accessToken?: string } = { pass: PASSWORD }) {
    const client = new ImapFlow({
      host: '127.0.0.1',
      port: server!.imapPort,
      secure: false,
      doSTARTTLS: false,
      auth: { user: USER, ...auth },
      logger: false,
    });
    await client.connect();
    return client;
  }

  it('is gone, folder and all, after stop', async () => {
    const one = await start();
    await one.stop();
    expect(existsSync(one.folder)).toBe(false);
    await expect(signIn()).rejects.toThrow();
  });

  it('refuses a wrong password and opens with a right one', async () => {
    await start();
    await expect(signIn({ pass: 'wrong' })).rejects.toMatchObject({ authenticationFailed: true });
    await (await signIn()).logout();
  });

  it('lets a master user act as any user', async () => {
    await start({ masters: { mailadmin: 'masterpw' } });
    await (await signIn({ user: `${USER}*mailadmin`, pass: 'masterpw' })).logout();
    await expect(signIn({ user: `${USER}*mailadmin`, pass: PASSWORD })).rejects.toThrow();
  });

  it('accepts a bearer token only for the users it belongs to', async () => {
    await start({ tokens: { 'for:all': '*', 'for.bob': ['bob@contoso.test'] } });
    await (await signIn({ accessToken: 'for:all' })).logout();
    await expect(signIn({ accessToken: 'for.bob' })).rejects.toThrow();
    await expect(signIn({ accessToken: PASSWORD })).rejects.toThrow();
    await expect(signIn({ pass: 'for:all' })).rejects.toThrow();
  });

  it('counts the connections that are open at the server', async () => {
    const one = await start();
    const clients = [await signIn(), await signIn()];
    expect(await one.connectionsByUser()).toEqual(new Map([[USER, 2]]));
    expect(await one.pids(USER)).toHaveLength(2);
    for (const client of clients) await client.logout();
  });

  it('stops answering while paused and goes on afterwards', async () => {
    const one = await start();
    const client = await signIn();
    await one.pause(USER);
    let answered = false;
    const noop = client.noop().then(() => (answered = true));
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(answered).toBe(false);
    await one.resume(USER);
    await noop;
    expect(answered).toBe(true);
    await client.logout();
  });

  it('keeps its mail and ports over a crash and a restart', async () => {
    const one = await start();
    const before = await signIn();
    before.on('error', () => undefined);
    await before.append('INBOX', 'Subject: kept\r\n\r\nbody\r\n');
    await one.kill();
    await expect(signIn()).rejects.toThrow();
    await one.restart();
    const after = await signIn();
    expect(await after.status('INBOX', { messages: true })).toMatchObject({ messages: 1 });
    await after.logout();
  });

  it('plays a poor, a full, a strict and a read-only server', async () => {
    await start({ capability: 'IMAP4rev1 NAMESPACE' });
    const poor = await signIn();
    expect([...poor.capabilities.keys()]).toEqual(['IMAP4rev1', 'NAMESPACE']);
    await poor.logout();
    await server?.stop();
    for (const [options, code] of [
      [{ quota: '1M' }, 'OVERQUOTA'],
      [{ maxMailSize: '1M' }, 'LIMIT'],
      [{ readonly: true }, 'NOPERM'],
    ] as const) {
      await start(options);
      const client = await signIn();
      const append = client.append('INBOX', Buffer.alloc(2 << 20, 'x\r\n'));
      await expect(append).rejects.toMatchObject({ serverResponseCode: code });
      await client.logout();
      await server?.stop();
    }
  });

  it('puts folders below INBOX with dots where Courier would', async () => {
    await start({ prefix: 'INBOX.', separator: '.' });
    const client = await signIn();
    expect((await client.list()).map(({ path }) => path)).toContain('INBOX.Sent');
    await client.logout();
  });
});
