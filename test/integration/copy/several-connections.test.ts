import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import type { MailboxJob } from '../../../shared/domain/mailbox-job.ts';
import type { PageWriter } from '../../../shared/ports/mail-target.ts';
import { CopyHarness } from '../../support/copy/copy-harness.ts';
import { describeWithDovecot } from '../../support/dovecot/describe-with-dovecot.ts';
import { DovecotServer } from '../../support/dovecot/dovecot-server.ts';
import { diffMailboxes } from '../../support/mail/diff-mailboxes.ts';
import { generateMailbox } from '../../support/mail/generate-mailbox.ts';
import type { GeneratedMailbox } from '../../support/mail/generated-mailbox.ts';
import { seedMailbox } from '../../support/mail/seed-mailbox.ts';
import { snapshotDovecot } from '../../support/mail/snapshot-mailbox.ts';
import { ScriptedImapServer } from '../../support/scripted-imap-server/scripted-imap-server.ts';
import { TcpFaultProxy } from '../../support/tcp-fault-proxy.ts';
import { withMembers } from '../../support/with-members.ts';

const password = 'pw';
const names = Array.from({ length: 12 }, (_, at) => `user${String(at)}@contoso.test`);
const users = Object.fromEntries(names.map((name) => [name, password]));
const synced = { status: 'Synced', green: true, error: null };

/** Every message of a second: only its octets tell which is which. */
function allInOneSecond(mailbox: GeneratedMailbox): GeneratedMailbox {
  const folders = mailbox.folders.map((folder) => ({
    ...folder,
    messages: folder.messages.map((message) => ({ ...message, internalDate: new Date('2019-05-06T07:08:09Z') })),
  }));
  return { ...mailbox, folders };
}

/** A page at whose beginning something happens first. */
function before(writer: PageWriter, happens: () => Promise<void>): PageWriter {
  let begun = false;
  return withMembers(writer, {
    begin: (envelope) => {
      if (begun) return writer.begin(envelope);
      begun = true;
      return happens().then(() => writer.begin(envelope));
    },
  });
}

