import { afterEach, describe, expect, it } from '@jest/globals';
import { copySlice } from '../../../shared/application/copy/copy-slice.ts';
import type { MailboxJob } from '../../../shared/domain/mailbox-job.ts';
import { CopyHarness } from '../../support/copy/copy-harness.ts';
import { message } from '../../support/copy/letters.ts';
import type { ServerEvent } from '../../support/scripted-imap-server/faults.ts';
import { allCapabilities, ScriptedImapServer } from '../../support/scripted-imap-server/scripted-imap-server.ts';

const user = 'alice@contoso.test';
const password = 'pw';
const pages = { items: 5, octets: 1 << 20, inFlight: 2, listing: 10 };

describe('A folder of several listings that is gone when it is opened', () => {
  let source: ScriptedImapServer;
  let target: ScriptedImapServer;
  let harness: CopyHarness;

  afterEach(async () => {
    harness.close();
    await source.stop();
    await target.stop();
  });

  const run = async (): Promise<MailboxJob> => {
    for (let at = 0; at < 60; at += 1) {
      const input = { mailbox: user, row: 1, batch: 'b', pass: 'initial' as const, run: 1, slice: 1, waits: 0 };
      const { signal } = new AbortController();
      const output = await copySlice(harness.services, input, { remainingMs: () => 3_600_000, signal, pages });
      if (output.outcome === 'waiting') await harness.services.clock.sleep(50);
      if (output.outcome === 'more' || output.outcome === 'waiting') continue;
      const job = await harness.store.getJob('b', user);
      if (job === undefined) throw new Error('no job');
      return job;
    }
    throw new Error('The mailbox does not come to rest');
  };

  it.each([
    ['deleted', () => void source.account(user).delete('Able')],
    ['renamed', () => source.account(user).rename('Able', 'Zebra')],
  ])('is set aside, and the pass ends well, when it was %s after the pass was planned', async (_, happens) => {
    source = await ScriptedImapServer.start({ users: { [user]: password } });
    target = await ScriptedImapServer.start({ users: { [user]: password }, capabilities: allCapabilities });
    const inbox = source.account(user).create('INBOX');
    for (let at = 0; at < 5; at += 1) inbox.add(message(`INBOX ${String(at)}`));
    const able = source.account(user).create('Able');
    able.add(message('Able'));
    harness = await CopyHarness.open({ source, target, mailbox: user, password });
    expect(await run()).toMatchObject({ status: 'Synced', green: true });
    // Something is gone, so that what is new is looked at for whether it was moved.
    inbox.remove(new Set([2]));
    inbox.add(message('INBOX new'));
    for (let at = 0; at < 60; at += 1) able.add(message(`Able ${String(at)}`));
    // The pass is planned; Able is about to be opened, with several listings behind each other.
    const listing = (event: ServerEvent): boolean => event.kind === 'command' && event.line.includes('RFC822.SIZE');
    source.plan.when(listing, { do: 'call', action: happens });
    await harness.beginPass('incremental');

    const job = await run();

    expect(job).toMatchObject({ status: 'Synced', error: null, green: true });
  });
});
