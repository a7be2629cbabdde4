import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import { copySlice } from '../../../shared/application/copy/copy-slice.ts';
import type { MailboxJob } from '../../../shared/domain/mailbox-job.ts';
import type { MailSource } from '../../../shared/ports/mail-source.ts';
import { CopyHarness } from '../../support/copy/copy-harness.ts';
import { describeWithDovecot } from '../../support/dovecot/describe-with-dovecot.ts';
import { DovecotServer } from '../../support/dovecot/dovecot-server.ts';
import { generateMailbox } from '../../support/mail/generate-mailbox.ts';
import { seedMailbox } from '../../support/mail/seed-mailbox.ts';
import { snapshotDovecot } from '../../support/mail/snapshot-mailbox.ts';

const password = 'pw';
const names = Array.from({ length: 8 }, (_, at) => `moving${String(at)}@contoso.test`);
const users = Object.fromEntries(names.map((name) => [name, password]));
const pages = { items: 40, octets: 1 << 20, inFlight: 3, listing: 100 };

/** A source on which something happens, once, before the n-th reading of bodies. */
function beforeReading(inner: MailSource, nth: number, happens: () => Promise<unknown>): MailSource {
  let readings = 0;
  return {
    open: async (credentials, signal) => {
      const mailbox = await inner.open(credentials, signal);
      return new Proxy(mailbox, {
        get: (_, name) => {
          if (name === 'readItems') {
            return async (...args: Parameters<typeof mailbox.readItems>) => {
              readings += 1;
              if (readings === nth) await happens();
              return mailbox.readItems(...args);
            };
          }
          const value: unknown = Reflect.get(mailbox, name, mailbox);
          return typeof value === 'function' ? (value.bind(mailbox) as unknown) : value;
        },
      });
    },
  };
}

describeWithDovecot('A folder of a Dovecot that changes while it is copied', () => {
  let source: DovecotServer;
  let target: DovecotServer;
  let harness: CopyHarness | undefined;

  beforeAll(async () => {
    source = await DovecotServer.start({ users, fsync: 'never' });
    target = await DovecotServer.start({ users, fsync: 'never' });
  });

  afterEach(() => {
    harness?.close();
    harness = undefined;
  });

  afterAll(async () => {
    await source.stop();
    await target.stop();
  });

  const copyWhile = async (
    user: string,
    happens: (server: { readonly source: DovecotServer; readonly target: DovecotServer }) => Promise<unknown>,
  ): Promise<MailboxJob> => {
    seedMailbox(source, user, generateMailbox({ seed: 61, folders: 1, messages: 400 }));
    await source.doveadm(['mailbox', 'create', '-u', user, 'Box']);
    await source.doveadm(['move', '-u', user, 'Box', 'mailbox', 'INBOX', 'seen']);
    const opened = await CopyHarness.open({ source, target, mailbox: user, password });
    harness = opened;
    const { mailSource } = opened.services;
    const inMotion = new Map<string, MailSource>();
    const services = {
      ...opened.services,
      mailSource: (endpoint: Parameters<typeof mailSource>[0]) => {
        const known = inMotion.get(endpoint.name);
        const made = known ?? beforeReading(mailSource(endpoint), 5, () => happens({ source, target }));
        inMotion.set(endpoint.name, made);
        return made;
      },
    };
    for (let at = 0; at < 60; at += 1) {
      const input = { mailbox: user, row: 1, batch: 'b', pass: 'initial' as const, run: 1, slice: 1, waits: 0 };
      const { signal } = new AbortController();
      const output = await copySlice(services, input, { remainingMs: () => 3_600_000, signal, pages });
      if (output.outcome === 'waiting') await services.clock.sleep(Math.min(output.waitSeconds * 1000, 500));
      if (output.outcome === 'more' || output.outcome === 'waiting') continue;
      const job = await opened.store.getJob('b', user);
      if (job !== undefined) return job;
    }
    throw new Error('The mailbox does not come to rest');
  };

  /** How often the mailbox's one pass was planned. */
  const plansOf = async ({ pairId }: MailboxJob): Promise<number> => {
    let plans = 0;
    for await (const key of harness?.services.objects.list(`ledger/${pairId ?? ''}/`) ?? []) {
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
      const happens = (): Promise<string> => (side === 'source' ? source : target).doveadm(command(user));

      const job = await copyWhile(user, happens);

      expect(job).toMatchObject({ status: 'Synced', error: null, green: true, items: { copied: 400 } });
      expect(await messagesOf(target, user)).toEqual(await messagesOf(source, user));
      expect(await plansOf(job)).toBeGreaterThan(1);
    },
    60_000,
  );
});
