import { afterEach, describe, expect, it } from '@jest/globals';
import { mostFailures } from '../../../shared/application/copy/patience.ts';
import { CopyHarness } from '../../support/copy/copy-harness.ts';
import { allCapabilitiesBut, ScriptedImapServer } from '../../support/scripted-imap-server/scripted-imap-server.ts';

const user = 'alice@contoso.test';
const password = 'pw';
const withoutListStatus = allCapabilitiesBut('LIST-STATUS');

describe('Copying a mailbox whose server goes on refusing', () => {
  let source: ScriptedImapServer;
  let target: ScriptedImapServer;
  let harness: CopyHarness;

  afterEach(async () => {
    harness.close();
    await source.stop();
    await target.stop();
  });

  const start = async (messages: number): Promise<void> => {
    source = await ScriptedImapServer.start({ users: { [user]: password }, capabilities: withoutListStatus });
    target = await ScriptedImapServer.start({ users: { [user]: password } });
    for (let at = 0; at < messages; at += 1) {
      const octets = Buffer.from(`Message-ID: <${String(at)}@contoso.test>\r\n\r\nbody ${String(at)}\r\n`);
      source.account(user).mailbox('INBOX')?.add({ octets, internalDate: '17-Jul-2020 02:44:25 +0000' });
    }
    harness = await CopyHarness.open({ source, target, mailbox: user, password });
  };

  it.each([
    ['source', 'STATUS', 'BAD', 'what?', 'SERVER_MISBEHAVES'],
    ['source', 'UID FETCH', 'BAD', 'what?', 'SERVER_MISBEHAVES'],
    ['source', 'UID FETCH', 'NO', 'I would rather not', 'SOURCE_UNAVAILABLE'],
    ['source', 'LIST', 'BAD', 'what?', 'SERVER_MISBEHAVES'],
    ['target', 'LIST', 'NO', '[SERVERBUG] internal error', 'TARGET_UNAVAILABLE'],
    ['target', 'STATUS', 'NO', '[UNAVAILABLE] not now', 'TARGET_UNAVAILABLE'],
    ['source', 'LOGIN', 'NO', '[UNAVAILABLE] not now', 'SOURCE_UNAVAILABLE'],
  ] as const)('tells a person when the %s answers %s with %s %s for ever', async (side, name, status, text, code) => {
    await start(3);
    const server = side === 'source' ? source : target;
    const names = name === 'LOGIN' ? ['LOGIN', 'AUTHENTICATE'] : [name];
    const fault = { do: 'answer', status, text } as const;
    server.plan.when((event) => event.kind === 'command' && names.includes(event.name), fault, Infinity);

    const job = await harness.run(user);

    expect(job).toMatchObject({ status: 'Failed', error: { code, kind: 'MailboxBlockedError' } });
    expect(job.error?.message).toContain(`tried ${String(mostFailures)} times`);
    // Taken up again, it has all its patience back, and goes on where it stood.
    server.plan.forget();
    await harness.store.saveJob({ ...job, status: 'Queued', error: null });
    expect(await harness.run(user)).toMatchObject({ status: 'Synced', green: true, items: { copied: 3 } });
  });

  it('goes on after fewer refusals than use its patience up, and counts from one again after a step forward', async () => {
    await start(3);
    const fault = { do: 'answer', status: 'BAD', text: 'what?' } as const;
    source.plan.when((event) => event.kind === 'command' && event.name === 'STATUS', fault, mostFailures - 1);
    source.plan.when((event) => event.kind === 'command' && event.name === 'UID FETCH', fault, mostFailures - 1);

    const job = await harness.run(user);

    expect(job).toMatchObject({ status: 'Synced', green: true, error: null, items: { copied: 3 } });
  });

  it.each([
    ['[INUSE] locked by another session', 'SOURCE_THROTTLED'],
    ['[LIMIT] too much', 'SOURCE_THROTTLED'],
    ['Request is throttled. Suggested Backoff Time: 1 milliseconds', 'SOURCE_THROTTLED'],
  ])('waits for as long as it takes while the server says "%s", and says that it does', async (text) => {
    await start(3);
    const fault = { do: 'answer', status: 'NO', text } as const;
    source.plan.when((event) => event.kind === 'command' && event.name === 'UID FETCH', fault, 2 * mostFailures);

    const first = await harness.slice(user);
    const waiting = await harness.store.getJob('b', user);

    const asked = expect.stringContaining('asked us to wait');
    expect(first).toMatchObject({ outcome: 'waiting', reason: asked });
    expect(waiting).toMatchObject({ status: 'Syncing', reason: asked });
    for (let at = 1; at < 2 * mostFailures - 1; at += 1) {
      expect((await harness.slice(user)).outcome).toBe('waiting');
    }
    source.plan.forget();
    expect(await harness.run(user)).toMatchObject({ status: 'Synced', green: true, items: { copied: 3 } });
  });
});
