import { afterEach, describe, expect, it } from '@jest/globals';
import { GraphWorld, anna } from '../graph-mailbox/support/graph-world.ts';

const megabyte = 1024 * 1024;
const date = '2024-05-01T10:00:00Z';

/** A message with a file of so many octets; in base64 a third more. */
function withFile(octets: number): Buffer {
  const file = Buffer.alloc(octets, 'a message that is large. ').toString('base64');
  return Buffer.from(
    [
      'Message-ID: <large@contoso.test>\r\nSubject: large\r\nMIME-Version: 1.0',
      'Content-Type: application/octet-stream; name="large.bin"\r\nContent-Disposition: attachment; filename="large.bin"',
      `Content-Transfer-Encoding: base64\r\n\r\n${file.replace(/.{76}/g, '$&\r\n')}\r\n`,
    ].join('\r\n'),
  );
}

describe('Large messages on their way to Exchange Online', () => {
  let world: GraphWorld | undefined;
  afterEach(() => world?.close());

  /** `takes`: the largest message of the mailbox; 36 MB unless somebody has changed it. */
  async function copied(
    file: number,
    { options = {}, takes }: { readonly options?: Readonly<Record<string, unknown>>; readonly takes?: number },
  ) {
    const opened = await GraphWorld.open({ options });
    world = opened;
    if (takes !== undefined) opened.simulator.mailbox(anna).largestMessage = takes;
    opened.add({ octets: withFile(file), date });
    opened.add({ octets: Buffer.from('Message-ID: <small@contoso.test>\r\nSubject: small\r\n\r\ntext\r\n'), date });
    return await opened.harness.run(anna);
  }

  const attached = (): readonly number[] =>
    (world?.items ?? []).flatMap(({ attachments }) => attachments.map(({ content }) => content.length));

  it('are listed as too large where nobody says that the limit was raised', async () => {
    const job = await copied(28 * megabyte, {});

    expect(job.items).toMatchObject({ total: 2, copied: 1, failed: 1 });
    expect(job.error).toMatchObject({ code: 'ITEMS_NOT_COPIED' });
    expect(attached()).toEqual([]);
  });

  it('are copied where the endpoint says that the limit was raised', async () => {
    const job = await copied(28 * megabyte, { options: { maxItemBytes: '150MB' }, takes: 150 * megabyte });

    expect(job).toMatchObject({ status: 'Synced', error: null, items: { total: 2, copied: 2 } });
    expect(attached()).toEqual([28 * megabyte]);
  });

  it('are listed as too large where the mailbox refuses them all the same, and nothing of them stays', async () => {
    const job = await copied(5 * megabyte, { options: { maxItemBytes: '150MB' }, takes: 4 * megabyte });

    expect(job.items).toMatchObject({ total: 2, copied: 1, failed: 1 });
    expect(world?.items).toHaveLength(1);
  });

  it('are left out as told where the endpoint lowers the limit', async () => {
    const job = await copied(megabyte, { options: { maxItemBytes: '1MB' } });

    expect(job).toMatchObject({ status: 'Synced', items: { total: 2, copied: 1, skipped: 1, failed: 0 } });
  });
});
