import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createHash } from 'node:crypto';
import { ExchangeSimulator } from '../../../simulator/exchange/exchange-simulator.ts';
import { eventContent } from '../../../simulator/exchange/practice-content.ts';
import { fillPracticeItems } from '../../../simulator/exchange/practice-items.ts';
import { PracticeMailbox } from '../../../simulator/exchange/practice-mailbox.ts';
import { DavMail } from '../../support/davmail/davmail.ts';
import { DavMailUser } from '../../support/davmail/davmail-user.ts';
import { describeWithDavMail } from '../../support/davmail/describe-with-davmail.ts';
import { fillExchange } from '../../support/exchange/fill-exchange.ts';
import { generateMailbox } from '../../support/mail/generate-mailbox.ts';

const address = 'anna@contoso.test';
const user = 'CONTOSO\\anna';
const password = 'pw';

describeWithDavMail('The practice Exchange, shown by DavMail', () => {
  const mailbox = new PracticeMailbox(address, { inbox: 'Posteingang', calendar: 'Kalender', contacts: 'Kontakte' });
  const inbox = mailbox.wellKnown('inbox')!.id;
  fillExchange(mailbox, generateMailbox({ seed: 'davmail', folders: 3, messages: 25 }));
  // DavMail has names of its own for the folders that Exchange makes, and these are among them.
  for (const { id, name, wellKnown } of mailbox.folders) {
    if (wellKnown === undefined) mailbox.renameFolder(id, `${name} (alt)`);
  }
  const project = mailbox.addFolder('Projekte & Ähnliches', { parent: inbox });
  const mime = Buffer.from('Message-ID: <p@x>\r\nFrom: a@x\r\nSubject: Grüße\r\n\r\nText\r\n');
  const below = mailbox.addFolder('2024', { parent: project.id });
  mailbox.addItem(below.id, { mime: () => mime, received: new Date(1.6e12), flagged: true, verb: 102 });
  mailbox.addFolder('Leer');
  fillPracticeItems(mailbox);
  const office = new PracticeMailbox('office@contoso.test');
  office.delegates = ['bob@contoso.test'];
  const start = new Date(Date.UTC(2025, 4, 1, 10));
  const openHouse = { subject: 'Open house', start, end: new Date(start.getTime() + 3_600_000), zone: 'UTC' };
  office.addContent(eventContent(openHouse), { itemClass: 'IPM.Appointment', created: start });

  describe.each(['2007SP1', '2010SP1'] as const)('as %s', (version) => {
    let simulator: ExchangeSimulator;
    let davmail: DavMail;
    let shown: DavMailUser;

    beforeAll(async () => {
      simulator = await ExchangeSimulator.start({
        mailboxes: [mailbox, office, new PracticeMailbox('bob@contoso.test')],
        accounts: [
          { name: user, password, opens: [address], mailbox: address },
          { name: 'CONTOSO\\bob', password, opens: ['bob@contoso.test'], mailbox: 'bob@contoso.test' },
        ],
        version,
        regeneratesMime: false,
      });
      davmail = await DavMail.start({ url: simulator.ewsUrl, mode: 'EWS' });
      shown = new DavMailUser(davmail, { user, password, address });
    });

    afterAll(async () => {
      await davmail.stop();
      await simulator.stop();
    });

    it('has the folders and the mail that were put there', async () => {
      const mail = await shown.mail();

      const names: Readonly<Record<string, string>> = {
        inbox: 'INBOX',
        sentitems: 'Sent',
        drafts: 'Drafts',
        deleteditems: 'Trash',
        junkemail: 'Junk',
        outbox: 'Unsent Messages',
      };
      const expected = new Map(
        mailbox.folders
          .filter(({ folderClass, parent }) => folderClass === 'IPF.Note' && parent !== mailbox.wellKnown('root')?.id)
          .map((folder) => [pathOf(folder.id, names), folder.id]),
      );
      expect([...mail.keys()].sort()).toEqual([...expected.keys()].sort());
      expect(expected.size).toBe(11);
      for (const [path, id] of expected) {
        const items = mailbox.items(id).map((item) => ({
          sha256: createHash('sha256').update(item.mime()).digest('hex'),
          received: item.received.getTime() / 1000,
          flags: [
            ...(item.read === true ? ['\\Seen'] : []),
            ...(item.flagged === true ? ['\\Flagged'] : []),
            ...(item.draft === true ? ['\\Draft'] : []),
            ...(item.verb === 102 ? ['\\Answered'] : []),
          ].sort(),
        }));
        const found = (mail.get(path) ?? []).map(({ sha256, received, flags }) => ({
          sha256,
          received,
          flags: [...flags].sort(),
        }));
        expect([path, found]).toEqual([path, items]);
      }
    });

    function pathOf(id: string, names: Readonly<Record<string, string>>): string {
      const folder = mailbox.folder(id)!;
      const known = names[folder.wellKnown ?? ''];
      if (known !== undefined) return known;
      const isTop = folder.parent === mailbox.wellKnown('msgfolderroot')?.id;
      return isTop ? folder.name : `${pathOf(folder.parent, names)}/${folder.name}`;
    }

    it('has the contacts that were put there', async () => {
      const cards = await shown.contacts();

      expect(cards).toHaveLength(7);
      const card = (name: string): readonly string[] =>
        cards.find((one) => one.includes(`FN:${name}\r\n`))?.split('\r\n') ?? [];
      expect(card('Dr. Bea Example')).toEqual(
        expect.arrayContaining([
          'N:Example;Bea;;Dr.;',
          'TEL;TYPE=cell:+49 170 1000000',
          'TEL;TYPE=fax:+49 30 5000',
          'ADR;TYPE=home:;;Hauptstraße 1;Köln;;50667;Deutschland',
          'EMAIL;TYPE=work:person0@fabrikam.test',
          'ORG:Fabrikam & Söhne;',
          'NOTE:Met in 2000',
          expect.stringMatching(/^PHOTO;.*\/9j\/4/),
        ]),
      );
      expect(card('Cem Yılmaz')).toEqual(expect.arrayContaining(['CATEGORIES:Customer,Grüne Kategorie']));
      expect(card('Board')).not.toEqual([]);
    });

    it('shows a delegate the calendar of the office, and nobody else', async () => {
      const bob = { user: 'CONTOSO\\bob', password, address: office.address };

      expect(await new DavMailUser(davmail, bob).events()).toEqual([expect.stringContaining('SUMMARY:Open house')]);
      await expect(new DavMailUser(davmail, { ...bob, user }).events()).rejects.toThrow();
    });

    it('has the calendar that was put there', async () => {
      const objects = await shown.events();

      const event = (summary: string): readonly string[] =>
        objects.find((one) => one.includes(`SUMMARY:${summary}\r\n`))?.split('\r\n') ?? [];
      expect(objects.filter((one) => one.includes('BEGIN:VEVENT'))).toHaveLength(8);
      expect(event('Lunch')).toEqual(
        expect.arrayContaining(['DTSTART;TZID="Europe/Berlin":20250107T120000', 'CATEGORIES:Personal']),
      );
      expect(event('Holiday')).toEqual(
        expect.arrayContaining(['DTSTART;VALUE=DATE:20250108', 'DTEND;VALUE=DATE:20250110']),
      );
      expect(event('Dentist')).toEqual(expect.arrayContaining(['CLASS:PRIVATE']));
      expect(event('Planning <2025> & "more"')).toEqual(
        expect.arrayContaining(['ORGANIZER;CN="Ben Berg":MAILTO:ben@contoso.test']),
      );
      const weekly = event('Weekly');
      expect(weekly).toEqual(
        expect.arrayContaining([
          'RRULE:FREQ=WEEKLY;UNTIL=20251231T225959Z;INTERVAL=1;BYDAY=MO,WE',
          'EXDATE;TZID="Europe/Berlin":20250113T090000',
          'SUMMARY:Weekly, in the afternoon',
          'RECURRENCE-ID:20250108T080000Z',
          'RECURRENCE-ID:20250707T070000Z',
          'TRIGGER;RELATED=START:-PT15M',
        ]),
      );
      expect(event('Call with New York')).toEqual(
        expect.arrayContaining(['DTSTART;TZID="America/New_York":20250710T100000']),
      );
      expect(event('Stand-up in Pune')).toEqual(expect.arrayContaining(['RRULE:FREQ=DAILY;COUNT=10;INTERVAL=2']));
      expect(event('Birthday of Bea')).toEqual(
        expect.arrayContaining(['RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1FR;BYMONTH=2']),
      );
    });
  });
});
