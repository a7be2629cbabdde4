import { afterEach, describe, expect, it } from '@jest/globals';
import { systemClock } from '../../../shared/adapters/local/system-clock.ts';
import { mailSource } from '../../../shared/adapters/mail-servers.ts';
import { Endpoint } from '../../../shared/domain/endpoint.ts';
import { readItemEntity } from '../../../shared/domain/items/item-entity.ts';
import type { NeutralItem } from '../../../shared/domain/items/neutral-item.ts';
import { contactContent, eventContent } from '../../../simulator/exchange/practice-content.ts';
import type { PracticeMailbox } from '../../../simulator/exchange/practice-mailbox.ts';
import { PracticeOrganisation } from '../../../simulator/practice-organisation.ts';
import { MemoryObjectStore } from '../../support/builders/memory-object-store.ts';

/** Exchange itself does not resolve them: its own names of two people, one of whom has left. */
const recipients = '/o=Practice/ou=First Administrative Group/cn=Recipients';
const bob = { name: 'Bob', address: `${recipients}/cn=BOB`, type: 'EX' as const };
const gone = { name: 'Gone', address: `${recipients}/cn=gone`, type: 'EX' as const };

function fill(mailbox: PracticeMailbox): void {
  const created = new Date('2026-01-01T00:00:00Z');
  const start = new Date('2026-03-02T09:00:00Z');
  const end = new Date('2026-03-02T10:00:00Z');
  const attendees = [bob, gone].map((person) => ({ ...person, role: 'Required', response: 'Accept' }) as const);
  const event = eventContent({
    subject: 'Planning',
    start,
    end,
    zone: 'W. Europe Standard Time',
    organizer: bob,
    attendees,
  });
  mailbox.addContent(event, { itemClass: 'IPM.Appointment', created });
  const contact = contactContent({ givenName: 'B', surname: 'B', emails: [bob] });
  mailbox.addContent(contact, { itemClass: 'IPM.Contact', created });
}

describe('People who are known by names of Exchange alone', () => {
  let organisation: PracticeOrganisation | undefined;
  afterEach(() => organisation?.stop());

  async function read(): Promise<ReadonlyMap<string, NeutralItem>> {
    organisation = await PracticeOrganisation.start({ people: 4, fill });
    const { environment } = organisation;
    const endpoint = Endpoint.parse(organisation.endpoint('practice'));
    const source = await mailSource(endpoint, {
      clock: systemClock,
      secrets: (reference) => Promise.resolve(environment[reference.replace(/^env:/, '')] ?? ''),
      objects: new MemoryObjectStore(),
    }).open({ emailAddress: 'anna@contoso.test', userName: 'anna@contoso.test' }, new AbortController().signal);
    const items = new Map<string, NeutralItem>();
    const { folders } = await source.listFolders(['contacts', 'calendar']);
    for (const folder of folders.filter(({ itemClass }) => itemClass !== undefined)) {
      const [state] = await source.folderStates([folder]);
      if (state === undefined || state === 'missing' || state.messages === 0) continue;
      const { uidValidity } = state;
      const parts: Buffer[] = [];
      const chunk = (octets: Uint8Array): void => void parts.push(Buffer.from(octets));
      await source.readItems(
        folder,
        { uidValidity, uids: [1] },
        { begin: () => undefined, chunk, end: () => undefined },
      );
      const entity = readItemEntity(Buffer.concat(parts));
      if (entity !== null) items.set(entity.item.kind, entity.item);
    }
    await source.close();
    return items;
  }

  it('get the addresses that the directory has for them; who has left it keeps the name', async () => {
    const items = await read();

    expect(items.get('event')).toMatchObject({
      organizer: { name: 'Bob', address: 'bob@contoso.test' },
      attendees: [
        { name: 'Bob', address: 'bob@contoso.test' },
        { name: 'Gone', address: '' },
      ],
    });
    expect(items.get('contact')).toMatchObject({ emails: [{ address: 'bob@contoso.test', type: 'smtp' }] });
  });
});
