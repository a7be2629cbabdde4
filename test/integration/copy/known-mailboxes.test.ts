import { expect, it } from '@jest/globals';
import type { MailboxJob } from '../../../shared/domain/mailbox-job.ts';
import type { CopyHarness } from '../../support/copy/copy-harness.ts';
import { DovecotCopies } from '../../support/copy/dovecot-copies.ts';
import { deliver, letter } from '../../support/copy/letters.ts';
import { describeWithDovecot } from '../../support/dovecot/describe-with-dovecot.ts';
import { DovecotServer } from '../../support/dovecot/dovecot-server.ts';
import { diffMailboxes } from '../../support/mail/diff-mailboxes.ts';
import { generateMailbox } from '../../support/mail/generate-mailbox.ts';
import { PlainImapClient } from '../../support/mail/plain-imap-client.ts';
import { seedMailbox } from '../../support/mail/seed-mailbox.ts';
import { snapshotDovecot } from '../../support/mail/snapshot-mailbox.ts';
import { ScriptedImapServer } from '../../support/scripted-imap-server/scripted-imap-server.ts';

const password = 'pw';
const names = Array.from({ length: 16 }, (_, at) => `user${String(at)}@contoso.test`);
const users = Object.fromEntries(names.map((name) => [name, password]));

describeWithDovecot('A mailbox that was copied before', () => {
  const copies = new DovecotCopies({ users });

  const open = (user: string, options = {}): Promise<CopyHarness> => copies.open(user, { options });
  const scripted = async (user: string): Promise<ScriptedImapServer> => {
    const server = await ScriptedImapServer.start({ users: { [user]: password } });
    copies.closing(() => server.stop());
    return server;
  };

  /** Another port is another name: the product cannot know that the same server answers there. */
  const renameServers = async (harness: CopyHarness): Promise<void> => {
    const sides = [];
    for (const server of [copies.source, copies.target]) {
      const { port } = await copies.line(server);
      sides.push({ kind: 'imap', host: 'localhost', port, security: 'none', login: { mode: 'user' } });
    }
    const [source, target] = sides;
    await harness.changeEndpoint({ source, target });
  };
  const release = (harness: CopyHarness, job: MailboxJob): Promise<void> =>
    harness.store.release(`pair/${job.pairId ?? ''}`, 'b');

  it('is the same pair under other names of its servers, and continues', async () => {
    const [user = ''] = names;
    seedMailbox(copies.source, user, generateMailbox({ seed: 31, folders: 6, messages: 120, ugly: true }));
    const harness = await open(user);
    const first = await harness.run(user);
    await deliver(copies.source, user, [letter('later', 'x')]);
    await renameServers(harness);
    await release(harness, first);
    await harness.addBatch('renamed', user, password);

    const job = await harness.run(user, 'renamed');

    expect(job).toMatchObject({ status: 'Synced', green: true, items: { copied: 121, total: 121 } });
    expect(job.pairId).toBe(first.pairId);
    expect(await copies.differences(user)).toEqual([]);
  });

  it('is held by the batch that has it, whatever its servers are called', async () => {
    const [, user = ''] = names;
    seedMailbox(copies.source, user, generateMailbox({ seed: 32, folders: 2, messages: 20 }));
    const harness = await open(user);
    await harness.run(user);
    await renameServers(harness);
    await harness.addBatch('other', user, password);

    const job = await harness.run(user, 'other');

    expect(job).toMatchObject({ status: 'Skipped', error: { code: 'MAILBOX_HELD_BY_OTHER_BATCH' } });
  });

  it('is another pair where another server answers under a new name', async () => {
    const [, , user = ''] = names;
    seedMailbox(copies.source, user, generateMailbox({ seed: 33, folders: 2, messages: 20 }));
    const harness = await open(user);
    const first = await harness.run(user);
    const second = await DovecotServer.start({ users, fsync: 'never' });
    const { target } = await harness.endpoint();
    await harness.changeEndpoint({ target: { ...target, port: second.imapPort } });
    await release(harness, first);
    await harness.addBatch('elsewhere', user, password);

    const job = await harness.run(user, 'elsewhere');
    const there = await snapshotDovecot(second, user);
    await second.stop();

    expect(job).toMatchObject({ status: 'Synced', error: null, green: true, items: { copied: 20, total: 20 } });
    expect(job.pairId).not.toBe(first.pairId);
    expect(diffMailboxes(await snapshotDovecot(copies.source, user), there)).toEqual([]);
  });

  it('is another pair where the other server numbers its folders alike', async () => {
    const [, , , , , , , , , , , , user = ''] = names;
    const [from, to, other] = [await scripted(user), await scripted(user), await scripted(user)];
    from.account(user).create('Letters');
    const letters = from.account(user).mailbox('Letters');
    for (const id of ['one', 'two'])
      letters?.add({ octets: letter(id, 'x'), internalDate: '04-Mar-2026 05:06:07 +0000' });
    const harness = await copies.open(user, { source: from, target: to });
    const first = await harness.run(user);
    const { target } = await harness.endpoint();
    await harness.changeEndpoint({ target: { ...target, port: other.port } });
    await release(harness, first);
    await harness.addBatch('elsewhere', user, password);

    const job = await harness.run(user, 'elsewhere');

    expect(job).toMatchObject({ status: 'Synced', green: true, items: { copied: 2, total: 2 } });
    expect(job.pairId).not.toBe(first.pairId);
    expect(other.account(user).mailbox('Letters')?.messages).toHaveLength(2);
  });

  it('is another pair where another source numbers its folders alike, and has none of what is compared', async () => {
    const user = names.at(-2) ?? '';
    const [from, other, to] = [await scripted(user), await scripted(user), await scripted(user)];
    const add = (server: ScriptedImapServer, of: string, count: number): void => {
      const letters = server.account(user).create('Letters');
      for (let at = 0; at < count; at += 1)
        letters.add({ octets: letter(`${of} ${String(at)}`, 'x'), internalDate: '04-Mar-2026 05:06:07 +0000' });
    };
    add(from, 'from', 30);
    add(other, 'other', 60);
    other
      .account(user)
      .mailbox('Letters')
      ?.remove(new Set(Array.from({ length: 25 }, (_, at) => at + 6)));
    const harness = await copies.open(user, { source: from, target: to });
    const first = await harness.run(user);
    const { source } = await harness.endpoint();
    await harness.changeEndpoint({ source: { ...source, port: other.port } });
    await release(harness, first);
    await harness.addBatch('elsewhere', user, password);

    const job = await harness.run(user, 'elsewhere');

    expect(job).toMatchObject({ status: 'Synced', green: true, items: { copied: 35, total: 35 } });
    expect(to.account(user).mailbox('Letters')?.messages).toHaveLength(65);
  });

  it('is not copied again when the state was lost: what is there is recognised, and what changed is brought', async () => {
    const [, , , user = ''] = names;
    seedMailbox(copies.source, user, generateMailbox({ seed: 34, folders: 8, messages: 150, ugly: true }));
    await (await open(user)).run(user);
    await deliver(copies.source, user, [letter('after the loss', 'x')]);
    const client = await PlainImapClient.signIn(copies.source, user);
    await client.command('SELECT INBOX');
    await client.command('UID STORE 1:3 +FLAGS (\\Answered)');
    client.close();
    const anew = await open(user, { verify: 'full' });

    const job = await anew.run(user);
    await anew.beginPass('incremental');
    const next = await anew.run(user);

    expect(job).toMatchObject({ status: 'Synced', green: true, items: { copied: 151, total: 151 } });
    expect(next).toMatchObject({ status: 'Synced', green: true, items: { copied: 151, total: 151 } });
    expect(await copies.differences(user)).toEqual([]);
  });

  it('keeps the flags that its user gave it at the target, where users may be at work', async () => {
    const [, , , , , , , , , , , , , user = ''] = names;
    await deliver(copies.source, user, [letter('letter', 'x')]);
    await deliver(copies.target, user, [letter('letter', 'x')]);
    const client = await PlainImapClient.signIn(copies.target, user);
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
    const flags = (await snapshotDovecot(copies.target, user)).get('INBOX')?.messages.flatMap((item) => item.flags);
    expect(flags?.toSorted()).toEqual(['\\Flagged', '\\Seen']);
  });

  it('gets as many equal messages as the source has, no more and no less', async () => {
    const [, , , , user = ''] = names;
    const same = letter('same', 'one body');
    await deliver(copies.source, user, [same, same, same, letter('other', 'x')]);
    await deliver(copies.target, user, [same, letter('a stranger', 'y')]);
    const harness = await open(user);

    const job = await harness.run(user);

    expect(job).toMatchObject({ status: 'Synced', green: true, items: { copied: 4, total: 4 } });
    expect(await copies.inInbox(copies.target, user)).toBe(5);
  });

  it('leaves a doubt where a message of the same name has other octets, and copies it neither twice nor silently', async () => {
    const [, , , , , user = ''] = names;
    await deliver(copies.source, user, [letter('letter', 'the whole text')]);
    await deliver(copies.target, user, [letter('letter', 'half the te')]);
    const harness = await open(user);

    const job = await harness.run(user);

    expect(job).toMatchObject({ green: false, items: { copied: 0, doubtful: 1, total: 1 } });
    expect(job.error).toMatchObject({ code: 'DOUBTFUL_ITEM' });
    expect(await copies.inInbox(copies.target, user)).toBe(1);
  });

  it('leaves what is there to the message that it is, however far behind its other version', async () => {
    const user = names.at(-1) ?? '';
    const [first, second] = [letter('letter', 'version one'), letter('letter', 'version two')];
    const between = Array.from({ length: 210 }, (_, at) => letter(String(at), 'x'));
    await deliver(copies.source, user, [first, ...between, second]);
    await deliver(copies.target, user, [first]);
    const harness = await open(user);

    const job = await harness.run(user);

    expect(job).toMatchObject({ status: 'Synced', green: true, items: { copied: 212, total: 212 } });
    expect(await copies.differences(user)).toEqual([]);
  });

  it('keeps what two sources brought into one target apart: each item of each is there once', async () => {
    const [, , , , , , ann = '', bob = '', shared = ''] = names;
    const circular = letter('circular', 'to everybody');
    await deliver(copies.source, ann, [circular]);
    await deliver(copies.source, bob, [circular, letter('for bob', 'x')]);
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
    expect(await copies.inInbox(copies.target, shared)).toBe(3);
  });

  it('is not doubled where source and target are one mailbox', async () => {
    const [, , , , , , , , , user = ''] = names;
    seedMailbox(copies.source, user, generateMailbox({ seed: 35, folders: 3, messages: 30 }));
    const before = await snapshotDovecot(copies.source, user);
    const harness = await copies.open(user, { target: copies.source });

    const job = await harness.run(user);

    expect(job).toMatchObject({ status: 'Synced', items: { copied: 30, total: 30 } });
    expect(diffMailboxes(before, await snapshotDovecot(copies.source, user))).toEqual([]);
  });

  it('doubles nothing on a server that dates messages itself, once that is known of it', async () => {
    const [, , , , , , , , , , , user = ''] = names;
    seedMailbox(copies.source, user, generateMailbox({ seed: 37, folders: 1, messages: 60 }));
    const server = await scripted(user);
    const folder = server.account(user).create('INBOX');
    const dateAnew = (): void => {
      const internalDate = '20-Nov-2026 21:00:00 +0000';
      const isNew = folder.messages.some((stored) => stored.internalDate !== internalDate);
      if (isNew) folder.messages = folder.messages.map((stored) => ({ ...stored, internalDate }));
    };
    // Whoever looks finds them dated anew, and nobody hears that the first pages were stored.
    server.plan.when(({ kind }) => kind === 'command', { do: 'call', action: dateAnew }, 10_000);
    server.plan.when((event) => event.kind === 'reply' && event.name === 'APPEND', { do: 'cut' }, 2);
    const harness = await copies.open(user, { target: server });
    const { target } = await harness.endpoint();
    const keeps = { octets: true, size: true, dates: false, keywords: true };
    await harness.changeEndpoint({ target: { ...target, keeps } });

    const job = await harness.run(user);

    expect(job).toMatchObject({ items: { copied: 60, total: 60 } });
    expect(folder.messages).toHaveLength(60);
  });

  it('doubles nothing when connections break while a filled target is compared', async () => {
    const [, , , , , , , , , , user = ''] = names;
    seedMailbox(copies.source, user, generateMailbox({ seed: 36, folders: 3, messages: 400 }));
    const half = await open(user, { receivedAfter: '2026-01-01' });
    await half.run(user);
    const line = await copies.line(copies.target);
    const anew = await copies.open(user, { target: { imapPort: line.port } });
    line.cut({ direction: 'to-server', afterBytes: 60_000, times: 3 });
    line.cut({ direction: 'to-client', onText: 'OK [APPENDUID', times: 2 });

    const job = await anew.run(user);

    expect(job).toMatchObject({ status: 'Synced', green: true, items: { copied: 400, total: 400 } });
    expect(await copies.differences(user)).toEqual([]);
  });
});
