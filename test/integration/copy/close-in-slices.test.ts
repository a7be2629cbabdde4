import { afterEach, describe, expect, it } from '@jest/globals';
import { copySlice } from '../../../shared/application/copy/copy-slice.ts';
import type { MailboxJob } from '../../../shared/domain/mailbox-job.ts';
import { CopyHarness } from '../../support/copy/copy-harness.ts';
import { ScriptedImapServer } from '../../support/scripted-imap-server/scripted-imap-server.ts';

const user = 'alice@contoso.test';
const password = 'pw';
const folders = 40;
const inInbox = 1_200;
const all = inInbox + folders;

describe('Closing a mailbox that takes longer than a slice', () => {
  let source: ScriptedImapServer;
  let target: ScriptedImapServer;
  let harness: CopyHarness;

  const start = async (): Promise<void> => {
    source = await ScriptedImapServer.start({ users: { [user]: password } });
    target = await ScriptedImapServer.start({ users: { [user]: password } });
    const account = source.account(user);
    const message = (text: string) => ({
      octets: Buffer.from(`Message-ID: <${text}@contoso.test>\r\n\r\nbody ${text}\r\n`),
      internalDate: '17-Jul-2020 02:44:25 +0000',
    });
    account.mailbox('INBOX')?.addAll(Array.from({ length: inInbox }, (_, at) => message(String(at))));
    for (let at = 0; at < folders; at += 1) account.create(`Folder ${String(at)}`).add(message(`in ${String(at)}`));
    harness = await CopyHarness.open({ source, target, mailbox: user, password, options: { verify: 'full' } });
  };

  afterEach(async () => {
    harness.close();
    await source.stop();
    await target.stop();
  });

  /** A slice that is told after so many questions that its time is up. */
  const shortSlice = (questions: number): ReturnType<typeof copySlice> => {
    let left = questions;
    const remainingMs = (): number => {
      left -= 1;
      return left < 0 ? 0 : 3_600_000;
    };
    const input = { mailbox: user, row: 1, batch: 'b', pass: 'initial' as const, run: 1, slice: 1, waits: 0 };
    return copySlice(harness.services, input, { remainingMs, signal: new AbortController().signal });
  };

  /** Short slices to the end; how many of them did nothing but close. */
  const inShortSlices = async (): Promise<{ readonly job: MailboxJob | undefined; readonly closing: number }> => {
    let closing = 0;
    for (let slices = 0; slices < 200; slices += 1) {
      const { pairId = null } = (await harness.store.getJob('b', user)) ?? {};
      const pair = pairId === null ? undefined : await harness.store.getPair(pairId);
      const phase = pair?.pass?.phase;
      const output = await shortSlice(phase === 'close' ? 0 : 3).catch(() => undefined);
      if (phase === 'close') closing += 1;
      if (output !== undefined && !['more', 'waiting'].includes(output.outcome)) {
        expect(output.outcome).toBe('done');
        return { job: await harness.store.getJob('b', user), closing };
      }
    }
    throw new Error('The mailbox does not come to rest');
  };

  const bodiesRead = (): number =>
    target.plan.events.filter((event) => event.kind === 'literal-out' && event.at === 'end').length;

  it('goes on where the last slice stood, and reads nothing twice', async () => {
    await start();

    const { job, closing } = await inShortSlices();

    expect(job).toMatchObject({
      status: 'Synced',
      green: true,
      items: { copied: all },
      verification: { checked: all },
    });
    expect(closing).toBeGreaterThan(3);
    expect(bodiesRead()).toBe(all);
  }, 60_000);

  it('comes to the same end in one slice', async () => {
    await start();
    const { job } = await inShortSlices();
    await harness.store.release(`pair/${job?.pairId ?? ''}`, 'b');
    harness.close();
    harness = await CopyHarness.open({ source, target, mailbox: user, password, options: { verify: 'full' } });

    const again = await harness.run(user);

    // Another state, so everything is at the target already: the digests speak of the same octets.
    expect(again).toMatchObject({ status: 'Synced', green: true, items: { copied: all } });
    expect(again.verification?.digest).toBe(job?.verification?.digest);
  }, 60_000);

  it('finds what was altered although the folder was read in several slices, and names it once', async () => {
    await start();
    let closing = false;
    const savePair = harness.store.savePair.bind(harness.store);
    harness.store.savePair = async (pair, head) => {
      // As soon as all is copied, two messages are altered behind our back: one of the first slice, one of a later one.
      if (pair.pass?.phase === 'close' && !closing) {
        closing = true;
        const inbox = target.account(user).mailbox('INBOX');
        for (const at of [0, inInbox - 1]) {
          const message = inbox?.messages[at];
          if (message !== undefined) Object.assign(message, { octets: Buffer.from(message.octets.map((o) => o ^ 1)) });
        }
      }
      return savePair(pair, head);
    };

    const { job } = await inShortSlices();

    expect(job).toMatchObject({ status: 'Synced', green: false, error: { code: 'VERIFICATION_FAILED' } });
    expect(await harness.verification(job ?? { verification: null })).toMatchObject({
      differencesTotal: 2,
      differences: [{ kind: 'altered' }, { kind: 'altered' }],
    });
  }, 60_000);

  it('may be killed before and after each note of what is done: the step that runs twice comes to the same end', async () => {
    await start();
    const savePair = harness.store.savePair.bind(harness.store);
    let notes = 0;
    harness.store.savePair = async (pair, head) => {
      const notesProgress = typeof pair.pass?.closing === 'string' && pair.leaseUntil > 0;
      if (notesProgress) notes += 1;
      const killed = new Error('killed');
      // Every other note is lost with its worker, or is the last thing the worker did.
      if (notesProgress && notes % 4 === 1) throw killed;
      const saved = await savePair(pair, head);
      if (notesProgress && notes % 4 === 3) throw killed;
      return saved;
    };
    // Leases of killed workers end at once.
    const takeLease = harness.store.takeLease.bind(harness.store);
    harness.store.takeLease = (request) =>
      takeLease({ ...request, now: request.now + 3_600_000, leaseUntil: request.leaseUntil });

    const { job } = await inShortSlices();

    expect(notes).toBeGreaterThan(4);
    expect(job).toMatchObject({
      status: 'Synced',
      green: true,
      items: { copied: all },
      verification: { checked: all },
    });
  }, 60_000);
});
