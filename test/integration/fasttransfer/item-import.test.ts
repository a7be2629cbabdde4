import { afterEach, describe, expect, it } from '@jest/globals';
import {
  contactContent,
  eventContent,
  listContent,
  noteContent,
  taskContent,
} from '../../../simulator/exchange/practice-content.ts';
import type { PracticeMailbox } from '../../../simulator/exchange/practice-mailbox.ts';
import type { OnlineItem } from '../../../simulator/exchange-online/store/online-item.ts';
import { anna } from '../graph-mailbox/support/graph-world.ts';
import { ImportWorld } from './support/import-world.ts';

const created = (day: number): Date => new Date(Date.UTC(2024, 5, day, 8));

/** One of each kind, with what Graph has no place for. */
function fill(mailbox: PracticeMailbox): void {
  mailbox.addContent(
    contactContent({
      givenName: 'Dörte',
      surname: 'Größe',
      company: 'Fabrikam & Söhne',
      emails: [{ name: 'Dörte', address: 'doerte@fabrikam.test' }],
      phones: { MobilePhone: '+49 170 1', Pager: '+49 30 2' },
      attachments: [{ name: 'card.txt', contentType: 'text/plain', content: Buffer.from('card') }],
    }),
    { itemClass: 'IPM.Contact', created: created(1) },
  );
  mailbox.addContent(listContent('Board', [{ name: 'Cem Yılmaz', address: 'cem@fabrikam.test' }]), {
    itemClass: 'IPM.DistList',
    created: created(2),
  });
  mailbox.addContent(
    taskContent({ subject: 'Write the report', status: 'InProgress', percent: 40, due: created(20), owner: 'Anna' }),
    { itemClass: 'IPM.Task', created: created(3) },
  );
  mailbox.addContent(noteContent({ text: 'Milk\r\nBread', colour: 2 }), {
    itemClass: 'IPM.StickyNote',
    created: created(4),
  });
  mailbox.addContent(
    eventContent({
      subject: 'Planning',
      start: created(10),
      end: created(11),
      zone: 'UTC',
      attendees: [{ name: 'Ben', address: 'ben@contoso.test', role: 'Required', response: 'Accept' }],
    }),
    { itemClass: 'IPM.Appointment', created: created(5) },
  );
}

/** Kind, name, and whether it is what Exchange had exported. */
function held(items: readonly OnlineItem[]): readonly string[] {
  return items
    .map(({ properties, single }) => {
      const name = [properties['displayName'], properties['title'], properties['subject']].find(
        (value) => typeof value === 'string' && value !== '',
      );
      const itemClass = single.get('String 0x1a');
      return `${String(name)}|${single.has('SystemTime 0x3007') ? `imported ${String(itemClass)}` : 'written'}`;
    })
    .sort();
}

const all = [
  'Board|imported IPM.DistList',
  'Dörte Größe|imported IPM.Contact',
  'Milk|imported IPM.StickyNote',
  'Planning|written',
  'Write the report|imported IPM.Task',
];
const names = all.map((entry) => entry.replace(/\|.*/, ''));
const ofImports = /importItem|createImportSession|admin.exchange|linkedResources/;

