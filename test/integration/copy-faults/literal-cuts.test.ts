import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { CopyHarness } from '../../support/copy/copy-harness.ts';
import { describeWithDovecot } from '../../support/dovecot/describe-with-dovecot.ts';
import { DovecotServer } from '../../support/dovecot/dovecot-server.ts';
import { diffMailboxes } from '../../support/mail/diff-mailboxes.ts';
import { generateMailbox } from '../../support/mail/generate-mailbox.ts';
import { Random } from '../../support/mail/random.ts';
import { seedMailbox } from '../../support/mail/seed-mailbox.ts';
import { snapshotDovecot } from '../../support/mail/snapshot-mailbox.ts';
import { TcpFaultProxy } from '../../support/tcp-fault-proxy.ts';

const password = 'pw';
const messages = 300;
const bytes = 3_000_000;
const cuts = 12;
/** Another one gives other places. */
const seed = process.env['STAGECOACH_TEST_SEED'] ?? 'literal-cuts';

const targets = [
  { name: 'everything', capability: undefined },
  {
    name: 'no MULTIAPPEND',
    capability: 'IMAP4rev1 NAMESPACE SPECIAL-USE LIST-EXTENDED LITERAL+ UIDPLUS MOVE CONDSTORE',
  },
  { name: 'neither LITERAL+ nor UIDPLUS', capability: 'IMAP4rev1 NAMESPACE SPECIAL-USE LIST-EXTENDED MULTIAPPEND' },
] as const;
const sides = ['source', 'target'] as const;
const cases = targets.flatMap((target) => sides.map((side) => ({ ...target, side })));
const userOf = (at: number): string => `cut${String(at)}@contoso.test`;
const users = Object.fromEntries(cases.map((_, at) => [userOf(at), password]));

describeWithDovecot('A line that is cut within literals', () => {
  let source: DovecotServer;
  const servers = new Map<string, DovecotServer>();

  beforeAll(async () => {
    source = await DovecotServer.start({ users, fsync: 'never' });
    for (const { name, capability } of targets) {
      const options = { users, fsync: 'never' as const, ...(capability === undefined ? {} : { capability }) };
      servers.set(name, await DovecotServer.start(options));
    }
  });

  afterAll(async () => {
    await Promise.all([source.stop(), ...[...servers.values()].map((server) => server.stop())]);
  });

  it.each(cases.map((one, at) => ({ ...one, user: userOf(at) })))(
    `leaves each message at the target once: a target that offers $name, the line to the $side (seed ${seed})`,
    async ({ name, side, user }) => {
      const target = servers.get(name);
      if (target === undefined) throw new Error('no target');
      const mailbox = generateMailbox({ seed: user, folders: 4, messages, bytes, ugly: true, huge: 0 });
      const sizes = mailbox.folders.flatMap((folder) => folder.messages.map((message) => message.stored().length));
      // Enough to sign in, list what is open (FLAGS, INTERNALDATE and RFC822.SIZE: about 100 octets a message) and get the
      // largest message through: one at which every attempt ends is given up.
      const least = 20_000 + 120 * messages + Math.max(...sizes);
      seedMailbox(source, user, mailbox);
      const line = await TcpFaultProxy.start(side === 'source' ? source.imapPort : target.imapPort);
      const ends =
        side === 'source' ? { source: { imapPort: line.port }, target } : { source, target: { imapPort: line.port } };
      const harness = await CopyHarness.open({ ...ends, mailbox: user, password });
      const random = new Random(`${seed}/${user}`);
      // The literals of mail go to the target, and come from the source.
      const direction = side === 'source' ? 'to-client' : 'to-server';
      let job = await harness.store.getJob('b', user);
      let cut = 0;
      for (; cut < cuts && job?.passDone !== 1; cut += 1) {
        const before = line.counters().cuts;
        line.cut({
          direction,
          afterBytes: least + random.between(0, 150_000),
          style: random.chance(0.5) ? 'reset' : 'close',
        });
        while (line.counters().cuts === before && job?.passDone !== 1) {
          const { waitSeconds } = await harness.slice(user);
          await harness.services.clock.sleep(waitSeconds * 1000);
          job = await harness.store.getJob('b', user);
        }
      }
      line.heal();

      const end = await harness.run(user);
      harness.close();
      await line.stop();

      expect(line.counters().cuts).toBeGreaterThanOrEqual(3);
      expect(end).toMatchObject({
        status: 'Synced',
        green: true,
        error: null,
        items: { total: messages, copied: messages },
      });
      expect(diffMailboxes(await snapshotDovecot(source, user), await snapshotDovecot(target, user))).toEqual([]);
    },
  );
});
