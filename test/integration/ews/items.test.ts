import { afterEach, describe, expect, it } from '@jest/globals';
import { ewsMailSource } from '../../../shared/adapters/ews/ews-mail-source.ts';
import { systemClock } from '../../../shared/adapters/local/system-clock.ts';
import { ExchangeServer } from '../../../shared/domain/endpoint.ts';
import type { ItemClass } from '../../../shared/domain/items/item-class.ts';
import { readItemEntity } from '../../../shared/domain/items/item-entity.ts';
import type { NeutralItem } from '../../../shared/domain/items/neutral-item.ts';
import { sourceLosses } from '../../../shared/domain/items/source-losses.ts';
import type { SourceMailbox, UnreadableItem } from '../../../shared/ports/mail-source.ts';
import { ExchangeSimulator } from '../../../simulator/exchange/exchange-simulator.ts';
import { contactContent, eventContent, noteContent } from '../../../simulator/exchange/practice-content.ts';
import { fillPracticeItems, practiceEvents, type PracticeItems } from '../../../simulator/exchange/practice-items.ts';
import { PracticeMailbox } from '../../../simulator/exchange/practice-mailbox.ts';
import { MemoryObjectStore } from '../../support/builders/memory-object-store.ts';

const address = 'anna@contoso.test';
const password = 'pw';
const classes: readonly ItemClass[] = ['contacts', 'calendar', 'tasks', 'notes'];
const legacyNames = { '/o=Contoso/ou=Users/cn=board': { name: 'Board', address: 'board@contoso.test' } };
const berlin = { id: 'W. Europe Standard Time', name: 'W. Europe Standard Time', exact: true };

