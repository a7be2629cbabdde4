import { afterEach, describe, expect, it } from '@jest/globals';
import { anna } from './support/graph-world.ts';
import { ItemsWorld, kinds, shapeOf } from './support/items-world.ts';

const all = kinds.length;
/** Contacts, events and tasks have other folders; notes have not. */
const movable = all - 1;

describe('Items that are no mail, in later passes', () => {
  let world: ItemsWorld | undefined;

  afterEach(async () => {
    expect(world?.graph.simulator.invitations ?? []).toEqual([]);
    await world?.graph.close();
    world = undefined;
  });

  async function copied(options: Readonly<Record<string, unknown>> = {}): Promise<ItemsWorld> {
    world = await ItemsWorld.open(options);
    expect(await world.graph.harness.run(anna)).toMatchObject({
      status: 'Synced',
      green: true,
      items: { copied: all },
    });
    return world;
  }

  it('stay at the target when they are deleted at the source, as mail does', async () => {
    const here = await copied();
    const before = here.ids();

    here.removeAtSource();

    expect(await here.pass()).toMatchObject({
      status: 'Synced',
      green: true,
      error: null,
      items: { copied: 0, total: 0 },
    });
    expect(here.ids()).toEqual(before);
  });

  it('are there in their new form alone when they are changed at the source', async () => {
    const here = await copied();
    const before = new Set(here.ids());

    here.changeAtSource();
    const job = await here.pass();

    expect(job).toMatchObject({ status: 'Synced', green: true, error: null, items: { copied: all, total: all } });
    expect(here.ids().filter((id) => before.has(id))).toEqual([]);
    expect(here.graph.items).toHaveLength(all);
    expect(await here.told(job)).not.toContain('both are there');
    const [contact] = here.graph.items.filter(({ properties }) => properties['title'] === 'Dr.');
    expect(contact?.attachments).toHaveLength(1);
    const [series] = here.graph.items.filter(({ properties }) => properties['subject'] === 'Weekly');
    expect(series === undefined ? [] : shapeOf(series).exceptions).toEqual([
      ['2025-01-08', 'Weekly, in the afternoon'],
      ['2025-01-13', null],
      ['2025-01-20', null],
      ['2025-07-07', 'Weekly in July'],
    ]);
    const [task] = here.graph.items.filter(({ kind }) => kind === 'task');
    expect(task?.properties['status']).toBe('completed');
    expect(task?.properties['linkedResources']).toHaveLength(1);
  });

  it('are written once, wherever the pass that brings their new form is killed', async () => {
    const untroubled = await copied();
    untroubled.changeAtSource();
    const before = untroubled.graph.simulator.log.requests.length;
    await untroubled.pass();
    const requests = untroubled.graph.simulator.log.requests.slice(before);
    await untroubled.graph.close();
    const first = requests.findIndex(
      ({ method, path }) => method === 'POST' && /\/(contacts|events|tasks)$/.test(path),
    );
    expect(first).toBeGreaterThan(0);
    // Every ninth: every one is gone through with the first pass.
    for (let at = first; at < requests.length; at += 9) {
      const here = await copied();
      here.changeAtSource();
      await here.graph.harness.beginPass('incremental');
      await here.graph.killAt(at, 'after');
      const job = await here.graph.harness.run(anna);

      expect({ at, items: here.graph.items.length, job: [job.status, job.green, job.items.copied] }).toEqual({
        at,
        items: all,
        job: ['Synced', true, all],
      });
      await here.graph.close();
    }
    world = undefined;
  });

  it('are not written again when their user deleted them, in whatever form', async () => {
    const here = await copied({ usersAtWork: true });

    here.removeAtTarget();
    expect(await here.pass()).toMatchObject({ status: 'Synced', green: true });
    expect(here.graph.items).toEqual([]);

    here.changeAtSource();
    const job = await here.pass();
    expect(job).toMatchObject({ status: 'Synced', green: true, items: { copied: all, total: all } });
    expect(here.graph.items).toEqual([]);
    expect((await here.told(job)).match(/it was deleted at the target/g)).toHaveLength(all);
  });

  it('stay as their user changed them, beside a new form of the source, which is said', async () => {
    const here = await copied({ usersAtWork: true });
    const before = here.ids();
    for (const item of here.graph.items)
      await here.graph.edit(item, ({ properties }) => Object.assign(properties, { importance: 'high' }));

    expect(await here.pass()).toMatchObject({ status: 'Synced', green: true });
    expect(here.ids()).toEqual(before);

    here.changeAtSource();
    const job = await here.pass();
    expect(job).toMatchObject({ status: 'Synced', green: true, items: { copied: all, total: all } });
    expect(here.ids()).toEqual(expect.arrayContaining([...before]));
    expect(here.ids()).toHaveLength(2 * all);
    expect((await here.told(job)).match(/both are there/g)).toHaveLength(all);
  });

  it('stay where their user moved them, and a new form of the source is where the source has it', async () => {
    const here = await copied({ usersAtWork: true });
    const before = here.ids();
    here.moveAtTarget();

    expect(await here.pass()).toMatchObject({ status: 'Synced', green: true });
    expect(here.ids()).toEqual(before);

    here.changeAtSource();
    const job = await here.pass();
    expect(job).toMatchObject({ status: 'Synced', green: true, items: { copied: all, total: all } });
    const told = await here.told(job);
    // A task is another one in another list: it is as if it had been deleted.
    expect(told.match(/both are there/g)).toHaveLength(movable - 1);
    expect(told.match(/it was deleted at the target/g)).toHaveLength(1);
    expect(here.graph.items).toHaveLength(all + movable - 1);
  });

  it('stay where they are when they are moved at the source, and go there when they are changed', async () => {
    const here = await copied();
    const before = here.ids();
    here.moveAtSource();

    expect(await here.pass()).toMatchObject({
      status: 'Synced',
      green: true,
      error: null,
      items: { copied: all, total: all },
    });
    expect(here.ids()).toEqual(before);
    expect(await here.pass()).toMatchObject({ status: 'Synced', green: true });

    here.changeAtSource();
    expect(await here.pass()).toMatchObject({
      status: 'Synced',
      green: true,
      error: null,
      items: { copied: all, total: all },
    });
    expect(here.graph.items).toHaveLength(all);
    const mailbox = here.graph.simulator.mailbox(anna);
    const places = here.graph.items.map(({ folder }) => mailbox.folder(folder).name);
    expect(places.filter((name) => name.includes(' / '))).toHaveLength(movable);
  });
});
