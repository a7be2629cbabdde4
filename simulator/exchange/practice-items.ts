import { createHash } from 'node:crypto';
import {
  contactContent,
  eventContent,
  listContent,
  noteContent,
  taskContent,
  type PracticeEvent,
} from './practice-content.ts';
import type { PracticeItem, PracticeMailbox } from './practice-mailbox.ts';

const names = [
  ['Bea', 'Example'],
  ['Cem', 'Yılmaz'],
  ['Dörte', 'Größe'],
  ['Émile', 'Noël'],
  ['Fiona', "O'Hara"],
  ['Gül', 'Şahin'],
] as const;

const hour = 3_600_000;
const day = 24 * hour;
/** Monday, 6 January 2025: everything that is generated lies around it. */
const monday = Date.UTC(2025, 0, 6);

const berlin = 'W. Europe Standard Time';

/** Days and hours of UTC after that Monday's midnight. */
function onDay(days: number, hours: number): Date {
  return new Date(monday + days * day + hours * hour);
}

/** Items that a rehearsal wants to meet, the same for the same mailbox: by what is special about them. */
export interface PracticeItems {
  readonly contacts: readonly PracticeItem[];
  readonly list: PracticeItem;
  readonly events: Readonly<Record<PracticeEventName, PracticeItem>>;
  readonly tasks: readonly PracticeItem[];
  readonly notes: readonly PracticeItem[];
}

type PracticeEventName = 'single' | 'allDay' | 'private' | 'meeting' | 'weekly' | 'yearly' | 'abroad' | 'foreign';

/** Puts contacts, a list, a calendar, tasks and notes into a mailbox. */
export function fillPracticeItems(mailbox: PracticeMailbox, more: { readonly contacts?: number } = {}): PracticeItems {
  const created = (at: number): Date => new Date(Date.UTC(2024, 5, 1) + at * hour);
  const contacts = Array.from({ length: more.contacts ?? names.length }, (_, at) =>
    mailbox.addContent(contact(mailbox.address, at), { itemClass: 'IPM.Contact', created: created(at) }),
  );
  const members = names.slice(0, 3).map(([given, surname], at) => person(given, surname, at));
  const list = mailbox.addContent(listContent('Board', members), {
    itemClass: 'IPM.DistList',
    created: created(1000),
  });
  const events = Object.fromEntries(
    Object.entries(practiceEvents(mailbox.address)).map(([name, event], at) => [
      name,
      mailbox.addContent(eventContent(event), { itemClass: 'IPM.Appointment', created: created(2000 + at) }),
    ]),
  ) as Record<PracticeEventName, PracticeItem>;
  const tasks = practiceTasks().map((content, at) =>
    mailbox.addContent(content, { itemClass: 'IPM.Task', created: created(3000 + at) }),
  );
  const notes = ['Milk\r\nBread', 'Wi-Fi of the holiday flat: "Meerblick" <3', 'bell \u0007 & more'].map((text, at) =>
    mailbox.addContent(noteContent({ text, colour: at + 1 }), {
      itemClass: 'IPM.StickyNote',
      created: created(4000 + at),
    }),
  );
  return { contacts, list, events, tasks, notes };
}

function person(given: string, surname: string, at: number): { readonly name: string; readonly address: string } {
  return { name: `${given} ${surname}`, address: `person${String(at)}@fabrikam.test` };
}

function contact(seed: string, at: number): ReturnType<typeof contactContent> {
  const [givenName, surname] = names[at % names.length] ?? names[0];
  const turn = Math.floor(at / names.length);
  const picture = createHash('sha256')
    .update(`${seed} ${String(at)}`)
    .digest();
  return contactContent({
    givenName: turn === 0 ? givenName : `${givenName} ${String(turn)}`,
    surname,
    ...(at % 4 === 0 ? { title: 'Dr.' } : {}),
    company: at % 2 === 0 ? 'Fabrikam & Söhne' : 'Contoso',
    emails: [
      person(givenName, surname, at),
      ...(at % 3 === 1 ? [{ name: 'Board', address: '/o=Contoso/ou=Users/cn=board', type: 'EX' as const }] : []),
    ],
    phones: {
      MobilePhone: `+49 170 ${String(1_000_000 + at)}`,
      ...(at % 2 === 0 ? { BusinessFax: `+49 30 ${String(5_000 + at)}` } : {}),
    },
    home: { street: `Hauptstraße ${String(at + 1)}`, city: 'Köln', code: '50667', country: 'Deutschland' },
    // Midnight in Berlin, as Outlook keeps it.
    ...(at % 2 === 0 ? { birthday: new Date(Date.UTC(1980, 1, 28 + (at % 28), 23)) } : {}),
    ...(at % 3 === 0
      ? { picture: Buffer.concat([Buffer.from('ffd8ffe0', 'hex'), picture, Buffer.from('ffd9', 'hex')]) }
      : {}),
    text: `Met in ${String(2000 + at)}`,
    ...(at % 2 === 1 ? { categories: ['Customer', 'Grüne Kategorie'] } : {}),
  });
}

