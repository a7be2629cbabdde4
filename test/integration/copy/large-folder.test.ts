import { expect, it } from '@jest/globals';
import { DovecotCopies } from '../../support/copy/dovecot-copies.ts';
import { watchCopy } from '../../support/copy/watch-copy.ts';
import { describeWithDovecot } from '../../support/dovecot/describe-with-dovecot.ts';
import { fillFolder } from '../../support/mail/fill-folder.ts';

const user = 'large@contoso.test';
const password = 'pw';
/** Few large files instead of one a message. */
const storage = { users: { [user]: password }, extraConfig: 'mail_location = mdbox:~/mdbox\n' };
const messages = 21_000;
const passItemLimit = 4096;

/** `node bench/large-folder.ts` does the same with 500,000 messages, and looks at time and memory. */
describeWithDovecot('A folder of very many messages', () => {
  const copies = new DovecotCopies(storage);

  it('is listed in parts, and what is kept between pages does not grow', async () => {
    const { imapPort } = copies.source;
    await fillFolder({ port: imapPort, user, password, folder: 'INBOX', messages, octets: 400 });
    const harness = await copies.open(user);
    const { commits, listings } = watchCopy(harness);

    const job = await harness.run(user);

    expect(job).toMatchObject({ status: 'Synced', green: true, items: { copied: messages } });
    expect(listings.largest).toBeLessThanOrEqual(messages / 2);
    expect(listings.calls).toBeGreaterThanOrEqual(8);
    const sizes = commits.map(({ passItem }) => passItem);
    expect(Math.max(...sizes)).toBeLessThan(passItemLimit);
    const early = Math.max(...commits.filter(({ items }) => items <= messages / 2).map(({ passItem }) => passItem));
    const late = Math.max(...commits.filter(({ items }) => items > messages / 2).map(({ passItem }) => passItem));
    // Numbers get longer, nothing gets more.
    expect(late).toBeLessThan(early + 100);
    expect(await copies.differences(user)).toEqual([]);
  });
});
