import { describe, expect, it } from '@jest/globals';
import { ImapPage } from '../../../shared/adapters/graph/imap/imap-page.ts';
import type { ItemEnvelope } from '../../../shared/domain/mail.ts';
import type { PageWriter } from '../../../shared/ports/mail-target.ts';

/** What an IMAP server was given. */
class Appended implements PageWriter {
  readonly envelopes: ItemEnvelope[] = [];

  begin(envelope: ItemEnvelope): void {
    this.envelopes.push(envelope);
  }

  write(): void {
    return undefined;
  }

  end(): void {
    return undefined;
  }

  finish(): ReturnType<PageWriter['finish']> {
    return Promise.resolve(this.envelopes.map((_, at) => ({ outcome: 'written', uid: at + 1, uidValidity: 1 })));
  }
}

async function write(page: ImapPage, flags: readonly string[]): Promise<void> {
  const octets = Buffer.from('Subject: one\r\n\r\ntext\r\n');
  page.begin({ internalDate: '01-Mar-2019 10:00:00 +0000', flags, size: octets.length });
  page.write(octets);
  await page.end();
}

describe('a page that is written to Exchange Online by IMAP', () => {
  it('gives a message its flag with the APPEND, so that a connection that is lost behind it does not lose the flag', async () => {
    const inner = new Appended();
    const page = new ImapPage(inner, { flagAnew: () => Promise.reject(new Error('the connection broke off')) });
    await write(page, ['\\Seen', '\\Flagged', '\\Recent', '$label1']);
    await expect(page.finish()).rejects.toThrow('the connection broke off');
    expect(inner.envelopes.map(({ flags }) => flags)).toEqual([['\\Seen', '\\Flagged']]);
  });

  it('flags anew those that are flagged, and no others', async () => {
    const flagged: (readonly number[])[] = [];
    const flagAnew = (uids: readonly number[]): Promise<void> => {
      flagged.push(uids);
      return Promise.resolve();
    };
    const page = new ImapPage(new Appended(), { flagAnew });
    await write(page, []);
    await write(page, ['\\flagged']);
    await page.finish();
    expect(flagged).toEqual([[2]]);
  });
});
