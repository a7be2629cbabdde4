import { afterEach, describe, expect, it } from '@jest/globals';
import { anna } from './support/graph-world.ts';
import { ItemsWorld, kinds, picture, shapeOf, sheet } from './support/items-world.ts';

async function outcomeOf({ graph }: ItemsWorld): Promise<object> {
  const job = await graph.harness.run(anna);
  const { copied, total } = job.items;
  const held = graph.items.map(shapeOf).toSorted((a, b) => String(a.name).localeCompare(String(b.name)));
  return { held, job: [job.status, job.green, job.error, copied, total], invitations: graph.simulator.invitations };
}

const wanted = {
  held: [
    { kind: 'contact', name: 'Bea Example', attachments: [picture.length], exceptions: [] },
    { kind: 'contact', name: 'Board', attachments: [], exceptions: [] },
    { kind: 'message', name: 'Milk', attachments: [], exceptions: [] },
    { kind: 'event', name: 'Planning <2025> & "more"', attachments: [], exceptions: [] },
    {
      kind: 'event',
      name: 'Weekly',
      attachments: [4, expect.any(Number)],
      exceptions: [
        ['2025-01-08', 'Weekly, in the afternoon'],
        ['2025-01-13', null],
        ['2025-07-07', 'Weekly in July'],
      ],
    },
    { kind: 'task', name: 'Write', attachments: [sheet.content.length], exceptions: [] },
  ],
  job: ['Synced', true, null, kinds.length, kinds.length],
  invitations: [],
};

describe('Each item that is no mail is at Exchange Online exactly once, with all that belongs to it', () => {
  let world: ItemsWorld | undefined;

  afterEach(async () => {
    await world?.graph.close();
    world = undefined;
  });

  /** Requests of a run without trouble, by their number, from the first item on: what comes before is that of mail. */
  async function untroubled(): Promise<readonly { readonly at: number; readonly isWrite: boolean }[]> {
    world = await ItemsWorld.open();
    expect(await outcomeOf(world)).toEqual(wanted);
    const { requests } = world.graph.simulator.log;
    const first = requests.findIndex(
      ({ method, path }) => method === 'POST' && /\/(contacts|events|tasks)$/.test(path),
    );
    const found = requests.flatMap(({ method, path, inBatch }, at) =>
      at < first || inBatch ? [] : [{ at, isWrite: method !== 'GET' && !path.endsWith('$batch') }],
    );
    await world.graph.close();
    expect(first).toBeGreaterThan(0);
    return found;
  }

  it.each(['before', 'after'] as const)('whichever call is lost, %s it is done', async (drop) => {
    const writes = (await untroubled()).filter(({ isWrite }) => isWrite);
    expect(writes.length).toBeGreaterThan(15);
    for (const { at: skip } of writes) {
      world = await ItemsWorld.open();
      world.graph.simulator.play({ skip, drop });

      expect({ skip, ...(await outcomeOf(world)) }).toEqual({ skip, ...wanted });
      await world.graph.close();
    }
    world = undefined;
  });

  it('wherever its worker is killed', async () => {
    for (const { at } of await untroubled()) {
      world = await ItemsWorld.open();
      await world.graph.killAt(at, 'after');

      expect({ at, ...(await outcomeOf(world)) }).toEqual({ at, ...wanted });
      await world.graph.close();
    }
    world = undefined;
  });
});
