import { afterEach, describe, expect, it } from '@jest/globals';
import { GraphWorld, anna } from './support/graph-world.ts';

const megabyte = 1024 * 1024;

/** A message with attachments of these sizes. */
function message(id: string, sizes: readonly number[]): Buffer {
  const head = `From: Bob <bob@x.test>\r\nTo: anna@contoso.test\r\nSubject: ${id}\r\nMessage-ID: <${id}@x.test>\r\nDate: Fri, 01 Mar 2019 10:00:00 +0100\r\nMIME-Version: 1.0\r\n`;
  if (sizes.length === 0) return Buffer.from(`${head}\r\nHello ${id}\r\n`);
  const parts = sizes.map((size, at) => {
    const content = Buffer.alloc(size, `${id}${String(at)}`)
      .toString('base64')
      .replace(/.{76}/g, '$&\r\n');
    return `--b\r\nContent-Type: application/octet-stream; name="${String(at)}.bin"\r\nContent-Transfer-Encoding: base64\r\n\r\n${content}\r\n`;
  });
  const text = '--b\r\nContent-Type: text/plain\r\n\r\nHello\r\n';
  return Buffer.from(`${head}Content-Type: multipart/mixed; boundary=b\r\n\r\n${text}${parts.join('')}--b--\r\n`);
}

const kinds = {
  'a message of one call': [],
  'a message with a file of its own call': [1.6 * megabyte, 1.6 * megabyte].map(Math.floor),
  'a message with an upload session': [4.5 * megabyte],
} satisfies Readonly<Record<string, readonly number[]>>;

async function worldWith(sizes: readonly number[]): Promise<GraphWorld> {
  const world = await GraphWorld.open();
  world.add({ octets: message('before', []), date: '2018-01-01T00:00:00Z' });
  world.add({ octets: message('it', sizes), date: '2019-01-01T00:00:00Z', flags: ['\\Seen'] });
  world.add({ octets: message('after', []), date: '2020-01-01T00:00:00Z' });
  return world;
}

function held(world: GraphWorld): readonly string[] {
  return world.items
    .map(
      ({ properties, attachments }) =>
        `${String(properties['internetMessageId'])} ${attachments.map(({ content }) => content.length).join(' ')}`,
    )
    .sort();
}

/** What comes before the first message is the same for every kind, and is gone through once. */
function range(world: GraphWorld, sizes: readonly number[]): readonly [from: number, to: number] {
  const { requests } = world.simulator.log;
  const first = requests.findIndex(({ method, path }) => method === 'POST' && path.endsWith('/messages'));
  return [sizes.length === 0 ? 0 : first, requests.length];
}

describe('Each message is at Exchange Online exactly once', () => {
  let world: GraphWorld | undefined;

  afterEach(async () => {
    await world?.close();
    world = undefined;
  });

  const wanted = (sizes: readonly number[]): readonly string[] => [
    '<after@x.test> ',
    '<before@x.test> ',
    `<it@x.test> ${sizes.join(' ')}`,
  ];

  type Trouble = (world: GraphWorld, at: number, drop: 'before' | 'after') => unknown;
  const isLost: Trouble = (at, skip, drop) => at.simulator.play({ skip, drop });
  const isKilled: Trouble = (at, request, drop) => at.killAt(request, drop);
  const troubles = Object.entries(kinds).flatMap(([kind, sizes]) => [
    ['whichever request is lost', kind, sizes, isLost] as const,
    ['wherever its worker is killed', kind, sizes, isKilled] as const,
  ]);

  it.each(troubles)('%s: %s', async (_, __, sizes, comes) => {
    world = await worldWith(sizes);
    await world.harness.run(anna);
    const [from, requests] = range(world, sizes);
    expect(held(world)).toEqual(wanted(sizes));
    await world.close();

    for (const drop of ['before', 'after'] as const) {
      for (let at = from; at < requests; at += 1) {
        world = await worldWith(sizes);
        await comes(world, at, drop);
        const job = await world.harness.run(anna);

        expect({ drop, at, held: held(world), job: [job.status, job.green] }).toEqual({
          drop,
          at,
          held: wanted(sizes),
          job: ['Synced', true],
        });
        await world.close();
      }
    }
    world = undefined;
  });

  it('also where the server answers with trouble after it did what it was asked for', async () => {
    world = await worldWith([]);
    world.simulator.play(
      { method: 'POST', path: '/messages', status: 503 },
      { method: 'POST', path: '/messages', status: 504, skip: 1 },
    );

    const job = await world.harness.run(anna);

    expect(job).toMatchObject({ status: 'Synced', green: true });
    expect(held(world)).toEqual(wanted([]));
  });
});

describe('A mailbox that is throttled all the time', () => {
  it('comes to its end, and nothing is sent while it is to wait', async () => {
    const world = await GraphWorld.open();
    for (let at = 0; at < 12; at += 1)
      world.add({ octets: message(`m${String(at)}`, []), date: `2019-01-${String(at + 10)}T00:00:00Z` });
    for (let times = 0; times < 12; times += 1) world.simulator.play({ skip: 3, status: 429, retryAfter: 7 });

    const job = await world.harness.run(anna);

    expect(job).toMatchObject({ status: 'Synced', green: true, items: { copied: 12 } });
    expect(world.items).toHaveLength(12);
    const sent = world.simulator.log.requests.filter(({ inBatch }) => !inBatch);
    const throttled = sent.filter(({ status }) => status === 429);
    // What was on its way when the answer came does not count.
    const during = throttled.flatMap(({ at }) => sent.filter((other) => other.at > at + 500 && other.at < at + 6_900));
    expect(throttled.length).toBeGreaterThan(3);
    expect(during).toEqual([]);
    await world.close();
  });
});

describe('The first message of a mailbox', () => {
  it('is looked at before others are written, and ends the mailbox where it came out wrong', async () => {
    const world = await worldWith([]);
    // A service that dates and marks messages itself.
    const mailbox = world.simulator.mailbox(anna);
    const add = mailbox.addItem.bind(mailbox);
    mailbox.addItem = (made) => {
      const item = add(made);
      item.single.delete('SystemTime 0xe06');
      return item;
    };

    const job = await world.harness.run(anna);

    expect(job).toMatchObject({ status: 'Failed', error: { code: 'TARGET_ALTERS_MESSAGES' } });
    expect(world.items).toHaveLength(0);
    await world.close();
  });
});
