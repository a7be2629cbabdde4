import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { exchangeOnlineTarget } from '../../../shared/adapters/graph/exchange-online-target.ts';
import { ExchangeOnline } from '../../../shared/domain/endpoint.ts';
import { internalDateSeconds } from '../../../shared/domain/internal-date.ts';
import { itemKey, writeItemEntity } from '../../../shared/domain/items/item-entity.ts';
import type { ItemClass } from '../../../shared/domain/items/item-class.ts';
import type { NeutralItem } from '../../../shared/domain/items/neutral-item.ts';
import type { TargetFolder, TargetMailbox, WriteOutcome } from '../../../shared/ports/mail-target.ts';
import type { ExchangeOnlineSimulator } from '../../../simulator/exchange-online/exchange-online-simulator.ts';
import type { OnlineItem } from '../../../simulator/exchange-online/store/online-item.ts';
import { MemoryObjectStore } from '../../support/builders/memory-object-store.ts';
import { sampleItems } from '../../support/items/sample-items.ts';
import { SleepingClock } from '../../support/exchange-online/sleeping-clock.ts';
import { anna, startSimulator, targetOf } from './support/graph-world.ts';

const internalDate = '20-Nov-2026 10:00:00 +0000';
const classes = {
  contact: 'contacts',
  'distribution-list': 'contacts',
  event: 'calendar',
  task: 'tasks',
  note: 'notes',
} as const satisfies Record<NeutralItem['kind'], ItemClass>;