describe('Contacts, lists, tasks and notes that Exchange exports', () => {
  let world: ImportWorld | undefined;

  afterEach(async () => {
    // The trap: nobody was ever invited, told or asked to a meeting.
    expect(world?.online.invitations ?? []).toEqual([]);
    await world?.close();
    world = undefined;
  });

  it('are imported as they are, and events never', async () => {
    world = await ImportWorld.open(fill);

    const job = await world.harness.run(anna);

    expect(job).toMatchObject({ status: 'Synced', green: true, error: null });
    expect(held(world.items)).toEqual(all);
    const byClass = new Map(world.items.map((item) => [item.single.get('String 0x1a'), item]));
    expect(byClass.get('IPM.Contact')?.single.get('String 0x3a21')).toBe('+49 30 2');
    expect(byClass.get('IPM.Contact')?.attachments.map(({ properties }) => properties['name'])).toEqual(['card.txt']);
    expect(byClass.get('IPM.Contact')?.properties).toMatchObject({
      emailAddresses: [{ address: 'doerte@fabrikam.test' }],
      mobilePhone: '+49 170 1',
    });
    const members = byClass
      .get('IPM.DistList')
      ?.multiple.get('BinaryArray {00062004-0000-0000-c000-000000000046} Id 0x8055');
    expect(members).toHaveLength(1);
    expect(byClass.get('IPM.Task')?.properties).toMatchObject({ title: 'Write the report', status: 'inProgress' });
    expect(byClass.get('IPM.Task')?.single.get('Double {00062003-0000-0000-c000-000000000046} Id 0x8102')).toBe('0.4');
    const event = world.items.find(({ kind }) => kind === 'event');
    expect(event?.properties['attendees'] ?? []).toEqual([]);
  });

  it('are copied once, however often, and whatever the endpoint says later', async () => {
    world = await ImportWorld.open(fill);
    await world.harness.run(anna);

    for (const mail of ['graph', 'auto'] as const) {
      await world.write(mail);
      await world.harness.beginPass('incremental');
      const job = await world.harness.run(anna);

      expect(job).toMatchObject({ status: 'Synced', green: true, error: null });
      expect(held(world.items)).toEqual(all);
    }
  });

  it('are written by Graph where the server cannot export', async () => {
    world = await ImportWorld.open(fill, { mail: 'auto', version: '2007SP1' });

    const job = await world.harness.run(anna);

    expect(job).toMatchObject({ status: 'Synced', error: null });
    expect(held(world.items)).toEqual(names.map((name) => `${name}|written`));
  });

  it('are written by Graph where the stream is refused, after one try of each kind', async () => {
    world = await ImportWorld.open((mailbox) => {
      fill(mailbox);
      fill(mailbox);
    });
    world.online.play({ method: 'POST', path: '/importItem', status: 400, code: 'ErrorCorruptData', times: 100 });

    const job = await world.harness.run(anna);

    expect(job).toMatchObject({ status: 'Synced', error: null });
    expect(held(world.items)).toEqual(names.flatMap((name) => [`${name}|written`, `${name}|written`]));
    expect(world.imports).toBe(4);
  });

  it('are written by Graph where the first of a kind comes out wrong, and nothing of that is left', async () => {
    world = await ImportWorld.open(fill);
    const mailbox = world.online.mailbox(anna);
    const add = mailbox.addItem.bind(mailbox);
    mailbox.addItem = (made) => {
      const item = add(made);
      if (item.single.get('String 0x1a') === 'IPM.Contact') item.single.set('String 0x3a11', 'Somebody');
      return item;
    };

    const job = await world.harness.run(anna);

    expect(job).toMatchObject({ status: 'Synced', error: null });
    expect(held(world.items)).toEqual(all.map((entry) => (entry.startsWith('Dörte') ? 'Dörte Größe|written' : entry)));
  });

  it('are written by Graph where Graph does not show what was imported, and nothing of that is left', async () => {
    world = await ImportWorld.open(fill);
    const mailbox = world.online.mailbox(anna);
    const add = mailbox.addItem.bind(mailbox);
    mailbox.addItem = (made) =>
      add(made.single?.get('String 0x1a') === 'IPM.Task' ? { ...made, kind: 'message' } : made);

    const job = await world.harness.run(anna);

    expect(job).toMatchObject({ status: 'Synced', error: null });
    expect(held(world.items)).toEqual(
      all.map((entry) => (entry.startsWith('Write') ? 'Write the report|written' : entry)),
    );
  });

  it('are written by Graph where the application may not delete what it imports', async () => {
    world = await ImportWorld.open(fill);
    world.permit((name) => name !== 'MailboxItem.ReadWrite');

    const job = await world.harness.run(anna);

    expect(job).toMatchObject({ status: 'Synced', error: null });
    expect(held(world.items)).toEqual(names.map((name) => `${name}|written`));
  });

  it('stop the mailbox where the application may not list them any more: they would be taken for others', async () => {
    world = await ImportWorld.open(fill);
    await world.harness.run(anna);
    world.permit((name) => !name.startsWith('MailboxItem'));
    await world.write('graph');
    await world.harness.beginPass('incremental');

    const job = await world.harness.run(anna);

    expect(job.error).toMatchObject({ code: 'TARGET_RIGHT_MISSING' });
    expect(held(world.items)).toEqual(all);
  });

  it('take the place of what was imported before, when they were changed at the source', async () => {
    world = await ImportWorld.open(fill);
    await world.harness.run(anna);
    const [source] = world.exchange.mailboxes;
    const contact = source
      ?.items(source.wellKnown('contacts')?.id ?? '')
      .find(({ itemClass }) => itemClass === 'IPM.DistList');
    source?.changeItem(contact?.id ?? '', { content: listContent('Supervisory board', []) });
    await world.harness.beginPass('incremental');

    const job = await world.harness.run(anna);

    expect(job).toMatchObject({ status: 'Synced', error: null });
    expect(held(world.items)).toEqual(all.map((entry) => entry.replace('Board|', 'Supervisory board|')).sort());
  });

  it('are there exactly once whichever request is lost, or wherever their worker is killed', async () => {
    world = await ImportWorld.open(fill);
    await world.harness.run(anna);
    const places = world.importing(ofImports, 40);
    expect(places.length).toBeGreaterThan(20);
    await world.close();

    for (const [turn, at] of places.entries()) {
      world = await ImportWorld.open(fill);
      // Each in one of four ways: all four come about at each kind of request.
      const [drop, how] = [turn % 2 === 0 ? 'before' : 'after', turn % 4 < 2 ? 'lost' : 'killed'] as const;
      if (how === 'killed') await world.killAt(at, drop);
      else world.online.play({ skip: at, drop });
      const job = await world.harness.run(anna);

      const found = held(world.items).map((entry) => entry.replace(/\|.*/, ''));
      expect({ drop, at, how, found, job: job.status }).toEqual({ drop, at, how, found: names, job: 'Synced' });
      expect(world.online.invitations).toEqual([]);
      await world.close();
    }
    world = undefined;
  });
});
