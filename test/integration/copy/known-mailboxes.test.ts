import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import { Endpoint } from '../../../shared/domain/endpoint.ts';
import type { MailboxJob } from '../../../shared/domain/mailbox-job.ts';
import { CopyHarness } from '../../support/copy/copy-harness.ts';
import { describeWithDovecot } from '../../support/dovecot/describe-with-dovecot.ts';
import { DovecotServer } from '../../support/dovecot/dovecot-server.ts';
import { diffMailboxes } from '../../support/mail/diff-mailboxes.ts';
import { imapTarget } from '../../support/imap-target.ts';
import { generateMailbox } from '../../support/mail/generate-mailbox.ts';
import { PlainImapClient } from '../../support/mail/plain-imap-client.ts';
import { seedMailbox } from '../../support/mail/seed-mailbox.ts';
import { snapshotDovecot } from '../../support/mail/snapshot-mailbox.ts';
import { ScriptedImapServer } from '../../support/scripted-imap-server/scripted-imap-server.ts';
import { TcpFaultProxy } from '../../support/tcp-fault-proxy.ts';

const password = 'pw';
const names = Array.from({ length: 16 }, (_, at) => `user${String(at)}@contoso.test`);
const users = Object.fromEntries(names.map((name) => [name, password]));

/** Received at one moment, as a message to two people or stored twice is. */
const received = { flags: [], internalDate: new Date('2026-03-04T05:06:07Z') };
const message = (id: string, body: string): Buffer =>
  Buffer.from(
    `Message-ID: <${id}@contoso.test>\r\nDate: Wed, 4 Mar 2026 05:06:07 +0000\r\nFrom: a@contoso.test\r\nSubject: ${id}\r\n\r\n${body}\r\n`,
  );

