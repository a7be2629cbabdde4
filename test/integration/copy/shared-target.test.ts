import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { MailboxJob } from '../../../shared/domain/mailbox-job.ts';
import { waitingReasons } from '../../../shared/domain/waiting-reason.ts';
import { CopyHarness } from '../../support/copy/copy-harness.ts';
import type { ServerEvent } from '../../support/scripted-imap-server/faults.ts';
import { ScriptedImapServer } from '../../support/scripted-imap-server/scripted-imap-server.ts';

const ann = 'ann@contoso.test';
const bob = 'bob@contoso.test';
const shared = 'shared@contoso.test';
const password = 'pw';
const users = { [ann]: password, [bob]: password, [shared]: password };
/** What both have, octet for octet. */
const circulars = Array.from({ length: 5 }, (_, at) => ({
  octets: Buffer.from(`Message-ID: <${String(at)}@contoso.test>\r\nSubject: Circular ${String(at)}\r\n\r\nto all\r\n`),
  internalDate: '17-Jul-2020 02:44:25 +0000',
}));

const append =
  (kind: ServerEvent['kind']) =>
  (event: ServerEvent): boolean =>
    event.kind === kind && 'name' in event && event.name === 'APPEND';

describe('Two mailboxes with the same messages that go into one target mailbox', () => {
  let source: ScriptedImapServer;
  let target: ScriptedImapServer;
  let harness: CopyHarness;

  beforeEach(async () => {
    source = await ScriptedImapServer.start({ users });
    target = await ScriptedImapServer.start({ users });
    for (const user of [ann, bob]) source.account(user).mailbox('INBOX')?.addAll(circulars);
    harness = await CopyHarness.open({ source, target, mailbox: ann, password });
    await harness.addBatch('second', bob, password);
    for (const [batch, user] of [
      ['b', ann],
      ['second', bob],
    ] as const) {
      const job = await harness.store.getJob(batch, user);
      if (job === undefined) throw new Error('no job');
      await harness.store.saveJob({ ...job, targetUserName: shared });
    }
  });

  afterEach(async () => {
    harness.close();
    await Promise.all([source.stop(), target.stop()]);
  });

  const atTarget = (): number => target.account(shared).mailbox('INBOX')?.messages.length ?? 0;
  const again = async (): Promise<MailboxJob> => {
    await harness.beginPass('incremental');
    return harness.run(ann);
  };

  it('are each there once: none is taken for a late twin of the other one’s', async () => {
    target.plan.when(append('reply'), { do: 'cut' }, 1);
    const first = await harness.run(ann);
    const second = await harness.run(bob, 'second');

    const after = await again();

    for (const job of [first, second, after])
      expect(job).toMatchObject({ status: 'Synced', error: null, green: true, items: { copied: 5 } });
    expect(atTarget()).toBe(10);
  });

  it('are each there once: what one wrote is not what a lost worker of the other one had sent', async () => {
    target.plan.when(append('command'), { do: 'cut' }, 1);
    await harness.slice(ann);
    const second = await harness.run(bob, 'second');

    const first = await harness.run(ann);

    for (const job of [first, second])
      expect(job).toMatchObject({ status: 'Synced', error: null, green: true, items: { copied: 5 } });
    expect(atTarget()).toBe(10);
  });

  it('take turns', async () => {
    const { pairId } = await harness.run(ann);
    const pair = await harness.store.getPair(pairId ?? '');
    if (pair === undefined) throw new Error('no pair');
    const held = { id: pair.id, source: pair.source, target: pair.target, holder: 'a worker', now: Date.now() };
    await harness.store.takeLease({ ...held, leaseUntil: Date.now() + 60_000 });

    await harness.slice(bob, 'second');
    const waiting = await harness.slice(bob, 'second');

    expect(waiting).toMatchObject({ outcome: 'waiting', reason: waitingReasons.otherMailbox.say() });
    expect(atTarget()).toBe(5);
  });
});