describe('Items of Exchange that are no mail', () => {
  const running: ExchangeSimulator[] = [];
  const opened: SourceMailbox[] = [];

  afterEach(async () => {
    await Promise.all(opened.splice(0).map((source) => source.close()));
    await Promise.all(running.splice(0).map((simulator) => simulator.stop()));
  });

  async function open(version: '2007SP1' | '2010SP1' = '2010SP1') {
    const mailbox = new PracticeMailbox(address, { calendar: 'Kalender', contacts: 'Kontakte' });
    const items = fillPracticeItems(mailbox);
    const simulator = await ExchangeSimulator.start({
      mailboxes: [mailbox],
      accounts: [{ name: address, password, opens: [address] }],
      version,
      legacyNames,
    });
    running.push(simulator);
    const server = ExchangeServer.parse({ kind: 'exchange', ewsUrl: simulator.ewsUrl, login: { mode: 'user' } });
    const source = await ewsMailSource(server, {
      secrets: () => Promise.resolve(''),
      clock: systemClock,
      objects: new MemoryObjectStore(),
    }).open({ emailAddress: address, userName: address, password }, new AbortController().signal);
    opened.push(source);
    return { mailbox, items, simulator, source };
  }

  interface Read {
    readonly uid: number;
    readonly key: string;
    readonly version: string;
    readonly octets: Buffer;
    readonly item: NeutralItem;
  }

  async function readAll(
    source: SourceMailbox,
    role: string,
  ): Promise<{ readonly items: readonly Read[]; readonly unreadable: readonly UnreadableItem[] }> {
    const { folders } = await source.listFolders(classes);
    const folder = folders.find((candidate) => candidate.role === role)!;
    const [state] = await source.folderStates([folder]);
    if (state === undefined || state === 'missing') throw new Error('missing');
    const { uidValidity, uidNext } = state;
    const listed = await source.listItems(folder, { uidValidity, from: 1, to: uidNext - 1 });
    const uids = listed.filter(({ notMail }) => notMail === undefined).map(({ uid }) => uid);
    const chunks = new Map<number, Buffer[]>();
    const headers: Buffer[] = [];
    let current: Buffer[] = [];
    const { unreadable } = await source.readItems(
      folder,
      { uidValidity, uids },
      {
        begin: ({ uid }) => {
          current = [];
          chunks.set(uid, current);
        },
        chunk: (octets) => {
          current.push(Buffer.from(octets));
        },
        end: () => undefined,
      },
    );
    await source.readItems(
      folder,
      { uidValidity, uids, headersOnly: true },
      {
        begin: () => undefined,
        chunk: (octets) => {
          headers.push(Buffer.from(octets));
        },
        end: () => undefined,
      },
    );
    const whole = [...chunks.values()].map((parts) => Buffer.concat(parts));
    // The header alone is that of the whole item: by it an item is known again.
    expect(headers).toEqual(whole.map((octets) => octets.subarray(0, octets.indexOf('\r\n\r\n') + 4)));
    const items = [...chunks.keys()].map((uid, at) => {
      const octets = whole[at]!;
      const entity = readItemEntity(octets);
      if (entity === null) throw new Error('no item');
      return { uid, key: entity.key, version: entity.version, octets, item: entity.item };
    });
    return { items, unreadable };
  }

  const bySubject = (items: readonly Read[], subject: string): NeutralItem =>
    items.map(({ item }) => item).find((item) => item.kind === 'event' && item.subject.startsWith(subject))!;

  it('lie in folders that are known by id, and only where they are asked for', async () => {
    const { source } = await open();

    const [all, mail] = [await source.listFolders(classes), await source.listFolders()];

    expect(all.folders.filter(({ itemClass }) => itemClass !== undefined)).toMatchObject([
      { path: ['Kalender'], role: 'calendar', itemClass: 'calendar' },
      { path: ['Kontakte'], role: 'contacts', itemClass: 'contacts' },
      { path: ['Tasks'], role: 'tasks', itemClass: 'tasks' },
      { path: ['Notes'], role: 'notes', itemClass: 'notes' },
    ]);
    expect(all.leftOut).toEqual([{ name: 'Journal', reason: 'not-mail', items: 0 }]);
    expect(mail.folders.every(({ itemClass }) => itemClass === undefined)).toBe(true);
    expect(mail.leftOut).toContainEqual({ name: 'Kalender', reason: 'not-mail', items: 8 });
  });

  describe.each(['2007SP1', '2010SP1'] as const)('with Exchange %s', (version) => {
    it('are contacts, whole', async () => {
      const { source } = await open(version);

      const { items, unreadable } = await readAll(source, 'contacts');

      expect(unreadable).toEqual([]);
      expect(items.map(({ item }) => item.kind)).toEqual([...Array<string>(6).fill('contact'), 'distribution-list']);
      const [bea, cem] = items.map(({ item }) => item);
      expect(bea).toMatchObject({
        displayName: 'Dr. Bea Example',
        title: 'Dr.',
        givenName: 'Bea',
        surname: 'Example',
        fileAs: 'Example, Bea',
        company: 'Fabrikam & Söhne',
        emails: [{ slot: 1, address: 'person0@fabrikam.test', name: 'Bea Example', type: 'smtp' }],
        phones: [
          { kind: 'mobile', number: '+49 170 1000000' },
          { kind: 'business-fax', number: '+49 30 5000' },
        ],
        addresses: [
          { kind: 'home', street: 'Hauptstraße 1', city: 'Köln', postalCode: '50667', country: 'Deutschland' },
        ],
        birthday: '1980-02-29',
        picture: { contentType: 'image/jpeg', content: expect.stringMatching(/^\/9j\//) },
        attachments: [],
        body: { type: 'text', content: 'Met in 2000' },
      });
      expect(cem).toMatchObject({
        categories: ['Customer', 'Grüne Kategorie'],
        emails: [{ slot: 1 }, { slot: 2, address: 'board@contoso.test', name: 'Board', type: 'smtp' }],
      });
      expect(items.at(-1)?.item).toMatchObject({
        displayName: 'Board',
        membersKnown: true,
        members: [
          { name: 'Bea Example', address: 'person0@fabrikam.test', type: 'person' },
          { name: 'Cem Yılmaz', address: 'person1@fabrikam.test', type: 'person' },
          { name: 'Dörte Größe', address: 'person2@fabrikam.test', type: 'person' },
        ],
      });
    });

    it('are events as a clock in their time zone shows them', async () => {
      const { source } = await open(version);

      const { items } = await readAll(source, 'calendar');

      expect(items).toHaveLength(8);
      expect(bySubject(items, 'Lunch')).toMatchObject({
        start: { utc: '2025-01-07T11:00:00Z', local: '2025-01-07T12:00:00' },
        end: { local: '2025-01-07T13:00:00' },
        timeZone: { id: 'W. Europe Standard Time' },
        categories: ['Personal'],
        isMeeting: false,
      });
      expect(bySubject(items, 'Holiday')).toMatchObject({
        isAllDay: true,
        start: { utc: '2025-01-07T23:00:00Z', local: '2025-01-08T00:00:00' },
        end: { local: '2025-01-10T00:00:00' },
        showAs: 'oof',
        timeZone: { ...berlin, name: expect.any(String) },
      });
      expect(bySubject(items, 'Dentist')).toMatchObject({ sensitivity: 'private', importance: 'high' });
      expect(bySubject(items, 'Call')).toMatchObject({
        start: { utc: '2025-07-10T14:00:00Z', local: '2025-07-10T10:00:00' },
        timeZone: { id: 'Eastern Standard Time' },
      });
      expect(bySubject(items, 'Planning')).toMatchObject({
        subject: 'Planning <2025> & "more"',
        isMeeting: true,
        organizer: { name: 'Ben Berg', address: 'ben@contoso.test' },
        myResponse: 'accepted',
        attendees: [
          { name: 'Owner', address, role: 'required', response: 'accepted' },
          { name: 'Former Colleague', address: '', role: 'optional', response: 'declined' },
          { name: 'Room 1', address: 'room1@contoso.test', role: 'resource', response: 'accepted' },
        ],
        onlineMeeting: { url: 'https://meet.contoso.test/ben/1' },
      });
    });

    it('are series with what was changed and deleted in them', async () => {
      const { source } = await open(version);

      const { items } = await readAll(source, 'calendar');

      expect(bySubject(items, 'Weekly')).toMatchObject({
        body: { type: 'html', content: '<html><body><p>Agenda <img src="cid:plan1"></p></body></html>' },
        reminder: { isOn: true, minutesBefore: 15 },
        attachments: [
          {
            kind: 'file',
            name: 'plan.png',
            contentType: 'image/png',
            contentId: 'plan1',
            isInline: true,
            content: 'iVBORw==',
          },
          {
            kind: 'item',
            name: 'Forwarded',
            contentType: 'message/rfc822',
            content: Buffer.from('Subject: Forwarded\r\n\r\nText\r\n').toString('base64'),
          },
        ],
        series: {
          recurrence: {
            pattern: { type: 'weekly', interval: 1, daysOfWeek: ['monday', 'wednesday'], firstDayOfWeek: 'sunday' },
            range: { type: 'endDate', startDate: '2025-01-06', endDate: '2025-12-31' },
          },
          modified: [
            {
              originalStart: { utc: '2025-01-08T08:00:00Z', local: '2025-01-08T09:00:00' },
              subject: 'Weekly, in the afternoon',
              location: 'Room 2',
              start: { local: '2025-01-08T15:00:00' },
              reminder: { isOn: false },
              attachments: [{ name: 'extra.txt', content: Buffer.from('extra').toString('base64') }],
            },
            {
              originalStart: { utc: '2025-07-07T07:00:00Z', local: '2025-07-07T09:00:00' },
              start: { utc: '2025-07-07T09:00:00Z', local: '2025-07-07T11:00:00' },
            },
          ],
          deleted: [{ originalStart: { utc: '2025-01-13T08:00:00Z', local: '2025-01-13T09:00:00' } }],
          missing: [],
        },
      });
      expect(bySubject(items, 'Birthday')).toMatchObject({
        start: { local: '2025-02-28T00:00:00' },
        series: {
          recurrence: {
            pattern: { type: 'relativeYearly', interval: 1, month: 2, daysOfWeek: ['friday'], index: 'last' },
            range: { type: 'noEnd', startDate: '2025-02-28' },
          },
        },
      });
      expect(bySubject(items, 'Stand-up')).toMatchObject({
        start: { local: '2025-03-03T10:00:00' },
        timeZone: { id: 'India Standard Time', exact: true },
        series: { recurrence: { pattern: { type: 'daily', interval: 2 }, range: { numberOfOccurrences: 10 } } },
      });
    });

    it('are tasks and notes', async () => {
      const { source } = await open(version);

      const [tasks, notes] = [await readAll(source, 'tasks'), await readAll(source, 'notes')];

      expect(tasks.items.map(({ item }) => item)).toMatchObject([
        {
          subject: 'Write the report',
          status: 'inProgress',
          percentComplete: 40,
          startDate: '2025-01-10',
          dueDate: '2025-01-20',
          reminder: { isOn: true, at: '2025-01-19T08:00:00Z' },
          owner: 'Owner',
        },
        {
          subject: 'Water the plants',
          recurrence: { pattern: { type: 'regenerating', every: 'week', interval: 2 }, range: { type: 'noEnd' } },
        },
        { subject: 'Tidy up', status: 'completed', completedDate: '2025-01-05', sensitivity: 'private' },
      ]);
      expect(notes.items.map(({ item }) => item)).toMatchObject([
        { subject: 'Milk', colour: 'green', body: { type: 'text', content: 'Milk\r\nBread' } },
        { colour: 'pink' },
        { subject: 'bell \ufffd & more', colour: 'yellow' },
      ]);
    });
  });

  const read = async (source: SourceMailbox, role: string): Promise<readonly (readonly [number, string, string])[]> =>
    (await readAll(source, role)).items.map(({ uid, key, version }) => [uid, key, version] as const);

  it('are the same in every octet at each reading, and at each opening', async () => {
    const { source } = await open();

    for (const role of classes) expect(await readAll(source, role)).toEqual(await readAll(source, role));
  });

  it('get another number and version when their content changes, and another number alone when it does not', async () => {
    const { source, mailbox, items } = await open();
    const before = await read(source, 'calendar');
    const [first, second] = [items.events.single, items.events.allDay];

    const { single } = practiceEvents(address);
    mailbox.changeItem(first.id, { content: eventContent({ ...single, location: 'Canteen' }) });
    // As when a reminder is dismissed: another ChangeKey, the same content.
    mailbox.changeItem(second.id, { content: second.content! });
    const after = await read(source, 'calendar');

    expect(after.slice(0, 6)).toEqual(before.slice(2));
    expect(after.slice(6)).toEqual([
      [9, before[0]![1], expect.not.stringMatching(before[0]![2])],
      [10, before[1]![1], before[1]![2]],
    ]);
  });

  it('keep their key when they are moved, and share it with no copy beside them', async () => {
    const { source, mailbox, items } = await open();
    const before = await read(source, 'notes');
    const [note, other] = items.notes;
    mailbox.copyItem(note!.id, mailbox.wellKnown('notes')!.id);
    mailbox.moveItem(other!.id, mailbox.wellKnown('deleteditems')!.id);
    mailbox.moveItem(mailbox.items(mailbox.wellKnown('deleteditems')!.id)[0]!.id, mailbox.wellKnown('notes')!.id);

    const after = await read(source, 'notes');

    expect(new Set(after.map(([, key]) => key)).size).toBe(4);
    expect(after.map(([, key]) => key)).toEqual(expect.arrayContaining(before.map(([, key]) => key)));
    expect(after.find(([, key]) => key === before[1]![1])?.[2]).toBe(before[1]![2]);
  });

  it('are told apart from what lies in a folder of another class', async () => {
    const { source, mailbox } = await open();
    mailbox.addContent(noteContent({ text: 'lost', colour: 1 }), {
      itemClass: 'IPM.StickyNote',
      created: new Date(1.7e12),
      folder: mailbox.wellKnown('contacts')!.id,
    });

    const { folders } = await source.listFolders(classes);
    const folder = folders.find(({ role }) => role === 'contacts')!;
    const [state] = await source.folderStates([folder]);
    if (state === undefined || state === 'missing') throw new Error('missing');
    const listed = await source.listItems(folder, { uidValidity: state.uidValidity, from: 1, to: state.uidNext });

    expect(listed.filter(({ notMail }) => notMail !== undefined)).toMatchObject([{ notMail: 'IPM.StickyNote' }]);
  });

  function damage(mailbox: PracticeMailbox, items: PracticeItems): void {
    const [contact, other] = items.contacts;
    mailbox.changeItem(contact!.id, { problem: 'ErrorCorruptData' });
    const attachment = { name: 'lost.bin', contentType: 'x/y', content: Buffer.alloc(3), problem: 'ErrorCorruptData' };
    mailbox.changeItem(other!.id, {
      content: contactContent({ givenName: 'Cem', surname: 'Yılmaz', attachments: [attachment] }),
    });
  }

  it('are listed where they cannot be read, and say what of them could not be', async () => {
    const { source, mailbox, items } = await open();
    damage(mailbox, items);
    const broken = { subject: 'Broken', start: new Date(0), end: new Date(1), zone: 'UTC' };
    mailbox.addContent(eventContent({ ...broken, recurrence: '<t:LunarRecurrence/><t:NoEndRecurrence/>' }), {
      itemClass: 'IPM.Appointment',
      created: new Date(1.7e12),
    });

    const [contacts, calendar] = [await readAll(source, 'contacts'), await readAll(source, 'calendar')];

    expect(contacts.items).toHaveLength(6);
    expect(contacts.unreadable).toMatchObject([{ code: 'ITEM_CORRUPT' }]);
    const cem = contacts.items.map(({ item }) => item).find(({ missingAttachments }) => missingAttachments.length > 0);
    expect(cem).toMatchObject({ givenName: 'Cem', missingAttachments: ['lost.bin'] });
    expect(sourceLosses(cem!)).toEqual(['1 attachments could not be read at the source']);
    expect(calendar.items).toHaveLength(8);
    expect(calendar.unreadable).toMatchObject([{ code: 'ITEM_NOT_CONVERTIBLE' }]);
  });

  it.each(['GetAttachment', 'ResolveNames', 'GetItem'])('wait where the server is busy: %s', async (operation) => {
    const { source, simulator } = await open();
    simulator.play({ operation, code: 'ErrorServerBusy', backOffMs: 3_000 });

    await expect(readAll(source, 'contacts')).rejects.toMatchObject({
      name: 'TransientError',
      code: 'SOURCE_THROTTLED',
      retryAfterMs: 3_000,
    });
  });

  it.each([
    ['2007SP1', 'Exchange2007_SP1', /ErrorSchemaValidation/],
    ['2010SP1', 'Exchange2010_SP1', /<m:Data>AQAAAAgAAAAAAAAAAQAAAAMAAAAYAAAA/],
  ] as const)('are exported by the practice Exchange as its version does: %s', async (version, schema, answer) => {
    const { simulator, items } = await open(version);
    const types = 'http://schemas.microsoft.com/exchange/services/2006/types';

    const response = await fetch(simulator.ewsUrl, {
      method: 'POST',
      headers: { Authorization: `Basic ${Buffer.from(`${address}:${password}`).toString('base64')}` },
      body:
        `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" xmlns:t="${types}"><s:Header><t:RequestServerVersion Version="${schema}"/></s:Header>` +
        `<s:Body><ExportItems><ItemIds><t:ItemId Id="${items.list.id}"/></ItemIds></ExportItems></s:Body></s:Envelope>`,
    });

    expect(await response.text()).toMatch(answer);
  });
});
