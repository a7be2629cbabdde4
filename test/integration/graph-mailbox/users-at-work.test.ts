import { afterEach, describe, expect, it } from '@jest/globals';
import { GraphWorld, anna } from './support/graph-world.ts';

const megabyte = 1024 * 1024;

/** So large that its second file takes a call of its own. */
function withTwoFiles(): Buffer {
  const file = (name: string): string =>
    `--b\r\nContent-Type: application/octet-stream; name="${name}"\r\nContent-Transfer-Encoding: base64\r\n\r\n${Buffer.alloc(
      Math.floor(1.6 * megabyte),
      name,
    )
      .toString('base64')
      .replace(/.{76}/g, '$&\r\n')}\r\n`;
  const head =
    'From: a@x.test\r\nMessage-ID: <two@x.test>\r\nSubject: two\r\nDate: Tue, 01 Jan 2019 00:00:00 +0000\r\n';
  return Buffer.from(
    `${head}Content-Type: multipart/mixed; boundary=b\r\n\r\n${file('one.bin')}${file('two.bin')}--b--\r\n`,
  );
}

describe('A message of several calls', () => {
  let world: GraphWorld | undefined;

  afterEach(async () => world?.close());

  it('stays when its user takes a file away from it and moves it to another folder', async () => {
    world = await GraphWorld.open({ options: { usersAtWork: true } });
    world.add({ octets: withTwoFiles(), date: '2019-01-01T00:00:00Z' });
    world.add({ folder: 'Work', octets: plain('old'), date: '2019-01-02T00:00:00Z' });
    await world.harness.run(anna);
    const mailbox = world.simulator.mailbox(anna);
    const [item] = world.items.filter(({ attachments }) => attachments.length === 2);
    const work = mailbox.folders.find(({ name }) => name === 'Work');
    if (item === undefined || work === undefined) throw new Error('it was not copied');

    item.attachments.pop();
    mailbox.touch(item);
    mailbox.moveItem(item, work.id);
    world.add({ folder: 'Work', octets: plain('new'), date: '2019-02-01T00:00:00Z' });
    await world.harness.beginPass('incremental');
    await world.harness.run(anna);

    expect(world.items.map(({ properties }) => properties['internetMessageId']).sort()).toEqual([
      '<new@x.test>',
      '<old@x.test>',
      '<two@x.test>',
    ]);
    expect(item.attachments).toHaveLength(1);
  });
});

function plain(id: string): Buffer {
  return Buffer.from(`From: a@x.test\r\nMessage-ID: <${id}@x.test>\r\nSubject: ${id}\r\n\r\n${id}\r\n`);
}
