import { afterEach, describe, expect, it } from '@jest/globals';
import { CopyHarness } from '../../support/copy/copy-harness.ts';
import { allCapabilitiesBut, ScriptedImapServer } from '../../support/scripted-imap-server/scripted-imap-server.ts';

const user = 'alice@contoso.test';
const password = 'pw';

describe('Items that are too large for the target', () => {
  let source: ScriptedImapServer;
  let target: ScriptedImapServer;
  let harness: CopyHarness;

  afterEach(async () => {
    harness.close();
    await source.stop();
    await target.stop();
  });

  const start = async (options: Readonly<Record<string, unknown>>, appendLimit?: number): Promise<void> => {
    source = await ScriptedImapServer.start({ users: { [user]: password } });
    target = await ScriptedImapServer.start({
      users: { [user]: password },
      capabilities: allCapabilitiesBut('MULTIAPPEND'),
      ...(appendLimit === undefined ? {} : { appendLimit }),
    });
    for (let at = 0; at < 6; at += 1) {
      const octets = Buffer.from(`Message-ID: <${String(at)}@contoso.test>\r\n\r\n${'x'.repeat(at * 1000)}\r\n`);
      source.account(user).mailbox('INBOX')?.add({ octets, internalDate: '17-Jul-2020 02:44:25 +0000' });
    }
    harness = await CopyHarness.open({ source, target, mailbox: user, password, options });
  };

  /** The target announces no limit, and refuses all the same. */
  const refuseLarge = (): void => {
    const refusal = { do: 'answer', status: 'NO', text: '[TOOBIG] too large for us' } as const;
    target.plan.when(
      (event) => event.kind === 'command' && event.name === 'APPEND' && / \{(?:4\d\d\d|5\d\d\d)\+\}$/.test(event.line),
      refusal,
      Infinity,
    );
  };

  it('do not use badItemLimit up when the target announces its limit', async () => {
    await start({ badItemLimit: 0 }, 3500);

    const job = await harness.run(user);

    expect(job).toMatchObject({
      status: 'Synced',
      green: false,
      error: { code: 'ITEMS_NOT_COPIED' },
      items: { copied: 4, failed: 2 },
    });
  });

  it('do not use badItemLimit up when the target refuses them one by one', async () => {
    await start({ badItemLimit: 0 });
    refuseLarge();

    const job = await harness.run(user);

    expect(job).toMatchObject({
      status: 'Synced',
      error: { code: 'ITEMS_NOT_COPIED' },
      items: { copied: 4, failed: 2 },
    });
  });

  it('fail the mailbox when there are more of them than largeItemLimit, in later passes too', async () => {
    await start({ largeItemLimit: 1 }, 3500);

    expect(await harness.run(user)).toMatchObject({ status: 'Failed', error: { code: 'TOO_MANY_LARGE_ITEMS' } });
    expect(await harness.store.getJob('b', user)).toMatchObject({
      error: { message: expect.stringContaining('2 items') },
    });
  });

  it('are told from bad ones, which do count', async () => {
    await start({ badItemLimit: 0 }, 3500);
    const refusal = { do: 'answer', status: 'NO', text: '[CANNOT] a virus' } as const;
    target.plan.when((event) => event.kind === 'command' && event.name === 'APPEND', refusal, Infinity);

    const job = await harness.run(user);

    expect(job).toMatchObject({ status: 'Failed', error: { code: 'TOO_MANY_BAD_ITEMS' } });
    expect(job.error?.message).toContain('4 items');
  });
});
