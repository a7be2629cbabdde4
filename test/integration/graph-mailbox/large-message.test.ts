import { afterEach, describe, expect, it } from '@jest/globals';
import { GraphWorld, anna } from './support/graph-world.ts';

/** More than Exchange Online takes where nobody raised its limit, and less than it can be raised to. */
const attached = Buffer.alloc(27 * 1024 * 1024, 'large ');

function largeMessage(): Buffer {
  const base64 = attached.toString('base64').replace(/.{76}/g, '$&\r\n');
  return Buffer.from(
    [
      'From: Bob <bob@contoso.test>',
      'To: Anna <anna@contoso.test>',
      'Subject: Large',
      'Date: Tue, 3 Nov 2026 10:00:00 +0000',
      'Message-ID: <large@contoso.test>',
      'MIME-Version: 1.0',
      'Content-Type: multipart/mixed; boundary="b"',
      '',
      '--b',
      'Content-Type: text/plain',
      '',
      'See there.',
      '--b',
      'Content-Type: application/octet-stream; name="large.bin"',
      'Content-Disposition: attachment; filename="large.bin"',
      'Content-Transfer-Encoding: base64',
      '',
      base64,
      '--b--',
      '',
    ].join('\r\n'),
    'latin1',
  );
}

describe('A message of more than 35 MB, to Exchange Online', () => {
  let world: GraphWorld | undefined;
  afterEach(() => world?.close());

  async function run(options: Readonly<Record<string, unknown>>) {
    world = await GraphWorld.open({ options });
    world.add({ octets: largeMessage(), date: '2026-11-03T10:00:00Z' });
    return { job: await world.harness.run(anna), items: world.items };
  }

  it('is skipped and listed as too large', async () => {
    const { job, items } = await run({});

    expect(job).toMatchObject({ items: { total: 1, copied: 0, failed: 1 } });
    expect(items).toHaveLength(0);
  });

  it('is copied where the administrator says that the limit was raised', async () => {
    const { job, items } = await run({ maxItemBytes: 100 * 1024 * 1024 });

    expect(job).toMatchObject({ status: 'Synced', error: null, items: { total: 1, copied: 1, failed: 0 } });
    expect(items).toHaveLength(1);
  });
});
