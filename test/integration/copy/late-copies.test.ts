import { afterEach, describe, expect, it } from '@jest/globals';
import type { MailboxJob } from '../../../shared/domain/mailbox-job.ts';
import { CopyHarness } from '../../support/copy/copy-harness.ts';
import { message } from '../../support/copy/letters.ts';
import type { ServerEvent } from '../../support/scripted-imap-server/faults.ts';
import { allCapabilitiesBut, ScriptedImapServer } from '../../support/scripted-imap-server/scripted-imap-server.ts';

const user = 'alice@contoso.test';
const password = 'pw';
const withoutMove = allCapabilitiesBut('MOVE');
const moved = [2, 3, 4];

/** The UID COPY of a worker that is gone: its server had read the command, and does it later. */
describe('A copy that the server of a lost connection makes late, at a target without MOVE', () => {
  let source: ScriptedImapServer;
  let target: ScriptedImapServer;
  let harness: CopyHarness;

  afterEach(async () => {
    harness.close();
    await source.stop();
    await target.stop();
  });

  const inFolder = (server: ScriptedImapServer, name: string): string[] =>
    (server.account(user).mailbox(name)?.messages ?? []).map(({ octets }) => octets.toString()).sort();

  const expectSame = (): void => {
    for (const name of ['INBOX', 'Filed']) expect(inFolder(target, name)).toEqual(inFolder(source, name));
  };

  const incremental = async (): Promise<MailboxJob> => {
    await harness.beginPass('incremental');
    return harness.run(user);
  };

  /** Three messages are moved at the source; the first connection that asks the target to copy them is lost. */
  const start = async (options: Readonly<Record<string, unknown>> = {}): Promise<() => void> => {
    source = await ScriptedImapServer.start({ users: { [user]: password } });
    target = await ScriptedImapServer.start({ users: { [user]: password }, capabilities: withoutMove });
    const inbox = source.account(user).mailbox('INBOX');
    for (let at = 0; at < 10; at += 1) inbox?.add(message(String(at)));
    const filed = source.account(user).create('Filed');
    filed.add(message('of old'));
    harness = await CopyHarness.open({
      source,
      target,
      mailbox: user,
      password,
      options: { settleAfter: 0, ...options },
    });
    expect(await harness.run(user)).toMatchObject({ status: 'Synced', green: true });
    filed.addAll(inbox?.messages.filter(({ uid }) => moved.includes(uid)) ?? []);
    inbox?.remove(new Set(moved));
    const originals = target.account(user).mailbox('INBOX')?.messages.slice(1, 4) ?? [];
    target.plan.when((event) => event.kind === 'command' && event.name === 'UID COPY', { do: 'cut' });
    return () => void target.account(user).mailbox('Filed')?.addAll(originals);
  };

  /** Of the worker that comes after it. */
  const atSecond = (kind: 'command' | 'reply', name: string, action: () => void): void => {
    let seen = 0;
    target.plan.when(
      (event: ServerEvent) => {
        if (event.kind === 'command' && event.name === 'UID COPY') seen += 1;
        return seen === 2 && event.kind === kind && event.name === name;
      },
      { do: 'call', action },
    );
  };

  it.each([
    ['when the next worker has looked and asks for the copy itself', 'command', 'UID COPY'],
    ['when the next worker has its own copy', 'reply', 'UID COPY'],
    ['when the next worker removes the originals', 'command', 'UID EXPUNGE'],
    ['when the next worker has removed the originals', 'reply', 'UID EXPUNGE'],
  ] as const)('leaves no message twice: %s', async (_, kind, name) => {
    const copyLate = await start();
    atSecond(kind, name, copyLate);

    const job = await incremental();

    expect(job).toMatchObject({ status: 'Synced', error: null, green: true, items: { copied: 11 } });
    expectSame();
  });

  it('leaves no message twice when it is made after the pass has ended: the next pass removes the second ones', async () => {
    const copyLate = await start();
    expect(await incremental()).toMatchObject({ status: 'Synced', green: true, items: { copied: 11 } });
    copyLate();

    const job = await incremental();

    expect(job).toMatchObject({ status: 'Synced', error: null, green: true, items: { copied: 11 } });
    expectSame();
  });

  it('is listed and never removed where users may be at work in the target', async () => {
    const copyLate = await start({ usersAtWork: true });
    atSecond('reply', 'UID EXPUNGE', copyLate);

    const job = await incremental();

    expect(job).toMatchObject({ status: 'Synced', green: false, items: { copied: 11 } });
    expect(inFolder(target, 'Filed')).toHaveLength(7);
  });
});
