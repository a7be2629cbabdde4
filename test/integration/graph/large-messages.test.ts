import { afterEach, describe, expect, it } from '@jest/globals';
import { GraphWorld, anna } from '../graph-mailbox/support/graph-world.ts';

const megabyte = 1024 * 1024;
const date = '2024-05-01T10:00:00Z';
const attachment = Buffer.alloc(28 * megabyte, 'a message that is large. ');
const large = Buffer.from(
  [
    'Message-ID: <large@contoso.test>\r\nSubject: large\r\nMIME-Version: 1.0',
    'Content-Type: application/octet-stream; name="large.bin"\r\nContent-Disposition: attachment; filename="large.bin"',
    `Content-Transfer-Encoding: base64\r\n\r\n${attachment.toString('base64').replace(/.{76}/g, '$&\r\n')}\r\n`,
  ].join('\r\n'),
);

describe('A message of 39 MB on its way to Exchange Online', () => {
  let world: GraphWorld | undefined;
  afterEach(() => world?.close());

  /** `largestMessage`: what the mailbox takes; 36 MB unless somebody has raised it. */
  async function copied(options: Readonly<Record<string, unknown>>, largestMessage?: number) {
    const opened = await GraphWorld.open({ options });
    world = opened;
    if (largestMessage !== undefined) opened.simulator.mailbox(anna).largestMessage = largestMessage;
    opened.add({ octets: large, date });
    opened.add({ octets: Buffer.from('Message-ID: <small@contoso.test>\r\nSubject: small\r\n\r\ntext\r\n'), date });
    return await opened.harness.run(anna);
  }

  const attached = (): readonly number[] =>
    (world?.items ?? []).flatMap(({ attachments }) => attachments.map(({ content }) => content.length));

  it('is listed as too large where nobody says that the limit was raised', async () => {
    const job = await copied({});

    expect(job.items).toMatchObject({ total: 2, copied: 1, failed: 1 });
    expect(job.error).toMatchObject({ code: 'ITEMS_NOT_COPIED' });
    expect(attached()).toEqual([]);
  });

  it('is copied where the endpoint says that the limit was raised', async () => {
    const job = await copied({ maxItemBytes: '150MB' }, 150 * megabyte);

    expect(job).toMatchObject({ status: 'Synced', error: null, items: { total: 2, copied: 2 } });
    expect(attached()).toEqual([attachment.length]);
  });

  it('is listed as too large where the mailbox refuses it all the same, and nothing of it stays', async () => {
    const job = await copied({ maxItemBytes: '150MB' }, 20 * megabyte);

    expect(job.items).toMatchObject({ total: 2, copied: 1, failed: 1 });
    expect(world?.items).toHaveLength(1);
  });

  it('is left out as told where the endpoint lowers the limit', async () => {
    const job = await copied({ maxItemBytes: '10MB' }, 150 * megabyte);

    expect(job).toMatchObject({ status: 'Synced', items: { total: 2, copied: 1, skipped: 1, failed: 0 } });
  });
});
