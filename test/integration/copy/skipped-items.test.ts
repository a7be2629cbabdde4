import { afterEach, describe, expect, it } from '@jest/globals';
import type { MailboxJob } from '../../../shared/domain/mailbox-job.ts';
import { CopyHarness } from '../../support/copy/copy-harness.ts';
import type { Account } from '../../support/scripted-imap-server/account.ts';
import { ScriptedImapServer } from '../../support/scripted-imap-server/scripted-imap-server.ts';

const user = 'alice@contoso.test';
const password = 'pw';

/** Received on this day of July 2020. */
function message(day: number): { readonly octets: Buffer; readonly internalDate: string } {
  return {
    octets: Buffer.from(`Message-ID: <${String(day)}@contoso.test>\r\nSubject: day ${String(day)}\r\n\r\nbody\r\n`),
    internalDate: `${String(day).padStart(2, '0')}-Jul-2020 02:44:25 +0000`,
  };
}

function days(account: Account): number[] {
  const all = [...account.mailboxes.values()].flatMap((mailbox) => mailbox.messages);
  return all.map(({ internalDate }) => Number(internalDate.slice(0, 2))).sort((a, b) => a - b);
}

describe('Items that the options leave out', () => {
  let source: ScriptedImapServer;
  let target: ScriptedImapServer;
  let harness: CopyHarness;

  afterEach(async () => {
    harness.close();
    await source.stop();
    await target.stop();
  });

  /** Odd days in the inbox, even ones in another folder. */
  const start = async (most: number, options: Readonly<Record<string, unknown>>): Promise<void> => {
    source = await ScriptedImapServer.start({ users: { [user]: password } });
    target = await ScriptedImapServer.start({ users: { [user]: password } });
    const account = source.account(user);
    account.create('Able');
    for (let day = 1; day <= most; day += 1) account.mailbox(day % 2 === 1 ? 'INBOX' : 'Able')?.add(message(day));
    harness = await CopyHarness.open({ source, target, mailbox: user, password, options });
  };

  const pass = async (options?: Readonly<Record<string, unknown>>): Promise<MailboxJob> => {
    if (options !== undefined) await harness.changeEndpoint({ defaults: { settleAfter: 1, ...options } });
    await harness.beginPass('incremental');
    return harness.run(user);
  };

  const inbox = () => source.account(user).mailbox('INBOX');

  it('keep the newest of the whole mailbox, and what comes after that', async () => {
    await start(10, { maxItems: 6 });
    expect(await harness.run(user)).toMatchObject({ green: true, items: { copied: 6, skipped: 4 } });
    expect(days(target.account(user))).toEqual([5, 6, 7, 8, 9, 10]);
    inbox()?.add(message(20));
    inbox()?.add(message(21));

    const job = await pass();

    expect(job).toMatchObject({ green: true, items: { copied: 8, skipped: 4, total: 12 } });
    expect(days(target.account(user))).toEqual([5, 6, 7, 8, 9, 10, 20, 21]);
  });

  it('are none of what comes after a first pass that left nothing out', async () => {
    await start(4, { maxItems: 6 });
    expect(await harness.run(user)).toMatchObject({ green: true, items: { copied: 4, skipped: 0 } });
    for (const day of [22, 20, 21]) inbox()?.add(message(day));

    const job = await pass();

    expect(job).toMatchObject({ green: true, items: { copied: 7, skipped: 0 } });
    expect(days(target.account(user))).toEqual([1, 2, 3, 4, 20, 21, 22]);
  });

  it('are copied when maxItems is raised, and nothing is copied twice', async () => {
    await start(10, { maxItems: 6 });
    await harness.run(user);

    expect(await pass({ maxItems: 8 })).toMatchObject({ green: true, items: { copied: 8, skipped: 2 } });
    expect(days(target.account(user))).toEqual([3, 4, 5, 6, 7, 8, 9, 10]);
    expect(await pass({ maxItems: 'unlimited' })).toMatchObject({ green: true, items: { copied: 10, skipped: 0 } });
    expect(days(target.account(user))).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  });

  it('stay the same ones when their folder is matched anew', async () => {
    await start(10, { maxItems: 6 });
    await harness.run(user);
    Object.assign(inbox() ?? {}, { uidValidity: 777 });
    inbox()?.add(message(20));

    const job = await pass();

    expect(job).toMatchObject({ green: true, items: { copied: 7, skipped: 4 } });
    expect(days(target.account(user))).toEqual([5, 6, 7, 8, 9, 10, 20]);
  });

  it('are no more when maxItems is lowered: new messages are copied all the same', async () => {
    await start(10, { maxItems: 6 });
    await harness.run(user);
    inbox()?.add(message(20));

    expect(await pass({ maxItems: 2 })).toMatchObject({ green: true, items: { copied: 7, skipped: 4 } });
  });

  it('are copied when the dates are widened', async () => {
    await start(10, { receivedAfter: '2020-07-06' });
    expect(await harness.run(user)).toMatchObject({ green: true, items: { copied: 5, skipped: 5 } });

    expect(await pass({})).toMatchObject({ green: true, items: { copied: 10, skipped: 0 } });
    expect(days(target.account(user))).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  });

  it('are copied when they are no longer marked as deleted at the source', async () => {
    await start(6, { skipDeleted: true });
    const marked = inbox()?.messages[1];
    if (marked !== undefined) inbox()?.setFlags(marked, ['\\Deleted']);
    expect(await harness.run(user)).toMatchObject({ green: true, items: { copied: 5, skipped: 1 } });
    if (marked !== undefined) inbox()?.setFlags(marked, []);

    expect(await pass()).toMatchObject({ green: true, items: { copied: 6, skipped: 0 } });
    expect(days(target.account(user))).toEqual([1, 2, 3, 4, 5, 6]);
  });
});
