import { afterEach, describe, expect, it } from '@jest/globals';
import { forgetPair } from '../../../shared/application/forget-pair.ts';
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

  it('is not written again by a later pass', async () => {
    world = await GraphWorld.open();
    world.fill(generateMailbox({ seed: 2, folders: 3, messages: 40, ugly: true, huge: 0 }));
    await world.harness.run(anna);

    await world.harness.beginPass('incremental');
    const again = await world.harness.run(anna);

    expect(again).toMatchObject({ error: null, items: { copied: 40 } });
    expect(world.items).toHaveLength(40);
  });

  it('is not written again after all state was lost', async () => {
    world = await GraphWorld.open();
    const generated = generateMailbox({ seed: 2, folders: 3, messages: 40, ugly: true, huge: 0 });
    world.fill(generated);
    await world.harness.run(anna);
    const before = world.items.map(({ id }) => id).sort();

    // Another data folder: no ledger, no map of UIDs.
    const later = await GraphWorld.open({ into: world });
    later.fill(generated);
    const again = await later.harness.run(anna);
    await later.close();

    expect(before).toHaveLength(40);
    // Those without a Message-ID cannot be told for sure: an operator decides.
    expect(again).toMatchObject({ status: 'Synced', error: { code: 'DOUBTFUL_ITEM' } });
    expect(world.items.map(({ id }) => id).sort()).toEqual(before);
  });

  it('is in folders that its owner sees, also where hidden ones have their names', async () => {
    world = await GraphWorld.open();
    const mailbox = world.simulator.mailbox(anna);
    const hidden = mailbox.folders.find(({ name }) => name === 'Files');
    expect(hidden).toMatchObject({ hidden: true });
    const octets = Buffer.from('From: a@x.test\r\nMessage-ID: <1@x.test>\r\nSubject: 1\r\n\r\n1\r\n');
    world.add({ folder: 'Files', octets, date: '2019-01-01T00:00:00Z' });
    world.add({ folder: 'Conversation History', octets, date: '2019-01-01T00:00:00Z' });

    const job = await world.harness.run(anna);

    const folders = world.items.map(({ folder }) => mailbox.folder(folder));
    expect(job).toMatchObject({ status: 'Synced', green: true, items: { copied: 2 } });
    expect(folders.map(({ hidden: isHidden, wellKnown }) => [isHidden, wellKnown])).toEqual([
      [false, undefined],
      [false, undefined],
    ]);
    expect(folders).not.toContain(hidden);
  });

  it('leaves no map of the mailbox behind when its pair is forgotten', async () => {
    world = await GraphWorld.open();
    world.fill(generateMailbox({ seed: 3, folders: 2, messages: 5, huge: 0 }));
    const { pairId } = await world.harness.run(anna);
    const { services } = world.harness;
    const maps = async (): Promise<readonly string[]> => {
      const keys: string[] = [];
      for await (const key of services.objects.list('ledger/')) keys.push(key);
      return keys;
    };
    expect(await maps()).toContainEqual(expect.stringMatching(/^ledger\/exchange-online\//));

    const outcome = await forgetPair(services, { pair: pairId ?? '', batch: 'b', holder: 'test' });

    expect(outcome).toBe('forgotten');
    expect(await maps()).toEqual([]);
  });
});
