import { afterEach, describe, expect, it } from '@jest/globals';
import {
  contactContent,
  eventContent,
  listContent,
  noteContent,
  taskContent,
} from '../../../simulator/exchange/practice-content.ts';
import { practiceEvents } from '../../../simulator/exchange/practice-items.ts';
import type { PracticeMailbox } from '../../../simulator/exchange/practice-mailbox.ts';
import { GraphWorld, anna } from './support/graph-world.ts';

const created = new Date(Date.UTC(2024, 5, 1));
const bea = { name: 'Bea Example', address: 'bea@fabrikam.test' };
const picture = Buffer.from('ffd8ffe000104a46ffd9', 'hex');
const sheet = { name: 'sheet.csv', contentType: 'text/csv', content: Buffer.from('a;b') };

/** One item of each kind, with what takes calls of its own. */
const items = [
  ['IPM.Contact', contactContent({ givenName: 'Bea', surname: 'Example', emails: [bea], picture })],
  ['IPM.DistList', listContent('Board', [bea])],
  ['IPM.Appointment', eventContent(practiceEvents(anna).meeting)],
  ['IPM.Appointment', eventContent(practiceEvents(anna).weekly)],
  ['IPM.Task', taskContent({ subject: 'Write', status: 'InProgress', owner: 'Anna', attachments: [sheet] })],
  ['IPM.StickyNote', noteContent({ text: 'Milk', colour: 1 })],
] as const;

function worldWithItems(): Promise<GraphWorld> {
  const fill = (mailbox: PracticeMailbox): void => {
    for (const [itemClass, content] of items) mailbox.addContent(content, { itemClass, created });
  };
  return GraphWorld.open({ exchange: fill });
}

/** All that the target holds, without what differs from time to time. */
function held(world: GraphWorld): readonly unknown[] {
  return world.items
    .map(({ kind, properties, attachments, exceptions }) => ({
      kind,
      name: properties['subject'] ?? properties['displayName'] ?? properties['title'],
      attachments: attachments.map(({ content }) => content.length),
      exceptions: [...exceptions].map(([day, exception]) => [day, exception?.properties['subject'] ?? null]).sort(),
    }))
    .toSorted((a, b) => String(a.name).localeCompare(String(b.name)));
}

async function outcomeOf(world: GraphWorld): Promise<unknown> {
  const job = await world.harness.run(anna);
  const { copied, total } = job.items;
  const { invitations } = world.simulator;
  return { held: held(world), job: [job.status, job.green, job.error, copied, total], invitations };
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
  job: ['Synced', true, null, items.length, items.length],
  invitations: [],
};

describe('Each item that is no mail is at Exchange Online exactly once, with all that belongs to it', () => {
  let world: GraphWorld | undefined;

  afterEach(async () => {
    await world?.close();
    world = undefined;
  });

  /** Requests of a run without trouble, by their number, from the first item on: what comes before is that of mail. */
  async function untroubled(): Promise<readonly { readonly at: number; readonly isWrite: boolean }[]> {
    world = await worldWithItems();
    expect(await outcomeOf(world)).toEqual(wanted);
    const { requests } = world.simulator.log;
    const first = requests.findIndex(
      ({ method, path }) => method === 'POST' && /\/(contacts|events|tasks)$/.test(path),
    );
    const found = requests.flatMap(({ method, path, inBatch }, at) =>
      at < first || inBatch ? [] : [{ at, isWrite: method !== 'GET' && !path.endsWith('$batch') }],
    );
    await world.close();
    expect(first).toBeGreaterThan(0);
    return found;
  }

  it.each(['before', 'after'] as const)('whichever call is lost, %s it is done', async (drop) => {
    const writes = (await untroubled()).filter(({ isWrite }) => isWrite);
    expect(writes.length).toBeGreaterThan(15);
    for (const { at: skip } of writes) {
      world = await worldWithItems();
      world.simulator.play({ skip, drop });

      expect({ skip, ...((await outcomeOf(world)) as object) }).toEqual({ skip, ...wanted });
      await world.close();
    }
    world = undefined;
  });

  it('wherever its worker is killed', async () => {
    for (const { at } of await untroubled()) {
      world = await worldWithItems();
      await world.killAt(at, 'after');

      expect({ at, ...((await outcomeOf(world)) as object) }).toEqual({ at, ...wanted });
      await world.close();
    }
    world = undefined;
  });
});
