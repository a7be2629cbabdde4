import { afterEach, describe, expect, it } from '@jest/globals';
import type { OnlineItem } from '../../../simulator/exchange-online/store/online-item.ts';
import { GraphWorld, anna } from './support/graph-world.ts';
import { ItemsWorld, shapeOf, type Kind } from './support/items-world.ts';
import { messageWithFiles } from './support/message-with-files.ts';

interface Case {
  readonly open: () => Promise<GraphWorld>;
  /** The call that makes it. */
  readonly made: RegExp;
  /** What its user writes into. */
  readonly property: string;
}

function ofExchange(kind: Kind): () => Promise<GraphWorld> {
  return async () => (await ItemsWorld.open({ usersAtWork: true }, [kind])).graph;
}

async function ofMail(): Promise<GraphWorld> {
  const world = await GraphWorld.open({ options: { usersAtWork: true } });
  world.add({ octets: messageWithFiles('two', ['one.bin', 'two.bin']), date: '2019-01-01T00:00:00Z' });
  return world;
}

const cases: Readonly<Record<string, Case>> = {
  message: { open: ofMail, made: /\/messages$/, property: 'subject' },
  contact: { open: ofExchange('contact'), made: /\/contacts$/, property: 'jobTitle' },
  series: { open: ofExchange('series'), made: /\/calendars\/[^/]+\/events$/, property: 'subject' },
  task: { open: ofExchange('task'), made: /\/tasks$/, property: 'title' },
};

function partsOf(item: OnlineItem): unknown {
  const { attachments, exceptions } = shapeOf(item);
  return { attachments, exceptions: exceptions.map(([day]) => day) };
}

describe.each(Object.entries(cases))('A half-done item at the target: %s', (_, { open, made, property }) => {
  let world: GraphWorld | undefined;
  let untroubled: ReturnType<typeof runOf> | undefined;

  afterEach(async () => {
    await world?.close();
    world = undefined;
  });

  /** Its worker is killed before what follows the call that makes it. */
  async function halfDone(): Promise<{
    readonly here: GraphWorld;
    readonly item: OnlineItem;
    readonly whole: unknown;
  }> {
    untroubled ??= runOf(open, made);
    const { call, whole } = await untroubled;
    world = await open();
    await world.killAt(call, 'before');
    const [item] = world.items;
    if (item === undefined || world.items.length !== 1) throw new Error('nothing was made');
    expect([partsOf(item)]).not.toEqual(whole);
    return { here: world, item, whole };
  }

  it('gets what it lacks, in its place, and what its user changed meanwhile stays', async () => {
    const { here, item, whole } = await halfDone();
    await here.edit(item, ({ properties }) => Object.assign(properties, { [property]: 'His own words' }), 60_000);

    const job = await here.harness.run(anna);

    expect(job).toMatchObject({ status: 'Synced', green: true, error: null, items: { copied: 1, total: 1 } });
    expect(here.items.map(({ immutableId }) => immutableId)).toEqual([item.immutableId]);
    expect(here.items.map(partsOf)).toEqual(whole);
    expect(item.properties[property]).toBe('His own words');
    expect(here.simulator.invitations).toEqual([]);

    await here.harness.beginPass('incremental');
    const again = await here.harness.run(anna);
    expect(again).toMatchObject({ status: 'Synced', green: true, items: { copied: 1, total: 1 } });
    expect(here.items).toHaveLength(1);
  });

  it('stays where its user moved it, and is written once more where it belongs', async () => {
    const { here, item, whole } = await halfDone();
    const mailbox = here.simulator.mailbox(anna);
    const { kind } = mailbox.folder(item.folder);
    const to = mailbox.addFolder({ name: 'His own', kind, ...(kind === 'mail' ? {} : { parent: mailbox.root.id }) });
    mailbox.moveItem(item, to.id);

    const job = await here.harness.run(anna);

    expect(job).toMatchObject({ status: 'Synced', green: true, items: { copied: 1, total: 1 } });
    expect(here.items).toHaveLength(2);
    expect(item.folder).toBe(to.id);
    expect(here.items.filter((other) => other !== item).map(partsOf)).toEqual(whole);
  });

  it('is written anew where its user deleted it', async () => {
    const { here, item, whole } = await halfDone();
    here.simulator.mailbox(anna).removeItem(item);

    const job = await here.harness.run(anna);

    expect(job).toMatchObject({ status: 'Synced', green: true, items: { copied: 1, total: 1 } });
    expect(here.items.map(partsOf)).toEqual(whole);
  });
});