describe('Items that are no mail, written to Exchange Online by Graph', () => {
  let simulator: ExchangeOnlineSimulator;
  let objects: MemoryObjectStore;
  let open: TargetMailbox[];

  beforeEach(async () => {
    simulator = await startSimulator({ clock: new SleepingClock() });
    objects = new MemoryObjectStore();
    open = [];
  });

  afterEach(async () => {
    // The trap: nobody was ever invited, told or asked to a meeting.
    expect(simulator.invitations).toEqual([]);
    await Promise.all(open.map((mailbox) => mailbox.close()));
    await simulator.stop();
  });

  async function mailbox(): Promise<TargetMailbox> {
    const target = exchangeOnlineTarget(ExchangeOnline.parse(targetOf(simulator)), {
      clock: new SleepingClock(),
      secrets: () => Promise.resolve('master'),
      objects,
    });
    const opened = await target.open({ emailAddress: anna, userName: anna }, new AbortController().signal);
    open.push(opened);
    return opened;
  }

  async function folderOf(opened: TargetMailbox, itemClass: ItemClass): Promise<TargetFolder> {
    const folder = (await opened.listFolders()).find(({ role }) => role === itemClass);
    if (folder === undefined) throw new Error(`no folder of ${itemClass}`);
    return folder;
  }

  function entity(item: NeutralItem, key = 'k'): Buffer {
    const from = { name: 'Anna', address: anna };
    return writeItemEntity({ key: itemKey(key), date: new Date('2020-01-02T03:04:05Z'), from }, item);
  }

  async function write(opened: TargetMailbox, item: NeutralItem, key = 'k'): Promise<WriteOutcome | undefined> {
    const folder = await folderOf(opened, classes[item.kind]);
    const octets = entity(item, key);
    const page = opened.beginPage(folder, { items: 1, octets: octets.length });
    await page.begin({ internalDate, flags: ['\\Seen'], size: octets.length });
    await page.write(octets);
    await page.end();
    const [outcome] = await page.finish();
    return outcome;
  }

  const items = (kind?: string): readonly OnlineItem[] =>
    simulator
      .mailbox(anna)
      .items()
      .filter((item) => kind === undefined || item.kind === kind);

  it.each(Object.values(sampleItems))('are there once and are known again: $kind', async (item) => {
    const opened = await mailbox();
    const folder = await folderOf(opened, classes[item.kind]);
    const [before] = await opened.folderStates([folder]);

    const outcome = await write(opened, item);

    expect(outcome).toMatchObject({ outcome: 'written', uid: 1, uidValidity: expect.any(Number) });
    expect(before).toMatchObject({ uidNext: 1, messages: 0 });
    const another = await mailbox();
    const [listed] = await another.listItems(folder, { from: 1 });
    expect(listed).toMatchObject({ uid: 1, flags: ['\\Seen'] });
    expect(internalDateSeconds(listed?.internalDate ?? '')).toBe(internalDateSeconds(internalDate));
    const header: Buffer[] = [];
    await another.readItems(
      folder,
      { uids: [1], headersOnly: true },
      {
        begin: () => undefined,
        chunk: (octets) => void header.push(Buffer.from(octets)),
        end: () => undefined,
      },
    );
    expect(Buffer.concat(header).toString()).toContain(`Message-ID: <${itemKey('k')}.`);
  });

  it('an event has nobody whom it could invite, and says in its text who was', async () => {
    const outcome = await write(await mailbox(), sampleItems.event);

    const [event] = items('event');
    expect(event?.properties['attendees'] ?? []).toEqual([]);
    expect(event?.properties['isOnlineMeeting']).toBeUndefined();
    expect(event?.properties['responseRequested']).toBe(false);
    expect(JSON.stringify(event?.properties['body'])).toContain('ben@contoso.test');
    expect(outcome).toMatchObject({ losses: expect.arrayContaining([expect.stringContaining('nobody was invited')]) });
  });

  it('a series has its changed and its deleted occurrences', async () => {
    await write(await mailbox(), sampleItems.event);

    const [event] = items('event');
    const exceptions = event?.exceptions ?? new Map<string, OnlineItem | null>();
    const series = sampleItems.event.series;
    expect([...exceptions.values()].filter((exception) => exception === null)).toHaveLength(
      series?.deleted.length ?? 0,
    );
    expect(exceptions.get('2026-11-30')?.properties).toMatchObject({ subject: 'Weekly, later' });
  });

  it('a part that is refused is a loss, and the item is there', async () => {
    simulator.play(
      { method: 'PUT', path: '/photo', status: 400, code: 'ErrorInvalidImage' },
      { method: 'PATCH', path: '.OCC.', status: 400, code: 'ErrorInvalidRequest', times: 2 },
    );

    const contact = await write(await mailbox(), sampleItems.contact);
    const event = await write(await mailbox(), sampleItems.event);

    const containing = (text: string): unknown => expect.arrayContaining([expect.stringContaining(text)]);
    expect(contact).toMatchObject({ outcome: 'written', losses: containing('a picture that Exchange Online refused') });
    expect(event).toMatchObject({ outcome: 'written', losses: containing('a changed occurrence that Exchange') });
    expect(items('contact')).toHaveLength(1);
    expect(items('event')).toHaveLength(1);
  });

  it('an event that was made by a call that came late is found, and one that was deleted is made anew', async () => {
    await write(await mailbox(), sampleItems.event);
    const [first] = items('event');

    // Another worker, that does not know of it.
    objects = new MemoryObjectStore();
    const again = await write(await mailbox(), sampleItems.event);

    expect(again).toMatchObject({ outcome: 'written' });
    expect(items('event').map(({ immutableId }) => immutableId)).toEqual([first?.immutableId]);

    if (first !== undefined) simulator.mailbox(anna).removeItem(first);
    objects = new MemoryObjectStore();
    await write(await mailbox(), sampleItems.event);
    expect(items('event').map(shapeOf)).toEqual([shapeOf(first)]);
    expect(items('event').map(({ immutableId }) => immutableId)).not.toEqual([first?.immutableId]);
  });

  it('another version of an item takes the place of the one before, unless somebody changed that', async () => {
    const opened = await mailbox();
    await write(opened, sampleItems.contact);

    const second = await write(opened, { ...sampleItems.contact, nickName: 'B.' });

    expect(second).toMatchObject({ outcome: 'written', uid: 2 });
    expect(items('contact').map(({ properties }) => properties['nickName'])).toEqual(['B.']);

    const [there] = items('contact');
    if (there === undefined) throw new Error('no contact');
    there.properties = { ...there.properties, jobTitle: 'Her own words' };
    simulator.mailbox(anna).touch(there);
    const third = await write(opened, { ...sampleItems.contact, nickName: 'C.' });

    expect(third).toMatchObject({ losses: expect.arrayContaining([expect.stringContaining('both are there')]) });
    expect(items('contact').map(({ properties }) => properties['nickName'])).toEqual(['B.', 'C.']);
  });

  it.each(Object.values(sampleItems))(
    'whichever request is lost, there is one whole item or none of ours: $kind',
    async (item) => {
      await write(await mailbox(), item);
      const whole = JSON.stringify(shapeOf(items()[0]));
      const requests = simulator.log.requests.length;
      for (const drop of ['before', 'after'] as const) {
        for (let skip = 0; skip < requests; skip += 1) {
          await restart();
          simulator.play({ skip, drop });
          const outcome = await attempt(item);
          simulator.faults.clear();
          await Promise.all(open.map((opened) => opened.close()));
          // As settling does: what is there is taken; else it is written again.
          const opened = await mailbox();
          const folder = await folderOf(opened, classes[item.kind]);
          const listed = await opened.listItems(folder, { from: 1 });
          if (listed.length === 0) await write(opened, item);

          expect({ drop, skip, outcome, items: items().map((one) => JSON.stringify(shapeOf(one))) }).toEqual({
            drop,
            skip,
            outcome,
            items: [whole],
          });
        }
      }
    },
  );

  async function restart(): Promise<void> {
    await Promise.all(open.map((opened) => opened.close()));
    open = [];
    objects = new MemoryObjectStore();
    const mine = simulator.mailbox(anna);
    for (const item of mine.items()) mine.removeItem(item);
    simulator.log.clear();
  }

  async function attempt(item: NeutralItem): Promise<string> {
    try {
      return (await write(await mailbox(), item))?.outcome ?? 'none';
    } catch {
      return 'failed';
    }
  }

  function shapeOf(item: OnlineItem | undefined): unknown {
    if (item === undefined) return undefined;
    return {
      kind: item.kind,
      subject: item.properties['subject'] ?? item.properties['displayName'] ?? item.properties['title'],
      attachments: item.attachments.map(({ content }) => content.length),
      exceptions: [...item.exceptions].map(([day, exception]) => [day, exception?.properties['subject'] ?? null]),
    };
  }

  it('folders of other classes are made once, and found again by their path', async () => {
    const opened = await mailbox();
    for (const itemClass of ['contacts', 'calendar', 'tasks'] as const) {
      const [first] = await opened.createFolders([['Team', 'Berlin']], itemClass);
      const [second] = await (await mailbox()).createFolders([['Team', 'Berlin']], itemClass);

      expect(first).toMatchObject({ outcome: 'created', folder: { itemClass } });
      expect(second).toEqual({
        outcome: 'exists',
        folder: {
          id: (first as { folder: TargetFolder }).folder.id,
          path: ['Team', 'Berlin'],
          selectable: true,
          itemClass,
        },
      });
    }
  });
});
