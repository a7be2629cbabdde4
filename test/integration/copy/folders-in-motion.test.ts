import { afterEach, describe, expect, it } from '@jest/globals';
import type { MailboxJob } from '../../../shared/domain/mailbox-job.ts';
import { CopyHarness } from '../../support/copy/copy-harness.ts';
import type { Account, Mailbox } from '../../support/scripted-imap-server/account.ts';
import type { ServerEvent } from '../../support/scripted-imap-server/faults.ts';
import {
  allCapabilities,
  allCapabilitiesBut,
  ScriptedImapServer,
} from '../../support/scripted-imap-server/scripted-imap-server.ts';

const user = 'alice@contoso.test';
const password = 'pw';
const perFolder = 25;
/** Small pages: a folder is several windows. */
const pages = { items: 5, octets: 1 << 20, inFlight: 2, listing: 10 };
const poor = allCapabilitiesBut('UIDPLUS', 'MULTIAPPEND');

function message(text: string): { readonly octets: Buffer; readonly internalDate: string; readonly flags: string[] } {
  return {
    octets: Buffer.from(`Message-ID: <${text}@contoso.test>\r\nSubject: ${text}\r\n\r\nbody of ${text}\r\n`),
    internalDate: '17-Jul-2020 02:44:25 +0000',
    flags: ['\\Seen'],
  };
}

/** What a mailbox holds: every message once, as text, in order. */
function held(account: Account): string[] {
  const all = [...account.mailboxes.values()].flatMap((mailbox) => mailbox.messages);
  return all.map(({ octets }) => octets.toString()).sort();
}

function inFolder(account: Account, name: string): string[] {
  return (account.mailbox(name)?.messages ?? []).map(({ octets }) => octets.toString()).sort();
}

function anew(account: Account, name: string, keep: boolean): Mailbox {
  const before = account.mailbox(name)?.messages ?? [];
  account.delete(name);
  const mailbox = account.create(name);
  if (keep) mailbox.addAll(before);
  return mailbox;
}