describeWithDovecot('A mailbox that was copied before', () => {
  let source: DovecotServer;
  let target: DovecotServer;
  const proxies: { stop(): Promise<unknown> }[] = [];
  const harnesses: CopyHarness[] = [];

  beforeAll(async () => {
    source = await DovecotServer.start({ users, fsync: 'never' });
    target = await DovecotServer.start({ users, fsync: 'never' });
  });

  afterEach(async () => {
    for (const harness of harnesses.splice(0)) harness.close();
    for (const proxy of proxies.splice(0)) await proxy.stop();
  });

  afterAll(async () => {
    await source.stop();
    await target.stop();
  });

  const open = async (mailbox: string, options = {}): Promise<CopyHarness> => {
    const harness = await CopyHarness.open({ source, target, mailbox, password, options });
    harnesses.push(harness);
    return harness;
  };
  const difference = async (user: string): Promise<string[]> =>
    diffMailboxes(await snapshotDovecot(source, user), await snapshotDovecot(target, user));

  /** Another port is another name: the product cannot know that the same server answers there. */
  const renameServers = async (harness: CopyHarness): Promise<void> => {
    const sides = [];
    for (const server of [source, target]) {
      const proxy = await TcpFaultProxy.start(server.imapPort);
      proxies.push(proxy);
      const login = { mode: 'user' };
      sides.push({ kind: 'imap', host: 'localhost', port: proxy.port, security: 'none', login });
    }
    const [from, to] = sides;
    const defaults = { settleAfter: 1 };
    await harness.store.putEndpoint(Endpoint.parse({ name: 'e', type: 'imap', source: from, target: to, defaults }));
  };
  const release = (harness: CopyHarness, job: MailboxJob): Promise<void> =>
    harness.store.release(`pair/${job.pairId ?? ''}`, 'b');
  const fill = async (server: DovecotServer, user: string, messages: readonly Buffer[]): Promise<void> => {
    const client = await PlainImapClient.connect(server.imapPort);
    await client.login(user, password);
    for (const octets of messages) await client.append('INBOX', octets, received);
    client.close();
  };
  const inbox = async (server: DovecotServer, user: string): Promise<number> =>
    (await snapshotDovecot(server, user)).get('INBOX')?.messages.length ?? 0;

  it('is the same pair under other names of its servers, and continues', async () => {
    const [user = ''] = names;
    seedMailbox(source, user, generateMailbox({ seed: 31, folders: 6, messages: 120, ugly: true }));
    const harness = await open(user);
    const first = await harness.run(user);
    await fill(source, user, [message('later', 'x')]);
    await renameServers(harness);
    await release(harness, first);
    await harness.addBatch('renamed', user, password);

    const job = await harness.run(user, 'renamed');

    expect(job).toMatchObject({ status: 'Synced', green: true, items: { copied: 121, total: 121 } });
    expect(job.pairId).toBe(first.pairId);
    expect(await difference(user)).toEqual([]);
  });

  it('is held by the batch that has it, whatever its servers are called', async () => {
    const [, user = ''] = names;
    seedMailbox(source, user, generateMailbox({ seed: 32, folders: 2, messages: 20 }));
    const harness = await open(user);
    await harness.run(user);
    await renameServers(harness);
    await harness.addBatch('other', user, password);

    const job = await harness.run(user, 'other');

    expect(job).toMatchObject({ status: 'Skipped', error: { code: 'MAILBOX_HELD_BY_OTHER_BATCH' } });
  });

  it('is another pair where another server answers under a new name', async () => {
    const [, , user = ''] = names;
    seedMailbox(source, user, generateMailbox({ seed: 33, folders: 2, messages: 20 }));
    const harness = await open(user);
    const first = await harness.run(user);
    const second = await DovecotServer.start({ users, fsync: 'never' });
    const endpoint = await harness.store.getEndpoint('e');
    if (endpoint === undefined) throw new Error('no endpoint');
    await harness.store.putEndpoint({ ...endpoint, target: { ...imapTarget(endpoint), port: second.imapPort } });
    await release(harness, first);
    await harness.addBatch('elsewhere', user, password);

    const job = await harness.run(user, 'elsewhere');
    const there = await snapshotDovecot(second, user);
    await second.stop();

    expect(job).toMatchObject({ status: 'Synced', error: null, green: true, items: { copied: 20, total: 20 } });
    expect(job.pairId).not.toBe(first.pairId);
    expect(diffMailboxes(await snapshotDovecot(source, user), there)).toEqual([]);
  });

  it('is another pair where the other server numbers its folders alike', async () => {
    const [, , , , , , , , , , , , user = ''] = names;
    const alike = async (): Promise<ScriptedImapServer> => {
      const server = await ScriptedImapServer.start({ users: { [user]: password } });
      proxies.push(server);
      return server;
    };
    const [from, to, other] = [await alike(), await alike(), await alike()];
    from.account(user).create('Letters');
    const letters = from.account(user).mailbox('Letters');
    for (const id of ['one', 'two'])
      letters?.add({ octets: message(id, 'x'), internalDate: '04-Mar-2026 05:06:07 +0000' });
    const harness = await CopyHarness.open({ source: from, target: to, mailbox: user, password });
    harnesses.push(harness);
    const first = await harness.run(user);
    const endpoint = await harness.store.getEndpoint('e');
    if (endpoint === undefined) throw new Error('no endpoint');
    await harness.store.putEndpoint({ ...endpoint, target: { ...imapTarget(endpoint), port: other.port } });
    await release(harness, first);
    await harness.addBatch('elsewhere', user, password);

    const job = await harness.run(user, 'elsewhere');

    expect(job).toMatchObject({ status: 'Synced', green: true, items: { copied: 2, total: 2 } });
    expect(job.pairId).not.toBe(first.pairId);
    expect(other.account(user).mailbox('Letters')?.messages).toHaveLength(2);
  });

  it('is another pair where another source numbers its folders alike, and has none of what is compared', async () => {
    const user = names.at(-2) ?? '';
    const scripted = async (): Promise<ScriptedImapServer> => {
      const server = await ScriptedImapServer.start({ users: { [user]: password } });
      proxies.push(server);
      return server;
    };
    const [from, other, to] = [await scripted(), await scripted(), await scripted()];
    const add = (server: ScriptedImapServer, of: string, count: number): void => {
      const letters = server.account(user).create('Letters');
      for (let at = 0; at < count; at += 1)
        letters.add({ octets: message(`${of} ${String(at)}`, 'x'), internalDate: '04-Mar-2026 05:06:07 +0000' });
    };
    add(from, 'from', 30);
    add(other, 'other', 60);
    other
      .account(user)
      .mailbox('Letters')
      ?.remove(new Set(Array.from({ length: 25 }, (_, at) => at + 6)));
    const harness = await CopyHarness.open({ source: from, target: to, mailbox: user, password });
    harnesses.push(harness);
    const first = await harness.run(user);
    const endpoint = await harness.store.getEndpoint('e');
    if (endpoint?.source.kind !== 'imap') throw new Error('no endpoint');
    await harness.store.putEndpoint({ ...endpoint, source: { ...endpoint.source, port: other.port } });
    await release(harness, first);
    await harness.addBatch('elsewhere', user, password);

    const job = await harness.run(user, 'elsewhere');

    expect(job).toMatchObject({ status: 'Synced', green: true, items: { copied: 35, total: 35 } });
    expect(to.account(user).mailbox('Letters')?.messages).toHaveLength(65);
  });

  it('is not copied again when the state was lost: what is there is recognised, and what changed is brought', async () => {
    const [, , , user = ''] = names;
    seedMailbox(source, user, generateMailbox({ seed: 34, folders: 8, messages: 150, ugly: true }));
    await (await open(user)).run(user);
    await fill(source, user, [message('after the loss', 'x')]);
    const client = await PlainImapClient.connect(source.imapPort);
    await client.login(user, password);
    await client.command('SELECT INBOX');
    await client.command('UID STORE 1:3 +FLAGS (\\Answered)');
    client.close();
    const anew = await open(user, { verify: 'full' });

    const job = await anew.run(user);
    await anew.beginPass('incremental');
    const next = await anew.run(user);

    expect(job).toMatchObject({ status: 'Synced', green: true, items: { copied: 151, total: 151 } });
    expect(next).toMatchObject({ status: 'Synced', green: true, items: { copied: 151, total: 151 } });
    expect(await difference(user)).toEqual([]);
  });

  it('keeps the flags that its user gave it at the target, where users may be at work', async () => {
    const [, , , , , , , , , , , , , user = ''] = names;
    await fill(source, user, [message('letter', 'x')]);
    await fill(target, user, [message('letter', 'x')]);
    const client = await PlainImapClient.connect(target.imapPort);
    await client.login(user, password);
    await client.command('SELECT INBOX');
    await client.command('UID STORE 1 FLAGS (\\Seen \\Flagged)');
    client.close();
    const harness = await open(user, { usersAtWork: true });

    const first = await harness.run(user);
    await harness.beginPass('incremental');
    const next = await harness.run(user);

    expect([first, next]).toMatchObject([
      { status: 'Synced', green: true, items: { copied: 1 } },
      { status: 'Synced', green: true, items: { copied: 1 } },
    ]);
    const flags = (await snapshotDovecot(target, user)).get('INBOX')?.messages.flatMap((item) => item.flags);
    expect(flags?.toSorted()).toEqual(['\\Flagged', '\\Seen']);
  });

  it('gets as many equal messages as the source has, no more and no less', async () => {
    const [, , , , user = ''] = names;
    const same = message('same', 'one body');
    await fill(source, user, [same, same, same, message('other', 'x')]);
    await fill(target, user, [same, message('a stranger', 'y')]);
    const harness = await open(user);

    const job = await harness.run(user);

    expect(job).toMatchObject({ status: 'Synced', green: true, items: { copied: 4, total: 4 } });
    expect(await inbox(target, user)).toBe(5);
  });

  it('leaves a doubt where a message of the same name has other octets, and copies it neither twice nor silently', async () => {
    const [, , , , , user = ''] = names;
    await fill(source, user, [message('letter', 'the whole text')]);
    await fill(target, user, [message('letter', 'half the te')]);
    const harness = await open(user);

    const job = await harness.run(user);

    expect(job).toMatchObject({ green: false, items: { copied: 0, doubtful: 1, total: 1 } });
    expect(job.error).toMatchObject({ code: 'DOUBTFUL_ITEM' });
    expect(await inbox(target, user)).toBe(1);
  });

  it('leaves what is there to the message that it is, however far behind its other version', async () => {
    const user = names.at(-1) ?? '';
    const [first, second] = [message('letter', 'version one'), message('letter', 'version two')];
    const between = Array.from({ length: 210 }, (_, at) => message(String(at), 'x'));
    await fill(source, user, [first, ...between, second]);
    await fill(target, user, [first]);
    const harness = await open(user);

    const job = await harness.run(user);

    expect(job).toMatchObject({ status: 'Synced', green: true, items: { copied: 212, total: 212 } });
    expect(await difference(user)).toEqual([]);
  });

  it('keeps what two sources brought into one target apart: each item of each is there once', async () => {
    const [, , , , , , ann = '', bob = '', shared = ''] = names;
    const circular = message('circular', 'to everybody');
    await fill(source, ann, [circular]);
    await fill(source, bob, [circular, message('for bob', 'x')]);
    const harness = await open(ann);
    await harness.addBatch('second', bob, password);
    for (const [batch, user] of [
      ['b', ann],
      ['second', bob],
    ] as const) {
      const job = await harness.store.getJob(batch, user);
      if (job === undefined) throw new Error('no job');
      await harness.store.saveJob({ ...job, targetUserName: shared });
    }

    await harness.run(ann);
    const job = await harness.run(bob, 'second');

    expect(job).toMatchObject({ status: 'Synced', items: { copied: 2, total: 2 } });
    expect(await inbox(target, shared)).toBe(3);
  });

  it('is not doubled where source and target are one mailbox', async () => {
    const [, , , , , , , , , user = ''] = names;
    seedMailbox(source, user, generateMailbox({ seed: 35, folders: 3, messages: 30 }));
    const before = await snapshotDovecot(source, user);
    const harness = await CopyHarness.open({ source, target: source, mailbox: user, password });
    harnesses.push(harness);

    const job = await harness.run(user);

    expect(job).toMatchObject({ status: 'Synced', items: { copied: 30, total: 30 } });
    expect(diffMailboxes(before, await snapshotDovecot(source, user))).toEqual([]);
  });

  it('doubles nothing on a server that dates messages itself, once that is known of it', async () => {
    const [, , , , , , , , , , , user = ''] = names;
    seedMailbox(source, user, generateMailbox({ seed: 37, folders: 1, messages: 60 }));
    const server = await ScriptedImapServer.start({ users: { [user]: password } });
    const folder = server.account(user).create('INBOX');
    const dateAnew = (): void => {
      const internalDate = '20-Nov-2026 21:00:00 +0000';
      const isNew = folder.messages.some((stored) => stored.internalDate !== internalDate);
      if (isNew) folder.messages = folder.messages.map((stored) => ({ ...stored, internalDate }));
    };
    // Whoever looks finds them dated anew, and nobody hears that the first pages were stored.
    server.plan.when(({ kind }) => kind === 'command', { do: 'call', action: dateAnew }, 10_000);
    server.plan.when((event) => event.kind === 'reply' && event.name === 'APPEND', { do: 'cut' }, 2);
    const harness = await CopyHarness.open({ source, target: server, mailbox: user, password });
    harnesses.push(harness);
    const endpoint = await harness.store.getEndpoint('e');
    if (endpoint === undefined) throw new Error('no endpoint');
    const keeps = { octets: true, size: true, dates: false, keywords: true };
    await harness.store.putEndpoint({ ...endpoint, target: { ...endpoint.target, keeps } });

    const job = await harness.run(user);
    await server.stop();

    expect(job).toMatchObject({ items: { copied: 60, total: 60 } });
    expect(folder.messages).toHaveLength(60);
  });

  it('doubles nothing when connections break while a filled target is compared', async () => {
    const [, , , , , , , , , , user = ''] = names;
    seedMailbox(source, user, generateMailbox({ seed: 36, folders: 3, messages: 400 }));
    const half = await open(user, { receivedAfter: '2026-01-01' });
    await half.run(user);
    const proxy = await TcpFaultProxy.start(target.imapPort);
    proxies.push(proxy);
    const anew = await CopyHarness.open({ source, target: { imapPort: proxy.port }, mailbox: user, password });
    harnesses.push(anew);
    proxy.cut({ direction: 'to-server', afterBytes: 60_000, times: 3 });
    proxy.cut({ direction: 'to-client', onText: 'OK [APPENDUID', times: 2 });

    const job = await anew.run(user);

    expect(job).toMatchObject({ status: 'Synced', green: true, items: { copied: 400, total: 400 } });
    expect(await difference(user)).toEqual([]);
  });
});
