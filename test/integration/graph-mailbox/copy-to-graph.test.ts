import { afterEach, describe, expect, it } from '@jest/globals';
import { generateMailbox } from '../../support/mail/generate-mailbox.ts';
import { GraphWorld, anna } from './support/graph-world.ts';

describe('Mail copied to Exchange Online by Graph', () => {
  let world: GraphWorld | undefined;

  afterEach(async () => {
    await world?.close();
    world = undefined;
  });

  it('is there once, as read and as old as it was, and no draft', async () => {
    world = await GraphWorld.open();
    const generated = generateMailbox({ seed: 1, folders: 6, messages: 120, ugly: true, hugeBytes: 2_000_000 });
    world.fill(generated);

    const job = await world.harness.run(anna);

    expect(job).toMatchObject({ status: 'Synced', error: null, items: { copied: 120, total: 120 } });
    expect(job).toMatchObject({ green: true });
    expect(world.items).toHaveLength(120);
    expect(world.simulator.invitations).toEqual([]);
    const wanted = generated.folders
      .flatMap(({ messages }) => messages)
      .map(({ internalDate, flags }) => [
        internalDate.toISOString().slice(0, 19),
        flags.includes('\\Seen'),
        flags.includes('\\Draft'),
      ]);
    const found = world.items.map(({ single, properties }) => [
      (single.get('SystemTime 0xe06') ?? '').slice(0, 19),
      properties['isRead'],
      !single.has('Integer 0xe07'),
    ]);
    expect(found.map(String).sort()).toEqual(wanted.map(String).sort());
  });

  it('is not written again by a second batch, nor after all state was lost', async () => {
    world = await GraphWorld.open();
    world.fill(generateMailbox({ seed: 2, folders: 3, messages: 40, ugly: true, huge: 0 }));
    await world.harness.run(anna);

    await world.harness.beginPass('incremental');
    const again = await world.harness.run(anna);

    expect(again).toMatchObject({ error: null, items: { copied: 40 } });
    expect(world.items).toHaveLength(40);
  });
});