describe('A folder that changes while it is copied', () => {
  let source: ScriptedImapServer;
  let target: ScriptedImapServer;
  let harness: CopyHarness;

  afterEach(async () => {
    harness.close();
    await source.stop();
    await target.stop();
  });

  const start = async (
    options: Readonly<Record<string, unknown>> = {},
    capabilities: readonly string[] = allCapabilities,
  ): Promise<void> => {
    source = await ScriptedImapServer.start({ users: { [user]: password } });
    target = await ScriptedImapServer.start({ users: { [user]: password }, capabilities });
    for (const name of ['INBOX', 'Able', 'Baker']) {
      const mailbox = source.account(user).create(name);
      for (let at = 0; at < perFolder; at += 1) mailbox.add(message(`${name} ${String(at)}`));
      // A true duplicate: it is copied twice, whatever happens.
      mailbox.add(message(`${name} 0`));
    }
    harness = await CopyHarness.open({ source, target, mailbox: user, password, options, pages });
  };

  const run = (): Promise<MailboxJob> => harness.run(user);

  /** Once, when the n-th page of the folder has been stored at the target. */
  const whenStored = (folder: string, nth: number, action: () => void): void => {
    let seen = 0;
    const matches = (event: ServerEvent): boolean => {
      if (event.kind !== 'store' || event.mailbox !== folder) return false;
      seen += 1;
      return seen === nth;
    };
    target.plan.when(matches, { do: 'call', action });
  };

  const atSource = (): Account => source.account(user);
  const atTarget = (): Account => target.account(user);

  describe.each([
    ['with UIDPLUS', allCapabilities, 3],
    // One message at a time.
    ['without UIDPLUS', poor, 13],
  ])('%s', (_, capabilities, middle) => {
    it.each([
      ['left alone', () => undefined],
      ['made anew at the source with the same messages', () => void anew(atSource(), 'Able', true)],
      ['renumbered at the source', () => void Object.assign(atSource().mailbox('Able') ?? {}, { uidValidity: 777 })],
      ['renamed at the source', () => atSource().rename('Able', 'Zebra')],
      [
        'made anew at the source with other messages',
        () => {
          const mailbox = anew(atSource(), 'Able', false);
          for (let at = 0; at < 10; at += 1) mailbox.add(message(`other ${String(at)}`));
          // Some that it had, too.
          for (let at = 5; at < 9; at += 1) mailbox.add(message(`Able ${String(at)}`));
        },
      ],
    ])('ends well by itself when it is %s', async (_name, happens) => {
      await start({}, capabilities);
      whenStored('Able', middle, happens);

      const first = await run();
      // What happened after its last message had been read is seen by the next pass.
      await harness.beginPass('incremental');
      const job = await run();

      expect(first).toMatchObject({ status: 'Synced', error: null, green: true });
      expect(job).toMatchObject({ status: 'Synced', error: null, green: true });
      const folder = atSource().mailbox('Zebra') === undefined ? 'Able' : 'Zebra';
      const wanted = inFolder(atSource(), folder);
      // What the source has is there as often as the source has it; what it had is not removed.
      const there = inFolder(atTarget(), folder);
      expect(there.filter((text) => wanted.includes(text))).toEqual(wanted);
      for (const name of ['INBOX', 'Baker']) expect(inFolder(atTarget(), name)).toEqual(inFolder(atSource(), name));
    });

    it.each([
      ['made anew at the target, empty', () => void anew(atTarget(), 'Able', false)],
      ['made anew at the target with what it held', () => void anew(atTarget(), 'Able', true)],
      ['renumbered at the target', () => void Object.assign(atTarget().mailbox('Able') ?? {}, { uidValidity: 777 })],
      ['deleted at the target', () => void atTarget().delete('Able')],
      ['renamed at the target', () => atTarget().rename('Able', 'Mine')],
    ])('ends well by itself when it is %s', async (_name, happens) => {
      await start({}, capabilities);
      whenStored('Able', middle, happens);

      const job = await run();

      expect(job).toMatchObject({ status: 'Synced', error: null, green: true, items: { copied: 3 * (perFolder + 1) } });
      expect(held(atTarget())).toEqual(held(atSource()));
    });
  });

  it('is left out when it is deleted at the source, and its mailbox ends well', async () => {
    await start();
    whenStored('Able', 3, () => void atSource().delete('Able'));

    const job = await run();

    expect(job).toMatchObject({ status: 'Synced', error: null, green: true, items: { copied: 2 * (perFolder + 1) } });
    for (const name of ['INBOX', 'Baker']) expect(inFolder(atTarget(), name)).toEqual(inFolder(atSource(), name));
  });

  it('is not copied twice when it is emptied into another one and deleted at the source', async () => {
    await start();
    whenStored('Able', 3, () => {
      const messages = atSource().mailbox('Able')?.messages ?? [];
      atSource().create('Trash').addAll(messages);
      atSource().delete('Able');
    });

    const job = await run();

    expect(job).toMatchObject({ status: 'Synced', error: null, green: true });
    expect(held(atTarget())).toEqual(held(atSource()));
  });

  it('is followed when it is renamed at the target and one with the old name is made, which got a page already', async () => {
    await start();
    whenStored('Able', 3, () => {
      atTarget().rename('Able', 'Mine');
      atTarget().create('Able');
    });

    const job = await run();

    expect(job).toMatchObject({ status: 'Synced', error: null, green: true, items: { copied: 3 * (perFolder + 1) } });
    expect(held(atTarget())).toEqual(held(atSource()));
    expect(inFolder(atTarget(), 'Mine')).toEqual(inFolder(atSource(), 'Able'));
  });

  it('ends well when both sides and several folders change, one after the other', async () => {
    await start();
    whenStored('INBOX', 2, () => void Object.assign(atSource().mailbox('INBOX') ?? {}, { uidValidity: 700 }));
    whenStored('Able', 2, () => atTarget().rename('Able', 'Mine'));
    whenStored('Baker', 4, () => void anew(atTarget(), 'Baker', true));

    const job = await run();

    expect(job).toMatchObject({ status: 'Synced', error: null, green: true, items: { copied: 3 * (perFolder + 1) } });
    expect(held(atTarget())).toEqual(held(atSource()));
  });

  it('doubles nothing when the connection is lost in the same moment and the page is stored late', async () => {
    await start();
    let seen = 0;
    target.plan.when((event) => event.kind === 'store' && event.mailbox === 'Able' && (seen += 1) === 2, {
      do: 'cut-and-store-later',
      ms: 300,
    });
    source.plan.when((event) => event.kind === 'command' && seen === 2, {
      do: 'call',
      action: () => void Object.assign(atSource().mailbox('Able') ?? {}, { uidValidity: 777 }),
    });

    const job = await run();

    expect(job).toMatchObject({ status: 'Synced', error: null, green: true, items: { copied: 3 * (perFolder + 1) } });
    expect(held(atTarget())).toEqual(held(atSource()));
  });

  it('is written again by nobody who deleted it at the target where users are at work', async () => {
    await start({ usersAtWork: true });
    whenStored('Able', 5, () => void atTarget().delete('Able'));

    const job = await run();

    const there = inFolder(atTarget(), 'Able').length;
    expect(job).toMatchObject({ status: 'Synced', green: true, items: { copied: 3 * (perFolder + 1) } });
    expect(there).toBeGreaterThan(0);
    expect(there).toBeLessThan(perFolder + 1);
  });

  it('fails with its code when it never holds still', async () => {
    await start();
    let number = 5_000;
    target.plan.when(
      (event) =>
        event.kind === 'command' && ['STATUS', 'EXAMINE', 'SELECT'].includes(event.name) && event.line.includes('Able'),
      {
        do: 'call',
        action: () => void Object.assign(atTarget().mailbox('Able') ?? {}, { uidValidity: (number += 1) }),
      },
      Infinity,
    );

    const job = await run();

    expect(job).toMatchObject({ status: 'Failed', error: { code: 'FOLDER_CHANGED', kind: 'MailboxBlockedError' } });
    // Started again when it does hold still, it ends well.
    target.plan.forget();
    await harness.store.saveJob({ ...job, status: 'Queued', error: null });
    expect(await run()).toMatchObject({ status: 'Synced', green: true });
    expect(held(atTarget())).toEqual(held(atSource()));
  });

  it('fails with its code when it cannot be opened although it is there', async () => {
    await start();
    const refusal = { do: 'answer', status: 'NO', text: 'cannot be opened' } as const;
    source.plan.when(
      (event) => event.kind === 'command' && event.name === 'EXAMINE' && event.line.includes('INBOX'),
      refusal,
      Infinity,
    );

    const job = await run();

    expect(job).toMatchObject({ status: 'Failed', error: { code: 'FOLDER_CHANGED', kind: 'MailboxBlockedError' } });
    source.plan.forget();
    await harness.store.saveJob({ ...job, status: 'Queued', error: null });
    expect(await run()).toMatchObject({ status: 'Synced', green: true });
    expect(held(atTarget())).toEqual(held(atSource()));
  });
});
