import { expect, it } from '@jest/globals';
import type { MailboxJob } from '../../../shared/domain/mailbox-job.ts';
import { beforeReading } from '../../support/copy/before-reading.ts';
import type { CopyHarness } from '../../support/copy/copy-harness.ts';
import { DovecotCopies } from '../../support/copy/dovecot-copies.ts';
import { describeWithDovecot } from '../../support/dovecot/describe-with-dovecot.ts';
import type { DovecotServer } from '../../support/dovecot/dovecot-server.ts';
import { generateMailbox } from '../../support/mail/generate-mailbox.ts';
import { seedMailbox } from '../../support/mail/seed-mailbox.ts';
import { snapshotDovecot } from '../../support/mail/snapshot-mailbox.ts';

const password = 'pw';
const names = Array.from({ length: 8 }, (_, at) => `moving${String(at)}@contoso.test`);
const users = Object.fromEntries(names.map((name) => [name, password]));
const pages = { items: 40, octets: 1 << 20, inFlight: 3, listing: 100 };

describeWithDovecot('A folder of a Dovecot that changes while it is copied', () => {
  const copies = new DovecotCopies({ users });

  const copyWhile = async (user: string, happens: () => Promise<unknown>) => {
    seedMailbox(copies.source, user, generateMailbox({ seed: 61, folders: 1, messages: 400 }));
    await copies.source.doveadm(['mailbox', 'create', '-u', user, 'Box']);
    await copies.source.doveadm(['move', '-u', user, 'Box', 'mailbox', 'INBOX', 'seen']);
    const harness = await copies.open(user, { pages });
    beforeReading(harness, 5, happens);
    return { harness, job: await harness.run(user) };
  };

  /** How often the mailbox's one pass was planned. */
  const plansOf = async ({ services }: CopyHarness, { pairId }: MailboxJob): Promise<number> => {
    let plans = 0;
    for await (const key of services.objects.list(`ledger/${pairId ?? ''}/`)) {
      if (key.endsWith('/plan.json')) plans += 1;
    }
    return plans;
  };

  /** Every message of the mailbox, in whatever folder. */
  const messagesOf = async (server: DovecotServer, user: string): Promise<string[]> => {
    const folders = [...(await snapshotDovecot(server, user)).values()];
    return folders
      .flatMap(({ messages }) => messages.map(({ sha256, internalDate }) => `${sha256} ${String(internalDate)}`))
      .sort();
  };

  it.each([
    [
      'renumbered at the source',
      0,
      (user: string) => ['mailbox', 'update', '--uid-validity', '777777', '-u', user, 'Box'],
      'source',
    ],
    [
      'renumbered at the target',
      1,
      (user: string) => ['mailbox', 'update', '--uid-validity', '777777', '-u', user, 'Box'],
      'target',
    ],
    ['renamed at the source', 2, (user: string) => ['mailbox', 'rename', '-u', user, 'Box', 'Moved'], 'source'],
    ['renamed at the target', 3, (user: string) => ['mailbox', 'rename', '-u', user, 'Box', 'Moved'], 'target'],
    ['deleted at the target', 4, (user: string) => ['mailbox', 'delete', '-u', user, 'Box'], 'target'],
  ] as const)(
    'ends well by itself, and exactly once, when it is %s',
    async (_, at, command, side) => {
      const user = names[at] ?? '';
      const happens = (): Promise<string> => copies[side].doveadm(command(user));

      const { harness, job } = await copyWhile(user, happens);

      expect(job).toMatchObject({ status: 'Synced', error: null, green: true, items: { copied: 400 } });
      expect(await messagesOf(copies.target, user)).toEqual(await messagesOf(copies.source, user));
      expect(await plansOf(harness, job)).toBeGreaterThan(1);
    },
    60_000,
  );

  it("is known when it and another one took each other's names, without OBJECTID, and only renamed at the target", async () => {
    const user = names[5] ?? '';
    seedMailbox(copies.source, user, generateMailbox({ seed: 62, folders: 1, messages: 90 }));
    const doveadm = (command: string, ...more: readonly string[]): Promise<string> =>
      copies.source.doveadm(['mailbox', command, '-u', user, ...more]);
    for (const name of ['Able', 'Baker', 'Baker/Child']) await doveadm('create', name);
    await copies.source.doveadm(['move', '-u', user, 'Able', 'mailbox', 'INBOX', 'seen']);
    await copies.source.doveadm(['copy', '-u', user, 'Baker/Child', 'mailbox', 'Able', 'all']);
    const harness = await copies.open(user, { pages });
    expect(await harness.run(user)).toMatchObject({ green: true });
    const guids = async (): Promise<Readonly<Record<string, string>>> => {
      const lines = await copies.target.doveadm(['-f', 'tab', 'mailbox', 'status', '-u', user, 'guid', '*']);
      const rows = lines.trim().split('\n').slice(1);
      return Object.fromEntries(rows.map((row) => row.split('\t') as [string, string]));
    };
    const before = await guids();
    await doveadm('rename', 'Able', 'In between');
    await doveadm('rename', 'Baker', 'Able');
    await doveadm('rename', 'In between', 'Baker');
    await harness.beginPass('incremental');

    const job = await harness.run(user);

    expect(job).toMatchObject({ status: 'Synced', error: null, green: true, renamedFolders: [] });
    expect(await messagesOf(copies.target, user)).toEqual(await messagesOf(copies.source, user));
    expect(await guids()).toEqual({
      ...Object.fromEntries(Object.entries(before).filter(([name]) => name !== 'Baker/Child')),
      Able: before['Baker'],
      'Able/Child': before['Baker/Child'],
      Baker: before['Able'],
    });
  }, 60_000);
});