describe('What is half done at the target', () => {
  let world: GraphWorld | undefined;

  afterEach(async () => {
    await world?.close();
    world = undefined;
  });

  it('is complete though its user added a file of his own', async () => {
    world = await ofMail();
    await world.killAt(await callAfter(ofMail, /\/messages$/), 'before');
    const [item] = world.items;
    const file = item?.attachments[0];
    if (item === undefined || file === undefined) throw new Error('nothing was made');
    await world.edit(item, ({ attachments }) => {
      attachments.push({ ...file, id: 'his', properties: { name: 'his.bin' }, content: Buffer.alloc(4_000_000) });
    });

    expect(await world.harness.run(anna)).toMatchObject({ status: 'Synced', green: true });

    expect(item.attachments.map(({ properties }) => properties['name'])).toEqual(['one.bin', 'his.bin', 'two.bin']);
    expect(world.items).toHaveLength(1);
  });

  it('gets a file of the name of one that is there', async () => {
    const open = async (): Promise<GraphWorld> => {
      const opened = await GraphWorld.open();
      const octets = messageWithFiles('two', ['same.bin', 'same.bin']);
      opened.add({ octets, date: '2019-01-01T00:00:00Z' });
      return opened;
    };
    world = await open();
    await world.killAt(await callAfter(open, /\/messages$/), 'before');

    expect(await world.harness.run(anna)).toMatchObject({ status: 'Synced', green: true });

    expect(world.items.map(({ attachments }) => attachments.length)).toEqual([2]);
  });

  it('keeps the picture that its user chose', async () => {
    const open = ofExchange('contact');
    world = await open();
    await world.killAt(await callAfter(open, /\/contacts$/), 'before');
    const [contact] = world.items;
    if (contact === undefined) throw new Error('nothing was made');
    const his = { id: 'photo', type: '#microsoft.graph.profilePhoto', properties: {}, content: Buffer.from('his') };
    await world.edit(contact, ({ attachments }) => void attachments.push({ ...his, modified: 0 }));

    expect(await world.harness.run(anna)).toMatchObject({ status: 'Synced', green: true, items: { copied: 1 } });

    expect(world.items.map(({ attachments }) => attachments.map(({ content }) => content.toString()))).toEqual([
      ['his'],
    ]);
  });

  it('keeps the occurrences that its user changed or deleted', async () => {
    const open = ofExchange('series');
    world = await open();
    await world.killAt(await callAfter(open, /\/calendars\/[^/]+\/events$/), 'before');
    const [series] = world.items;
    if (series === undefined) throw new Error('nothing was made');
    await world.edit(series, () => undefined);
    const mailbox = world.simulator.mailbox(anna);
    for (const [day, subject] of [
      ['2025-01-08', 'His own'],
      ['2025-01-15', 'Another'],
    ] as const) {
      const occurrence = mailbox.item(`${series.immutableId}.OCC.${day}`);
      occurrence.properties = { ...occurrence.properties, subject };
      mailbox.touch(occurrence);
    }
    mailbox.removeItem(mailbox.item(`${series.immutableId}.OCC.2025-07-07`));

    const job = await world.harness.run(anna);

    expect(job).toMatchObject({ status: 'Synced', green: true, items: { copied: 1 } });
    expect(world.items.map((item) => shapeOf(item).exceptions)).toEqual([
      [
        ['2025-01-08', 'His own'],
        ['2025-01-13', null],
        ['2025-01-15', 'Another'],
        ['2025-07-07', null],
      ],
    ]);
  });

  it('stays beside a new form of the source where its user changed it', async () => {
    const here = await ItemsWorld.open({ usersAtWork: true }, ['contact']);
    world = here.graph;
    await world.killAt(await callAfter(ofExchange('contact'), /\/contacts$/), 'before');
    const [item] = world.items;
    if (item === undefined) throw new Error('nothing was made');
    await world.edit(item, ({ properties }) => Object.assign(properties, { jobTitle: 'His own words' }));
    await world.harness.run(anna);

    here.changeAtSource();
    const job = await here.pass();

    expect(job).toMatchObject({ status: 'Synced', green: true, items: { copied: 1, total: 1 } });
    expect(await here.told(job)).toContain('both are there');
    expect(world.items.map(({ properties }) => [properties['title'], properties['jobTitle']])).toEqual([
      [undefined, 'His own words'],
      ['Dr.', undefined],
    ]);
  });

  it('is listed where its user moved it into another folder of ours', async () => {
    const here = await ItemsWorld.open({ usersAtWork: true }, ['contact']);
    world = here.graph;
    await world.killAt(await callAfter(ofExchange('contact'), /\/contacts$/), 'before');
    here.moveAtTarget();

    const job = await world.harness.run(anna);

    expect(job).toMatchObject({ status: 'Synced', green: true, items: { copied: 1, total: 1 } });
    expect(world.items).toHaveLength(2);
    expect(await world.harness.verification(job)).toMatchObject({
      differences: [{ folder: 'Contacts/Clients', kind: 'extra', changedSince: true }],
    });
  });

  it('goes where the whole item is there as well and nobody changed the half one', async () => {
    const here = await ItemsWorld.open({}, ['contact']);
    world = here.graph;
    await world.harness.run(anna);
    const [item] = world.items;
    const [mark] = [...(item?.single ?? [])].filter(([id]) => id.endsWith('StagecoachItem'));
    if (item === undefined || mark === undefined) throw new Error('nothing was made');
    // What was sent first, carried out late: the same call, and nothing behind it.
    const [id, text] = mark;
    const single = new Map([
      ...item.single,
      [id, text.replace(/^((?:[^;]*;){5})0;/, (_, head: string) => `${head}1;`)],
    ]);
    const twin = world.simulator.mailbox(anna).addItem({ ...item, single, attachments: [] });

    const job = await here.pass();

    expect(twin.single.get(id)).not.toBe(text);
    expect(job).toMatchObject({ status: 'Synced', green: true, items: { copied: 1, total: 1 } });
    expect(here.ids()).toEqual([item.immutableId]);
  });
});

async function callAfter(open: () => Promise<GraphWorld>, made: RegExp): Promise<number> {
  return (await runOf(open, made)).call;
}

/** A run without trouble: the number of the call behind the one that makes the item, and what it is in the end. */
async function runOf(
  open: () => Promise<GraphWorld>,
  made: RegExp,
): Promise<{ readonly call: number; readonly whole: readonly unknown[] }> {
  const world = await open();
  await world.harness.run(anna);
  const { requests } = world.simulator.log;
  const whole = world.items.map(partsOf);
  await world.close();
  return { call: requests.findIndex(({ method, path }) => method === 'POST' && made.test(path)) + 1, whole };
}