describeWithDovecot('Copying a mailbox over several connections', () => {
  let source: DovecotServer;
  const targets = new Map<string, DovecotServer>();
  let harness: CopyHarness | undefined;
  let line: TcpFaultProxy | undefined;
  let next = 1;

  beforeAll(async () => {
    source = await DovecotServer.start({ users, fsync: 'never' });
    targets.set('rich', await DovecotServer.start({ users, fsync: 'never' }));
    targets.set('poor', await DovecotServer.start({ users, fsync: 'never', capability: 'IMAP4rev1 NAMESPACE' }));
    targets.set('narrow', await DovecotServer.start({ users, fsync: 'never', maxUserIpConnections: 2 }));
  });

  afterEach(async () => {
    harness?.close();
    harness = undefined;
    await line?.stop();
    line = undefined;
  });

  afterAll(async () => {
    await source.stop();
    await Promise.all([...targets.values()].map((target) => target.stop()));
  });

  /** A mailbox of its own, and what stands between it and its copy. */
  const prepare = async (kind: string, mailbox: GeneratedMailbox, connections: number) => {
    const user = names[next] ?? '';
    next += 1;
    const target = targets.get(kind);
    if (target === undefined) throw new Error(`no target ${kind}`);
    seedMailbox(source, user, mailbox);
    line = await TcpFaultProxy.start(target.imapPort);
    harness = await CopyHarness.open({
      source,
      target: { imapPort: line.port },
      mailbox: user,
      password,
      connections,
      options: { verify: 'full' },
    });
    const difference = async (): Promise<string[]> =>
      diffMailboxes(await snapshotDovecot(source, user), await snapshotDovecot(target, user));
    return { user, target, harness, line, difference };
  };

  it.each([
    ['rich', 2],
    ['poor', 3],
  ])('copies each message once, and knows which is which (%s, %i connections)', async (kind, connections) => {
    const mailbox = generateMailbox({ seed: kind, folders: 30, messages: 500, ugly: true });
    const copy = await prepare(kind, mailbox, connections);

    const job = await copy.harness.run(copy.user);

    expect(job).toMatchObject({ ...synced, items: { copied: 500, total: 500 } });
    expect(await copy.difference()).toEqual([]);
    expect(copy.line.counters().connections).toBe(connections);
  });

  it('tells messages of one second apart that connections wrote into one folder at the same time', async () => {
    const [user = ''] = names;
    const scripted = await ScriptedImapServer.start({
      users: { [user]: password },
      capabilities: ['IMAP4rev1', 'NAMESPACE'],
    });
    seedMailbox(source, user, allInOneSecond(generateMailbox({ seed: 3, folders: 1, messages: 400, bytes: 400_000 })));
    harness = await CopyHarness.open({
      source,
      target: scripted,
      mailbox: user,
      password,
      connections: 4,
      options: { verify: 'full' },
    });

    const job = await harness.run(user);

    // The verification reads each item under the UID that the ledger has for it.
    expect(job).toMatchObject({ ...synced, items: { copied: 400, total: 400 } });
    expect(scripted.account(user).mailbox('INBOX')?.messages).toHaveLength(400);
    await scripted.stop();
  });

  it('makes do with fewer connections where the server allows no more', async () => {
    const copy = await prepare('narrow', generateMailbox({ seed: 4, folders: 4, messages: 300 }), 4);

    const job = await copy.harness.run(copy.user);

    expect(job).toMatchObject({ ...synced, slices: 1, items: { copied: 300 } });
    expect(await copy.difference()).toEqual([]);
  });

  it('opens no second connection for a handful of messages, nor for none', async () => {
    const copy = await prepare('rich', generateMailbox({ seed: 5, folders: 6, messages: 12 }), 4);
    await copy.harness.run(copy.user);
    await copy.harness.beginPass('incremental');

    const job = await copy.harness.run(copy.user);

    expect(job).toMatchObject({ ...synced, items: { copied: 12 } });
    expect(copy.line.counters().connections).toBe(2);
  });

  const endings: readonly (readonly [string, string, (copy: Awaited<ReturnType<typeof prepare>>) => void])[] = [
    // Each connection counts for itself: the first one that has sent so much is cut, the others go on.
    ['is cut', 'rich', ({ line: proxy }) => proxy.cut({ direction: 'to-server', afterBytes: 300_000 })],
    ['is cut', 'poor', ({ line: proxy }) => proxy.cut({ direction: 'to-server', afterBytes: 150_000 })],
    [
      'loses the answer',
      'poor',
      ({ line: proxy }) => proxy.cut({ direction: 'to-client', onText: 'Append completed', skip: 7 }),
    ],
  ];

  it.each(endings)(
    'copies each message once when one connection %s while others go on (%s)',
    async (_, kind, fault) => {
      const mailbox = generateMailbox({ seed: 6, folders: 5, messages: 400, bytes: 2_000_000 });
      const copy = await prepare(kind, mailbox, 3);
      fault(copy);

      const job = await copy.harness.run(copy.user);

      expect(copy.line.counters().cuts).toBe(1);
      expect(job).toMatchObject({ ...synced, items: { copied: 400, total: 400 } });
      expect(await copy.difference()).toEqual([]);
    },
  );

  it.each(['rich', 'poor'])('copies each message once when a process of the server panics (%s)', async (kind) => {
    const mailbox = generateMailbox({ seed: 7, folders: 3, messages: 400, bytes: 3_000_000 });
    const copy = await prepare(kind, mailbox, 3);
    const { mailTarget } = copy.harness.services;
    let pages = 0;
    let aborted: number | undefined;
    /** Of the connections of the copy, which are open as long as this is waited for. */
    const panic = async (): Promise<void> => {
      [aborted] = await copy.target.pids(copy.user);
      if (aborted !== undefined) process.kill(aborted, 'SIGABRT');
    };
    Object.assign(copy.harness.services, {
      mailTarget: (endpoint: Parameters<typeof mailTarget>[0]) => ({
        open: async (...args: Parameters<ReturnType<typeof mailTarget>['open']>) => {
          const opened = await mailTarget(endpoint).open(...args);
          const beginPage = opened.beginPage.bind(opened);
          opened.beginPage = (...page) => {
            pages += 1;
            const writer = beginPage(...page);
            return pages === 3 ? before(writer, panic) : writer;
          };
          return opened;
        },
      }),
    });

    const job: MailboxJob = await copy.harness.run(copy.user);

    expect(aborted).toBeDefined();
    expect(job).toMatchObject({ ...synced, items: { copied: 400, total: 400 } });
    expect(await copy.difference()).toEqual([]);
  });
});
