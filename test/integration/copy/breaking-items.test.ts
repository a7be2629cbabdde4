import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { CopyHarness } from '../../support/copy/copy-harness.ts';
import { ScriptedImapServer } from '../../support/scripted-imap-server/scripted-imap-server.ts';

const user = 'alice@contoso.test';
const password = 'pw';

describe('A source that breaks down over single messages', () => {
  let source: ScriptedImapServer;
  let target: ScriptedImapServer;
  let harness: CopyHarness;

  beforeEach(async () => {
    source = await ScriptedImapServer.start({ users: { [user]: password } });
    target = await ScriptedImapServer.start({ users: { [user]: password } });
    for (let at = 1; at <= 12; at += 1) inbox(source)?.add(letter(at));
    harness = await CopyHarness.open({ source, target, mailbox: user, password, options: { settleAfter: 0 } });
  });

  afterEach(async () => {
    harness.close();
    await source.stop();
    await target.stop();
  });

  const breakOver = (uids: readonly number[], at: 'begin' | 'inside' | 'end'): void => {
    source.plan.when(
      (event) => event.kind === 'literal-out' && event.at === at && uids.includes(event.uid),
      { do: 'cut' },
      Infinity,
    );
  };

  const copiedOnce = (): readonly string[] => inbox(target)?.messages.map(({ octets }) => octets.toString()) ?? [];

  const allBut = (uids: readonly number[]): readonly string[] =>
    Array.from({ length: 12 }, (_, at) => at + 1)
      .filter((uid) => !uids.includes(uid))
      .map((uid) => letter(uid).octets.toString());

  it.each([
    ['before', 'begin', [5]],
    ['within', 'inside', [5]],
    ['within the first of them', 'inside', [1]],
    ['within two of them', 'inside', [5, 8]],
  ] as const)('is given up over these after a few tries, when it ends the connection %s', async (_, at, broken) => {
    breakOver(broken, at);

    const job = await harness.run(user);

    const counts = { copied: 12 - broken.length, failed: broken.length };
    expect(job).toMatchObject({ status: 'Synced', green: false, items: counts, error: { code: 'ITEMS_NOT_COPIED' } });
    expect((await harness.itemsReport(job)).map(({ code }) => code)).toEqual(broken.map(() => 'ITEM_STOPS_WORKER'));
    expect([...copiedOnce()].sort()).toEqual([...allBut(broken)].sort());
    // Well again, and asked once more.
    source.plan.forget();
    await harness.beginPass('incremental');
    await harness.store.saveJob({ ...job, status: 'Queued' });
    expect(await harness.run(user)).toMatchObject({ status: 'Synced', green: true, items: { copied: 12 } });
    expect([...copiedOnce()].sort()).toEqual([...allBut([])].sort());
  });

  it('is given up over none where it ends each connection after a few, whichever they are', async () => {
    let read = 0;
    source.plan.when(
      (event) => {
        if (event.kind !== 'literal-out' || event.at !== 'begin') return false;
        read = (read + 1) % 4;
        return read === 0;
      },
      { do: 'cut' },
      Infinity,
    );

    const job = await harness.run(user);

    expect(job).toMatchObject({ status: 'Synced', green: true, items: { copied: 12 } });
    expect([...copiedOnce()].sort()).toEqual([...allBut([])].sort());
  });

  it('is read on from where slices end while they look for what had arrived', async () => {
    target.plan.when((event) => event.kind === 'reply' && event.name === 'APPEND', { do: 'cut' });
    await harness.slice(user);
    let slice = new AbortController();
    let read = 0;
    source.plan.when(
      (event) => {
        if (event.kind !== 'literal-out' || event.at !== 'begin' || (read += 1) % 4 > 0) return false;
        // What went out before it gets its time to arrive.
        setTimeout(() => slice.abort(), 50);
        return true;
      },
      { do: 'stall' },
      Infinity,
    );

    let slices = 0;
    for (; slices < 40 && (await harness.slice(user, 'b', slice.signal)).outcome !== 'done'; slices += 1)
      slice = new AbortController();

    expect(slices).toBeGreaterThanOrEqual(2);
    expect(slices).toBeLessThan(40);
    expect(await harness.run(user)).toMatchObject({ status: 'Synced', green: true, items: { copied: 12 } });
    expect([...copiedOnce()].sort()).toEqual([...allBut([])].sort());
  });

  it('is given up over one also where the target held messages before', async () => {
    for (let at = 1; at <= 12; at += 1) inbox(target)?.add(letter(at));
    breakOver([5], 'inside');

    const job = await harness.run(user);

    expect(job).toMatchObject({ status: 'Synced', green: false, items: { copied: 11, failed: 1 } });
    expect(copiedOnce()).toEqual(allBut([]));
  });

  const inbox = (server: ScriptedImapServer) => server.account(user).mailbox('INBOX');
});

/** All of the same second, as after an import: only their octets tell which of them are at the target. */
function letter(at: number): { readonly octets: Buffer; readonly internalDate: string } {
  const id = String(at);
  return {
    octets: Buffer.from(`Message-ID: <${id}@contoso.test>\r\nSubject: ${id}\r\n\r\nbody of ${id}\r\n`),
    internalDate: '17-Jul-2020 02:44:25 +0000',
  };
}
