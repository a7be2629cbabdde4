import { afterEach, describe, expect, it } from '@jest/globals';
import { graphOf, startPractice } from '../exchange-online/support/practice-organisation.ts';
import { exportedData } from '../../../simulator/exchange/exported-data.ts';
import { fillPracticeItems } from '../../../simulator/exchange/practice-items.ts';
import { PracticeMailbox, type PracticeItem } from '../../../simulator/exchange/practice-mailbox.ts';
import type { ExchangeOnlineSimulator } from '../../../simulator/exchange-online/exchange-online-simulator.ts';
import type { JsonObject } from '../../../simulator/exchange-online/json-object.ts';
import { anna } from '../graph-mailbox/support/graph-world.ts';

/** The writer of the practice Exchange and the reader of the practice Exchange Online share no line: each checks the other. */
describe('What the practice Exchange exports, imported into the practice Exchange Online', () => {
  let simulator: ExchangeOnlineSimulator;
  afterEach(() => simulator.stop());

  const source = new PracticeMailbox(anna);
  const items = fillPracticeItems(source);

  /** What Graph lists at a path after an item was imported into a folder. */
  async function imported(item: PracticeItem, folder: string, path: string): Promise<readonly unknown[]> {
    simulator = await startPractice();
    const graph = await graphOf(simulator);
    const { primaryMailboxId } = (await graph('GET', `/users/${anna}/settings/exchange`)).json;
    const admin = `/admin/exchange/mailboxes/${String(primaryMailboxId)}`;
    const { importUrl } = (await graph('POST', `${admin}/createImportSession`)).json;
    const folders = (await graph('GET', `${admin}/folders?$top=100`)).json.value as readonly JsonObject[];
    const id = folders.find(({ wellKnownName }) => wellKnownName === folder)?.['id'];
    const answer = await fetch(String(importUrl), {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ FolderId: id, Mode: 'create', Data: exportedData(item).toString('base64') }),
    });
    expect(answer.status).toBe(200);
    // The trap: an import writes the store alone.
    expect(simulator.invitations).toEqual([]);
    return (await graph('GET', path.replace('{admin}', admin))).json.value;
  }

  it('a contact is a contact', async () => {
    const [contact] = items.contacts;

    expect(await imported(contact!, 'contacts', `/users/${anna}/contacts`)).toMatchObject([
      {
        displayName: 'Dr. Bea Example',
        fileAs: 'Example, Bea',
        title: 'Dr.',
        companyName: 'Fabrikam & Söhne',
        mobilePhone: '+49 170 1000000',
        emailAddresses: [{ name: 'Bea Example', address: 'person0@fabrikam.test' }],
        homeAddress: { street: 'Hauptstraße 1', city: 'Köln', postalCode: '50667', countryOrRegion: 'Deutschland' },
        birthday: '1980-02-28T23:00:00Z',
        personalNotes: 'Met in 2000',
      },
    ]);
  });

  it('a list of addresses is an item of its folder, and no contact', async () => {
    expect(await imported(items.list, 'contacts', `/users/${anna}/contacts`)).toEqual([]);

    expect(await imported(items.list, 'contacts', '{admin}/folders/contacts/items')).toMatchObject([
      { type: 'IPM.DistList' },
    ]);
  });

  it('a task is a task', async () => {
    const [task] = items.tasks;
    const lists = `/users/${anna}/todo/lists`;
    await imported(task!, 'tasks', lists);

    const list = simulator.mailbox(anna).folder('tasks').id;
    const graph = await graphOf(simulator);
    expect((await graph('GET', `${lists}/${list}/tasks`)).json.value).toMatchObject([
      {
        title: 'Write the report',
        status: 'inProgress',
        dueDateTime: { dateTime: '2025-01-19T23:00:00', timeZone: 'UTC' },
        isReminderOn: true,
        body: { content: 'Soon' },
      },
    ]);
  });

  it('a note is a message of another class', async () => {
    const [note] = items.notes;

    expect(await imported(note!, 'notes', '{admin}/folders/notes/items')).toMatchObject([{ type: 'IPM.StickyNote' }]);
    expect(simulator.mailbox(anna).items()[0]?.properties).toMatchObject({ subject: 'Milk' });
  });

  it('an event is an event, with its attendees and nobody told', async () => {
    expect(await imported(items.events.meeting, 'calendar', `/users/${anna}/events`)).toMatchObject([
      {
        subject: 'Planning <2025> & "more"',
        start: { dateTime: expect.stringContaining('2025-01-09T09:00:00') },
        attendees: [
          { emailAddress: { address: anna } },
          { emailAddress: { address: '/o=Contoso/cn=gone' } },
          { emailAddress: { address: 'room1@contoso.test' } },
        ],
      },
    ]);
  });
});
