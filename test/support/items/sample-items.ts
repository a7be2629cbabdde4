import type { CalendarEvent } from '../../../shared/domain/items/calendar-event.ts';
import type { Contact } from '../../../shared/domain/items/contact.ts';
import type { DistributionList } from '../../../shared/domain/items/distribution-list.ts';
import type { Note } from '../../../shared/domain/items/note.ts';
import type { Task } from '../../../shared/domain/items/task.ts';

const common = {
  categories: ['Red category'],
  importance: 'normal',
  sensitivity: 'normal',
  attachments: [],
  missingAttachments: [],
  created: '2020-01-02T03:04:05Z',
  modified: '2021-01-02T03:04:05Z',
} as const;

const contact: Contact = {
  kind: 'contact',
  displayName: 'Dr. Bea Example',
  fileAs: 'Example, Bea',
  title: 'Dr.',
  givenName: 'Bea',
  surname: 'Example',
  company: 'Fabrikam',
  children: ['Cem'],
  emails: [{ slot: 1, address: 'bea@fabrikam.test', name: 'Bea Example', type: 'smtp' }],
  imAddresses: [],
  phones: [{ kind: 'business-fax', number: '+49 30 1234' }],
  addresses: [{ kind: 'home', street: 'Hauptstraße 1', city: 'Köln', country: 'Deutschland' }],
  birthday: '1980-02-29',
  picture: { contentType: 'image/jpeg', content: '/9j/2Q==' },
  ...common,
  categories: [],
  attachments: [],
  missingAttachments: [],
  body: { type: 'text', content: 'Met in Köln\n' },
};

const list: DistributionList = {
  kind: 'distribution-list',
  displayName: 'Board',
  members: [{ name: 'Bea', address: 'bea@fabrikam.test', type: 'person' }],
  membersKnown: true,
  ...common,
  categories: [],
  attachments: [],
  missingAttachments: [],
};

const monday = { utc: '2026-11-23T08:00:00Z', local: '2026-11-23T09:00:00' };
const mondayEnd = { utc: '2026-11-23T09:00:00Z', local: '2026-11-23T10:00:00' };
const next = { utc: '2026-11-30T08:00:00Z', local: '2026-11-30T09:00:00' };
const later = { utc: '2026-11-30T12:00:00Z', local: '2026-11-30T13:00:00' };
const laterEnd = { utc: '2026-11-30T13:00:00Z', local: '2026-11-30T14:00:00' };
const attendee = { name: 'Ben', address: 'ben@contoso.test', role: 'required', response: 'accepted' } as const;

const event: CalendarEvent = {
  kind: 'event',
  uid: '040000008200E00074C5B7101A82E008',
  subject: 'Weekly',
  location: 'Room 1',
  start: monday,
  end: mondayEnd,
  isAllDay: false,
  showAs: 'busy',
  reminder: { isOn: true, minutesBefore: 15 },
  attendees: [attendee],
  timeZone: { id: 'W. Europe Standard Time', name: '(UTC+01:00) Berlin', exact: true },
  series: {
    recurrence: {
      pattern: { type: 'weekly', interval: 1, daysOfWeek: ['monday'], firstDayOfWeek: 'monday' },
      range: { type: 'numbered', startDate: '2026-11-23', numberOfOccurrences: 5 },
    },
    modified: [
      {
        originalStart: next,
        subject: 'Weekly, later',
        location: 'Room 2',
        start: later,
        end: laterEnd,
        isAllDay: false,
        showAs: 'tentative',
        reminder: { isOn: false, minutesBefore: 0 },
        attendees: [attendee],
        categories: [],
        importance: 'high',
        sensitivity: 'private',
        attachments: [],
        missingAttachments: [],
      },
    ],
    deleted: [{ originalStart: { utc: '2026-12-07T08:00:00Z', local: '2026-12-07T09:00:00' } }],
    missing: [],
  },
  isMeeting: true,
  isCancelled: false,
  organizer: { name: 'Anna', address: 'anna@contoso.test' },
  myResponse: 'organizer',
  onlineMeeting: { url: 'https://meet.example/1' },
  ...common,
  categories: ['Red category'],
  attachments: [
    { kind: 'file', name: 'plan.txt', contentType: 'text/plain', contentId: 'a1', isInline: true, content: 'eA==' },
  ],
  missingAttachments: ['secret.bin'],
  body: { type: 'html', content: '<p>Agenda</p>' },
};

const task: Task = {
  kind: 'task',
  subject: 'Write the report',
  status: 'inProgress',
  percentComplete: 40,
  startDate: '2026-11-20',
  dueDate: '2026-11-30',
  reminder: { isOn: true, at: '2026-11-29T08:00:00Z' },
  recurrence: {
    pattern: { type: 'regenerating', every: 'week', interval: 2 },
    range: { type: 'noEnd', startDate: '2026-11-20' },
  },
  totalWork: 480,
  isTeamTask: false,
  companies: [],
  contacts: [],
  ...common,
  categories: [],
  attachments: [],
  missingAttachments: [],
  body: { type: 'text', content: 'Soon' },
};

const note: Note = {
  kind: 'note',
  subject: 'Milk',
  colour: 'yellow',
  ...common,
  categories: [],
  attachments: [],
  missingAttachments: [],
  body: { type: 'text', content: 'Milk\r\nBread' },
};

/** One item of each kind, with most of what it can have. */
export const sampleItems = { contact, 'distribution-list': list, event, task, note } as const;
