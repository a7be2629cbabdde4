import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { MultistatusReader, type DavResponse } from '../../../shared/adapters/webdav/multistatus.ts';

/** As Exchange writes it: prefixes of its own, types, a propstat for what is not there, a character that XML forbids. */
const answer = `<?xml version="1.0"?><a:multistatus xmlns:b="urn:uuid:c2f41010-65b3-11d1-a29f-00aa00c14882/" xmlns:c="http://schemas.microsoft.com/repl/" xmlns:d="urn:schemas:httpmail:" xmlns:e="http://schemas.microsoft.com/mapi/proptag/" xmlns:a="DAV:">
<c:repl><c:collblob>AAEC&#43;/==</c:collblob></c:repl>
<a:response><a:href>http://back1/exchange/anna/Inbox/bell%20%07.EML</a:href><c:changetype>change</c:changetype>
<a:propstat><a:status>HTTP/1.1 200 OK</a:status><a:prop><d:read b:dt="boolean">1</d:read><c:repl-uid>rid:0a</c:repl-uid><d:subject>Grüße &amp; bell &#7;</d:subject><e:x36d81102 b:dt="mv.bin.base64"><b:v>AA==</b:v><b:v>BB==</b:v></e:x36d81102></a:prop></a:propstat>
<a:propstat><a:status>HTTP/1.1 404 Resource Not Found</a:status><a:prop><e:x10900003/></a:prop></a:propstat></a:response>
<a:response><a:href>http://back1/exchange/anna/Inbox/gone</a:href><c:changetype>delete</c:changetype>
<a:propstat><a:prop><c:repl-uid>rid:0b</c:repl-uid></a:prop><a:status>HTTP/1.1 200 OK</a:status></a:propstat></a:response>
</a:multistatus>`;

function read(
  octets: Buffer,
  cuts: readonly number[],
): { readonly responses: DavResponse[]; readonly reader: MultistatusReader } {
  const reader = new MultistatusReader();
  const responses: DavResponse[] = [];
  let from = 0;
  for (const to of [...cuts, octets.length]) {
    responses.push(...reader.push(octets.subarray(from, to)));
    from = to;
  }
  return { responses, reader };
}

describe('A multistatus', () => {
  const octets = Buffer.from(answer);

  it('is read property by property, without those that are not there', () => {
    const { responses, reader } = read(octets, []);

    expect(reader.end()).toBe(true);
    expect(reader.collblob).toBe('AAEC+/==');
    expect(responses.map(({ isDeleted }) => isDeleted)).toEqual([false, true]);
    expect(responses[0]?.href).toBe('http://back1/exchange/anna/Inbox/bell%20%07.EML');
    expect(Object.fromEntries(responses[0]?.properties ?? [])).toEqual({
      read: '1',
      'repl-uid': 'rid:0a',
      subject: 'Grüße & bell \uFFFD',
      x36d81102: 'AA==BB==',
    });
    expect(Object.fromEntries(responses[1]?.properties ?? [])).toEqual({ 'repl-uid': 'rid:0b' });
  });

  it('is the same wherever it is cut', () => {
    const whole = read(octets, []).responses;
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer({ min: 1, max: octets.length - 1 }), { maxLength: 12 }), (cuts) => {
        expect(
          read(
            octets,
            cuts.toSorted((a, b) => a - b),
          ).responses,
        ).toEqual(whole);
      }),
    );
  });

  it('is told from another page, and from one that breaks off', () => {
    const page = read(Buffer.from('<html><body>Outlook</body></html>'), []);
    expect(page.reader.end()).toBe(false);
    const broken = read(octets.subarray(0, 900), []);
    expect(() => broken.reader.end()).toThrow('breaks off');
  });
});
