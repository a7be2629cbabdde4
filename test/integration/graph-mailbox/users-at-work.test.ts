import { afterEach, describe, expect, it } from '@jest/globals';
import { GraphWorld, anna } from './support/graph-world.ts';
import { messageWithFiles } from './support/message-with-files.ts';

describe('A message of several calls', () => {
  let world: GraphWorld | undefined;

  afterEach(async () => world?.close());

  it('stays when its user takes a file away from it and moves it to another folder', async () => {
    world = await GraphWorld.open({ options: { usersAtWork: true } });
    world.add({ octets: messageWithFiles('two', ['one.bin', 'two.bin']), date: '2019-01-01T00:00:00Z' });
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
