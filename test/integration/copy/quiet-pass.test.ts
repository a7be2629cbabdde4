import { expect, it } from '@jest/globals';
import { DovecotCopies } from '../../support/copy/dovecot-copies.ts';
import { describeWithDovecot } from '../../support/dovecot/describe-with-dovecot.ts';
import { generateMailbox } from '../../support/mail/generate-mailbox.ts';
import { seedMailbox } from '../../support/mail/seed-mailbox.ts';

const password = 'pw';
const small = 'small@contoso.test';
const large = 'large@contoso.test';
const users = { [small]: password, [large]: password };
const folders = 40;
/** Sign-in with what follows it, folder lists, states, LOGOUT. */
const handful = 12;

interface Pass {
  readonly roundTrips: { readonly source: number; readonly target: number };
  readonly octets: number;
  readonly objects: readonly string[];
}

describeWithDovecot('A pass over a mailbox in which nothing changed', () => {
  const copies = new DovecotCopies({ users });

  /** Copies the mailbox, then counts what a second pass asks of both servers and of the object store. */
  async function secondPass(user: string, messages: number): Promise<Pass> {
    seedMailbox(copies.source, user, generateMailbox({ seed: user, folders, messages, bytes: messages * 2_000 }));
    const [atSource, atTarget] = [await copies.line(copies.source), await copies.line(copies.target)];
    const lines = [atSource, atTarget];
    const harness = await copies.open(user, {
      source: { imapPort: atSource.port },
      target: { imapPort: atTarget.port },
    });
    expect(await harness.run(user)).toMatchObject({ status: 'Synced', green: true, items: { copied: messages } });
    const objects: string[] = [];
    const store = harness.services.objects;
    const get = store.get.bind(store);
    store.get = (key, version) => {
      objects.push(key);
      return get(key, version);
    };
    const before = lines.map((line) => line.counters());
    await harness.beginPass('incremental');

    const job = await harness.run(user);

    const after = lines.map((line) => line.counters());
    const more = (what: 'roundTrips' | 'bytesToClient', at: number) =>
      (after[at]?.[what] ?? 0) - (before[at]?.[what] ?? 0);
    expect(job).toMatchObject({ status: 'Synced', green: true, items: { copied: messages, total: messages } });
    return {
      roundTrips: { source: more('roundTrips', 0), target: more('roundTrips', 1) },
      octets: more('bytesToClient', 0) + more('bytesToClient', 1),
      objects,
    };
  }

  it('takes a handful of round trips over 40 folders, and walks no ledger', async () => {
    const pass = await secondPass(small, 400);

    expect(pass.roundTrips.source).toBeLessThanOrEqual(handful);
    expect(pass.roundTrips.target).toBeLessThanOrEqual(handful);
    // The index of the pass before, and this pass's plan; no segment, and no folder's records.
    expect(pass.objects.length).toBeLessThanOrEqual(3);
    for (const key of pass.objects) expect(key).toMatch(/\/(plan|index-\d+)\.json$/);
  });

  it('takes no more where the mailbox holds ten times as many messages', async () => {
    const pass = await secondPass(large, 4_000);

    expect(pass.roundTrips.source).toBeLessThanOrEqual(handful);
    expect(pass.roundTrips.target).toBeLessThanOrEqual(handful);
    expect(pass.objects.length).toBeLessThanOrEqual(3);
    // Nothing is said of a message: 40 folders are 12 KB on either side, and ten octets a message would be 80 KB.
    expect(pass.octets).toBeLessThan(40_000);
  });
});
