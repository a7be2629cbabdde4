import { afterEach, describe, expect, it } from '@jest/globals';
import { CopyHarness } from '../../support/copy/copy-harness.ts';
import { message } from '../../support/copy/letters.ts';
import { ScriptedImapServer } from '../../support/scripted-imap-server/scripted-imap-server.ts';

const user = 'alice@contoso.test';
const password = 'pw';

describe('A folder that was renamed at the source and may not be renamed at the target', () => {
  let source: ScriptedImapServer;
  let target: ScriptedImapServer;
  let harness: CopyHarness;

  afterEach(async () => {
    harness.close();
    await source.stop();
    await target.stop();
  });

  const start = async (): Promise<void> => {
    source = await ScriptedImapServer.start({ users: { [user]: password } });
    target = await ScriptedImapServer.start({ users: { [user]: password } });
    const able = source.account(user).create('Able');
    source.account(user).create('Able/Child').add(message('child'));
    for (let at = 0; at < 5; at += 1) able.add(message(`Able ${String(at)}`));
    harness = await CopyHarness.open({ source, target, mailbox: user, password });
    expect(await harness.run(user)).toMatchObject({ status: 'Synced', green: true });
    source.account(user).rename('Able', 'Zebra');
    source.account(user).mailbox('Zebra')?.add(message('new'));
    await harness.beginPass('incremental');
  };

  it('keeps its name there, and takes what is new', async () => {
    await start();
    target.plan.when(
      (event) => event.kind === 'command' && event.name === 'RENAME',
      { do: 'answer', status: 'NO', text: '[CANNOT] this folder may not be renamed' },
      1_000,
    );

    const job = await harness.run(user);

    expect(job).toMatchObject({ status: 'Synced', error: null, green: true, items: { copied: 7 } });
    expect(job.renamedFolders).toContainEqual({ source: 'Zebra', target: 'Able' });
    expect(target.account(user).mailbox('Able')?.messages).toHaveLength(6);
  });

  it('is made anew where its user deleted it and only its children are left', async () => {
    await start();
    target.account(user).delete('Able');

    const job = await harness.run(user);

    expect(job.status).toBe('Synced');
    expect(job.error?.code).not.toBe('TARGET_UNAVAILABLE');
  });
});
