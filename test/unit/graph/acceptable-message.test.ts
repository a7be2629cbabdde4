import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import PostalMime from 'postal-mime';
import { acceptableMessage, longestLine } from '../../../shared/adapters/graph/imap/acceptable-message.ts';
import { rewriteLongLines } from '../../../shared/adapters/graph/imap/long-lines.ts';

const message = (...lines: readonly string[]): Buffer => Buffer.from(lines.join('\r\n'));
const longestOf = (octets: Buffer): number =>
  Math.max(
    ...octets
      .toString('latin1')
      .split('\r\n')
      .map((line) => line.length),
  );
const long = 'Grüße und '.repeat(2_000);

describe('a message for Exchange Online', () => {
  it('is left as it is where nothing is wrong with it', () => {
    const octets = message('Subject: well', '', 'text', '');
    expect(acceptableMessage(octets)).toEqual({ octets, changes: [] });
    expect(acceptableMessage(octets).octets).toBe(octets);
  });

  it('asks for no read receipt any more, and no other line of it changes', () => {
    const octets = message(
      'Subject: x',
      'disposition-notification-to: a@b.test',
      '',
      'Disposition-Notification-To: text',
    );
    const { octets: sent, changes } = acceptableMessage(octets);
    expect(sent.toString()).toBe(
      'Subject: x\r\nX-Stagecoach-disposition-notification-to: a@b.test\r\n\r\nDisposition-Notification-To: text',
    );
    expect(changes).toEqual(['its request for a read receipt was switched off']);
  });

  it.each(['7bit', '8bit', 'binary', ''])('has its long lines of %p made quoted-printable', async (encoding) => {
    const octets = message(
      'MIME-Version: 1.0',
      'Content-Type: text/plain; charset=utf-8',
      ...(encoding === '' ? [] : [`Content-Transfer-Encoding: ${encoding}`]),
      'Subject: long',
      '',
      long,
      'a = b \t',
      '',
    );
    const { octets: sent, changes } = acceptableMessage(octets);
    expect(longestOf(sent)).toBeLessThan(80);
    expect((await PostalMime.parse(sent)).text).toBe((await PostalMime.parse(octets)).text);
    expect(sent.toString().match(/Content-Transfer-Encoding/gi)).toHaveLength(1);
    expect(changes).toHaveLength(1);
  });

  it('keeps what base64 and quoted-printable say', async () => {
    const data = Buffer.from(Array.from({ length: 20_000 }, (_, at) => at % 251));
    const quoted = 'caf=C3=A9 =3D '.repeat(2_000);
    const octets = message(
      'MIME-Version: 1.0',
      'Content-Type: multipart/mixed; boundary="=_b 1"',
      '',
      'p'.repeat(longestLine + 50),
      '--=_b 1',
      'Content-Type: text/plain; charset=utf-8',
      'Content-Transfer-Encoding: quoted-printable',
      '',
      `${quoted}end`,
      '--=_b 1',
      'Content-Type: application/octet-stream; name="a.bin"',
      'Content-Transfer-Encoding: Base64',
      'Content-Disposition: attachment; filename="a.bin"',
      '',
      data.toString('base64'),
      '--=_b 1--',
      '',
    );
    const { octets: sent } = acceptableMessage(octets);
    expect(longestOf(sent)).toBeLessThanOrEqual(longestLine);
    const [before, after] = await Promise.all([PostalMime.parse(octets), PostalMime.parse(sent)]);
    expect(after.text).toBe(before.text);
    expect(Buffer.from(after.attachments[0]?.content as ArrayBuffer)).toEqual(data);
  });

  it('rewrites what is long in a message within a message', () => {
    const octets = message(
      'MIME-Version: 1.0',
      'Content-Type: multipart/mixed; boundary=out',
      '',
      '--out',
      'Content-Type: message/rfc822',
      '',
      'Subject: inner',
      'Content-Type: text/plain; charset=utf-8',
      '',
      long,
      '--out--',
    );
    const { octets: sent } = acceptableMessage(octets);
    expect(longestOf(sent)).toBeLessThan(80);
    expect(sent.toString()).toContain(
      'Subject: inner\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable',
    );
  });

  it('has a long header field folded at white space only', async () => {
    const ids = Array.from({ length: 500 }, (_, at) => `<${String(at)}.${'x'.repeat(30)}@contoso.test>`).join(' ');
    const octets = message(`References: ${ids}`, 'Subject: y', '', 'text', '');
    const { octets: sent } = acceptableMessage(octets);
    expect(longestOf(sent)).toBeLessThanOrEqual(longestLine);
    expect(sent.toString().replace(/\r\n[ \t]/g, ' ')).toBe(octets.toString());
    expect((await PostalMime.parse(sent)).references).toBe((await PostalMime.parse(octets)).references);
  });

  it('never loses an octet of a text, whatever it is', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.string({ unit: 'binary', maxLength: 300 }), { minLength: 1, maxLength: 8 }),
        async (lines) => {
          const text = lines.map((line) => line.replace(/[\r\n\0]/g, '.')).join('\r\n');
          const head = [
            'MIME-Version: 1.0',
            'Content-Type: text/plain; charset=utf-8',
            'Content-Transfer-Encoding: 8bit',
          ];
          const octets = message(...head, '', text, '');
          const sent = rewriteLongLines(octets, 100);
          if (longestOf(octets) > 100) expect(longestOf(sent)).toBeLessThanOrEqual(100);
          expect((await PostalMime.parse(sent)).text).toBe((await PostalMime.parse(octets)).text);
        },
      ),
      { numRuns: 200 },
    );
  });
});
