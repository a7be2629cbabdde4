import { expect, it } from '@jest/globals';
import type { CopyHarness } from '../../support/copy/copy-harness.ts';
import { DovecotCopies } from '../../support/copy/dovecot-copies.ts';
import { deliver, letter } from '../../support/copy/letters.ts';
import { describeWithDovecot } from '../../support/dovecot/describe-with-dovecot.ts';
import type { DovecotServer } from '../../support/dovecot/dovecot-server.ts';
import { snapshotDovecot } from '../../support/mail/snapshot-mailbox.ts';

const users = { 'ann@contoso.test': 'pw', 'bob@contoso.test': 'pw' };
describeWithDovecot('A doubtful item', () => {
  const copies = new DovecotCopies({ users });

  async function aDoubt(user: string): Promise<CopyHarness> {
    await deliver(copies.source, user, [letter('letter', 'the whole text'), letter('other', 'x')]);
    await deliver(copies.target, user, [letter('letter', 'half the te')]);
    const harness = await copies.open(user);
    const job = await harness.run(user);
    expect(job).toMatchObject({ green: false, items: { copied: 1, doubtful: 1, total: 2 } });
    return harness;
  }

  it('stays one in later passes, and is copied once somebody decides so', async () => {
    const user = 'ann@contoso.test';
    const harness = await aDoubt(user);

    await harness.beginPass('incremental');
    const still = await harness.run(user);
    await harness.store.saveJob({ ...still, copyDoubtful: true });
    await harness.beginPass('incremental');
    const decided = await harness.run(user);
    await harness.beginPass('incremental');
    const after = await harness.run(user);

    expect(still).toMatchObject({ green: false, items: { copied: 1, doubtful: 1, total: 2 } });
    expect(decided).toMatchObject({
      green: true,
      copyDoubtful: false,
      items: { copied: 2, doubtful: 0, failed: 0, total: 2 },
    });
    expect(after).toMatchObject({ green: true, items: { copied: 2, total: 2 } });
    // What made the doubt is not ours and stays.
    expect(await copies.inInbox(copies.target, user)).toBe(3);
  });

  it('is told from another version of it that is of the same size, once it is to be copied', async () => {
    const user = 'bob@contoso.test';
    const versions = [letter('letter', 'version one'), letter('letter', 'version two')];
    await deliver(copies.source, user, versions);
    await deliver(copies.target, user, [letter('letter', 'half the te')]);
    const harness = await copies.open(user);
    const job = await harness.run(user);
    expect(job).toMatchObject({ items: { copied: 1, doubtful: 1, total: 2 } });

    await harness.store.saveJob({ ...job, copyDoubtful: true });
    await harness.beginPass('incremental');
    const decided = await harness.run(user);

    expect(decided).toMatchObject({ green: true, items: { copied: 2, doubtful: 0, total: 2 } });
    const digests = async (server: DovecotServer): Promise<readonly string[]> =>
      ((await snapshotDovecot(server, user)).get('INBOX')?.messages ?? []).map(({ sha256 }) => sha256).sort();
    expect(await digests(copies.target)).toEqual(expect.arrayContaining([...(await digests(copies.source))]));
    expect(new Set(await digests(copies.target)).size).toBe(3);
  });
});
