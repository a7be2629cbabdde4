import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { deleteBatch } from '../../../shared/application/delete-batch.ts';
import { CopyHarness } from '../../support/copy/copy-harness.ts';
import { message, smallMailbox } from '../../support/copy/faults/mailboxes.ts';
import { ScriptedImapServer } from '../../support/scripted-imap-server/scripted-imap-server.ts';

const user = 'alice@contoso.test';
const password = 'pw';

describe('A mailbox that another batch has migrated', () => {
  let source: ScriptedImapServer;
  let target: ScriptedImapServer;
  let harness: CopyHarness;

  beforeEach(async () => {
    source = await ScriptedImapServer.start({ users: { [user]: password } });
    target = await ScriptedImapServer.start({ users: { [user]: password } });
    smallMailbox(source.account(user));
    harness = await CopyHarness.open({ source, target, mailbox: user, password });
  });

  afterEach(async () => {
    harness.close();
    await Promise.all([source.stop(), target.stop()]);
  });

  const total = (): number =>
    [...source.account(user).mailboxes.values()].reduce((sum, { messages }) => sum + messages.length, 0);
  /** Messages that came to the target by APPEND since the last look. */
  const stored = (): number => {
    const stores = target.plan.events.flatMap((event) => (event.kind === 'store' ? [event.messages] : []));
    target.plan.forget();
    return stores.reduce((sum, messages) => sum + messages, 0);
  };

  it.each([
    { what: 'has released', remove: false },
    { what: 'was removed with', remove: true },
  ])('is continued from its ledger where that batch $what it: nothing is written twice', async ({ remove }) => {
    const first = await harness.run(user);
    expect(first).toMatchObject({ status: 'Synced', green: true, items: { copied: total() } });
    expect(stored()).toBe(total());
    const batch = await harness.store.getBatch('b');
    if (batch === undefined) throw new Error('no batch');
    if (remove) expect(await deleteBatch(harness.services, batch)).toBe('deleted');
    else await harness.store.release(`pair/${first.pairId ?? ''}`, 'b');

    await harness.addBatch('second', user, password);
    const second = await harness.run(user, 'second');

    expect(second).toMatchObject({ status: 'Synced', green: true, pairId: first.pairId, items: { copied: total() } });
    expect(stored()).toBe(0);

    source.account(user).create('INBOX').add(message(99));
    await harness.beginPass('incremental', 'second');
    const third = await harness.run(user, 'second');

    expect(third).toMatchObject({ status: 'Synced', green: true, items: { copied: total() } });
    expect(stored()).toBe(1);
  });
});