/** Each with something that is easily lost. */
export function practiceEvents(owner: string): Readonly<Record<PracticeEventName, PracticeEvent>> {
  const ben = { name: 'Ben Berg', address: 'ben@contoso.test' } as const;
  const me = { name: 'Owner', address: owner } as const;
  return {
    single: {
      subject: 'Lunch',
      start: onDay(1, 11),
      end: onDay(1, 12),
      zone: berlin,
      text: 'At noon',
      categories: ['Personal'],
      withoutZoneDefinition: true,
    },
    allDay: { subject: 'Holiday', start: onDay(1, 23), end: onDay(3, 23), zone: berlin, allDay: true, showAs: 'OOF' },
    private: {
      subject: 'Dentist',
      start: onDay(2, 13),
      end: onDay(2, 14),
      zone: berlin,
      isPrivate: true,
      importance: 'High',
    },
    meeting: {
      subject: 'Planning <2025> & "more"',
      start: onDay(3, 9),
      end: onDay(3, 10),
      zone: berlin,
      organizer: ben,
      attendees: [
        { ...me, role: 'Required', response: 'Accept' },
        { name: 'Room 1', address: 'room1@contoso.test', role: 'Resource', response: 'Accept' },
        { name: 'Former Colleague', address: '/o=Contoso/cn=gone', type: 'EX', role: 'Optional', response: 'Decline' },
      ],
      joinUrl: 'https://meet.contoso.test/ben/1',
    },
    weekly: weeklySeries(),
    yearly: {
      subject: 'Birthday of Bea',
      start: new Date(Date.UTC(2025, 1, 27, 23)),
      end: new Date(Date.UTC(2025, 1, 28, 23)),
      zone: berlin,
      allDay: true,
      showAs: 'Free',
      recurrence:
        '<t:RelativeYearlyRecurrence><t:DaysOfWeek>Friday</t:DaysOfWeek><t:DayOfWeekIndex>Last</t:DayOfWeekIndex><t:Month>February</t:Month></t:RelativeYearlyRecurrence>' +
        '<t:NoEndRecurrence><t:StartDate>2025-02-28Z</t:StartDate></t:NoEndRecurrence>',
    },
    abroad: {
      subject: 'Call with New York',
      start: new Date(Date.UTC(2025, 6, 10, 14)),
      end: new Date(Date.UTC(2025, 6, 10, 15)),
      zone: 'Eastern Standard Time',
      withoutZoneDefinition: true,
    },
    foreign: {
      subject: 'Stand-up in Pune',
      start: new Date(Date.UTC(2025, 2, 3, 4, 30)),
      end: new Date(Date.UTC(2025, 2, 3, 5)),
      zone: 'India Standard Time',
      recurrence:
        '<t:DailyRecurrence><t:Interval>2</t:Interval></t:DailyRecurrence>' +
        '<t:NumberedRecurrence><t:StartDate>2025-03-03</t:StartDate><t:NumberOfOccurrences>10</t:NumberOfOccurrences></t:NumberedRecurrence>',
    },
  };
}

/** With an attachment, a picture in its text, and occurrences that differ from the rule. */
function weeklySeries(): PracticeEvent {
  /** Without its rule, which an occurrence has not. */
  const weekly: PracticeEvent = {
    subject: 'Weekly',
    start: onDay(0, 8),
    end: onDay(0, 9),
    zone: berlin,
    location: 'Room 1',
    reminder: 15,
    html: '<html><body><p>Agenda <img src="cid:plan1"></p></body></html>',
    attachments: [
      { name: 'plan.png', contentType: 'image/png', content: Buffer.from('89504e47', 'hex'), contentId: 'plan1' },
      {
        name: 'Forwarded',
        contentType: 'message/rfc822',
        content: Buffer.from('Subject: Forwarded\r\n\r\nText\r\n'),
        isItem: true,
      },
    ],
  };
  const everyWeek =
    '<t:WeeklyRecurrence><t:Interval>1</t:Interval><t:DaysOfWeek>Monday Wednesday</t:DaysOfWeek></t:WeeklyRecurrence>' +
    '<t:EndDateRecurrence><t:StartDate>2025-01-06+01:00</t:StartDate><t:EndDate>2025-12-31+01:00</t:EndDate></t:EndDateRecurrence>';
  return {
    ...weekly,
    recurrence: everyWeek,
    // Wednesday was moved to the afternoon, the second Monday was cancelled.
    changed: [
      {
        originalStart: onDay(2, 8),
        event: {
          subject: 'Weekly, in the afternoon',
          start: onDay(2, 14),
          end: onDay(2, 15),
          zone: berlin,
          location: 'Room 2',
          attachments: [{ name: 'extra.txt', contentType: 'text/plain', content: Buffer.from('extra') }],
        },
      },
      {
        // Summer time: the same hour on the clock, another one in UTC.
        originalStart: new Date(Date.UTC(2025, 6, 7, 7)),
        event: { ...weekly, subject: 'Weekly in July', start: onDay(182, 9), end: onDay(182, 10), attachments: [] },
      },
    ],
    deleted: [onDay(7, 8)],
  };
}

function practiceTasks(): readonly ReturnType<typeof taskContent>[] {
  return [
    taskContent({
      subject: 'Write the report',
      status: 'InProgress',
      percent: 40,
      start: new Date(Date.UTC(2025, 0, 9, 23)),
      due: new Date(Date.UTC(2025, 0, 19, 23)),
      remindAt: new Date(Date.UTC(2025, 0, 19, 8)),
      text: 'Soon',
      owner: 'Owner',
    }),
    taskContent({
      subject: 'Water the plants',
      status: 'NotStarted',
      recurrence:
        '<t:WeeklyRegeneration><t:Interval>2</t:Interval></t:WeeklyRegeneration><t:NoEndRecurrence><t:StartDate>2025-01-10</t:StartDate></t:NoEndRecurrence>',
    }),
    taskContent({
      subject: 'Tidy up',
      status: 'Completed',
      percent: 100,
      completed: new Date(Date.UTC(2025, 0, 4, 23)),
      isPrivate: true,
    }),
  ];
}
