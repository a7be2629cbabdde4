import { calendarText, calendarUid } from './practice-calendar.ts';
import { practiceZone } from './practice-zones.ts';

/** One property as EWS writes it. */
export interface PracticeField {
  /** FieldURI by which it is asked for. */
  readonly uri: string;
  readonly xml: string;
  /** Not known to Exchange 2007. */
  readonly since2010?: boolean;
  /** Only Exchange 2007 tells it. */
  readonly until2010?: boolean;
  /** In no listing: GetItem alone tells it. */
  readonly alone?: boolean;
}

export interface PracticeAttachment {
  readonly name: string;
  readonly contentType: string;
  readonly content: Buffer;
  readonly contentId?: string;
  /** The content is a mail that was attached. */
  readonly isItem?: boolean;
  /** What GetAttachment answers in its place. */
  readonly problem?: string;
}

/** What an item is that is no mail. */
export interface PracticeContent {
  readonly fields: readonly PracticeField[];
  /** Values of MAPI properties, by tag (four digits: `0x3008`), number or name. */
  readonly properties?: Readonly<Record<string, string>>;
  /** The same of those that have several. */
  readonly lists?: Readonly<Record<string, readonly string[]>>;
  /** What its MIME is. */
  readonly mime?: string;
  readonly attachments?: readonly PracticeAttachment[];
  readonly occurrences?: readonly PracticeContent[];
  /** Members of a distribution list, as mailboxes in XML. */
  readonly members?: readonly string[];
}

export interface PracticeItemFacts {
  readonly subject?: string;
  readonly text?: string;
  readonly html?: string;
  readonly categories?: readonly string[];
  readonly importance?: 'Low' | 'Normal' | 'High';
  readonly isPrivate?: boolean;
  readonly attachments?: readonly PracticeAttachment[];
}

export interface PracticePerson {
  readonly name: string;
  readonly address: string;
  /** `EX`: an address of X.500. */
  readonly type?: 'SMTP' | 'EX';
}

export interface PracticeContact extends PracticeItemFacts {
  readonly givenName: string;
  readonly surname: string;
  readonly title?: string;
  readonly company?: string;
  readonly emails?: readonly PracticePerson[];
  readonly phones?: Readonly<Record<string, string>>;
  readonly home?: { readonly street: string; readonly city: string; readonly code: string; readonly country: string };
  /** As Outlook keeps it: midnight in its user's time zone. */
  readonly birthday?: Date;
  readonly picture?: Buffer;
}

export interface PracticeEvent extends PracticeItemFacts {
  readonly start: Date;
  readonly end: Date;
  /** Windows' name of the zone. */
  readonly zone: string;
  readonly allDay?: boolean;
  readonly location?: string;
  readonly showAs?: 'Free' | 'Tentative' | 'Busy' | 'OOF';
  /** Minutes before the beginning. */
  readonly reminder?: number;
  readonly organizer?: PracticePerson;
  readonly attendees?: readonly (PracticePerson & {
    readonly role: 'Required' | 'Optional' | 'Resource';
    readonly response: 'Accept' | 'Tentative' | 'Decline' | 'NoResponseReceived';
  })[];
  readonly joinUrl?: string;
  /** Pattern and range, as XML. */
  readonly recurrence?: string;
  readonly changed?: readonly { readonly originalStart: Date; readonly event: PracticeEvent }[];
  readonly deleted?: readonly Date[];
  /** Made by a program that writes no definition of a time zone. */
  readonly withoutZoneDefinition?: boolean;
}

export interface PracticeTask extends PracticeItemFacts {
  readonly status: 'NotStarted' | 'InProgress' | 'Completed' | 'WaitingOnOthers' | 'Deferred';
  readonly percent?: number;
  readonly start?: Date;
  readonly due?: Date;
  readonly completed?: Date;
  readonly remindAt?: Date;
  readonly recurrence?: string;
  readonly owner?: string;
}

export function contactContent(contact: PracticeContact): PracticeContent {
  const name = [contact.title, contact.givenName, contact.surname].filter((part) => part !== undefined).join(' ');
  const { attachments = [], picture } = contact;
  return {
    fields: contactFields(contact, name),
    properties: contactProperties(contact, name),
    ...keywords(contact),
    attachments: [
      ...attachments,
      ...(picture === undefined ? [] : [{ name: 'ContactPicture.jpg', contentType: 'image/jpeg', content: picture }]),
    ],
  };
}

function contactFields(contact: PracticeContact, name: string): readonly PracticeField[] {
  const { title, givenName, surname, home, emails = [], phones = {} } = contact;
  const addresses = emails.map(({ address }, at) => entry(`EmailAddress${String(at + 1)}`, address));
  const numbers = Object.entries(phones).map(([key, number]) => entry(key, number));
  return [
    ...commonFields({ ...contact, subject: name }),
    ...text('contacts:FileAs', 'FileAs', `${surname}, ${givenName}`),
    ...text('contacts:DisplayName', 'DisplayName', name),
    ...text('contacts:GivenName', 'GivenName', givenName),
    field(
      'contacts:CompleteName',
      `<t:CompleteName>${el('Title', title)}${el('FirstName', givenName)}${el('LastName', surname)}${el('FullName', name)}</t:CompleteName>`,
    ),
    ...text('contacts:CompanyName', 'CompanyName', contact.company),
    ...filled('contacts:EmailAddresses', 'EmailAddresses', addresses.join('')),
    ...filled('contacts:PhysicalAddresses', 'PhysicalAddresses', home === undefined ? '' : homeXml(home)),
    field('contacts:PhoneNumbers', `<t:PhoneNumbers>${numbers.join('')}</t:PhoneNumbers>`),
    ...date('contacts:Birthday', 'Birthday', contact.birthday),
    ...text('contacts:Surname', 'Surname', surname),
  ];
}

function homeXml({ street, city, code, country }: NonNullable<PracticeContact['home']>): string {
  return `<t:Entry Key="Home">${el('Street', street)}${el('City', city)}${el('CountryOrRegion', country)}${el('PostalCode', code)}</t:Entry>`;
}

function entry(key: string, value: string): string {
  return `<t:Entry Key="${key}">${escaped(value)}</t:Entry>`;
}

/** The same as EWS's own fields say, by tags: clients ask for either. */
function contactProperties(contact: PracticeContact, name: string): NonNullable<PracticeContent['properties']> {
  const { home, phones = {} } = contact;
  const values: readonly (readonly [number | string, string | undefined])[] = [
    ['0x0037', name],
    ['0x1000', contact.text],
    ['0x3001', name],
    ['0x3a06', contact.givenName],
    ['0x3a11', contact.surname],
    ['0x3a45', contact.title],
    ['0x3a16', contact.company],
    ['0x3a1c', phones['MobilePhone']],
    ['0x3a24', phones['BusinessFax']],
    ['0x3a42', contact.birthday === undefined ? undefined : stamp(contact.birthday)],
    ['0x3a59', home?.city],
    ['0x3a5a', home?.country],
    ['0x3a5b', home?.code],
    ['0x3a5d', home?.street],
    // PidLidHasPicture
    [0x8015, contact.picture === undefined ? undefined : 'true'],
    ...(contact.emails ?? []).flatMap((person, at): (readonly [number, string])[] => [
      [0x8080 + at * 0x10, person.name],
      [0x8082 + at * 0x10, person.type ?? 'SMTP'],
    ]),
  ];
  return Object.fromEntries(values.flatMap(([key, value]) => (value === undefined ? [] : [[String(key), value]])));
}

/** The categories, by the name that MAPI has for them. */
function keywords({ categories }: PracticeItemFacts): Pick<PracticeContent, 'lists'> {
  return categories === undefined ? {} : { lists: { Keywords: categories } };
}

export function listContent(name: string, members: readonly PracticePerson[]): PracticeContent {
  const mailboxes = members.map((member) => mailboxXml(member, 'OneOff'));
  return {
    properties: { '0x0037': name, '0x3001': name },
    fields: [
      ...commonFields({ subject: name }),
      ...text('contacts:FileAs', 'FileAs', name),
      ...text('contacts:DisplayName', 'DisplayName', name),
      {
        uri: 'distributionlist:Members',
        xml: `<t:Members>${mailboxes.map((mailbox) => `<t:Member>${mailbox}<t:Status>Normal</t:Status></t:Member>`).join('')}</t:Members>`,
        since2010: true,
        alone: true,
      },
    ],
    members: mailboxes,
  };
}

export function taskContent(task: PracticeTask): PracticeContent {
  return {
    fields: [
      ...commonFields(task),
      ...date('item:ReminderDueBy', 'ReminderDueBy', task.remindAt),
      ...text('item:ReminderIsSet', 'ReminderIsSet', String(task.remindAt !== undefined)),
      ...date('task:CompleteDate', 'CompleteDate', task.completed),
      ...date('task:DueDate', 'DueDate', task.due),
      ...text('task:IsTeamTask', 'IsTeamTask', 'false'),
      ...text('task:Owner', 'Owner', task.owner),
      ...text('task:PercentComplete', 'PercentComplete', String(task.percent ?? 0)),
      ...alone(filled('task:Recurrence', 'Recurrence', task.recurrence)),
      ...date('task:StartDate', 'StartDate', task.start),
      ...text('task:Status', 'Status', task.status),
    ],
    properties: {
      '0x0037': task.subject ?? '',
      // PidLidTaskStartDate, PidLidTaskDueDate, PidLidTaskDateCompleted
      ...dated(0x8104, task.start),
      ...dated(0x8105, task.due),
      ...dated(0x810f, task.completed),
      ...(task.text === undefined ? {} : { '0x1000': task.text }),
    },
    ...keywords(task),
    attachments: task.attachments ?? [],
  };
}

function dated(id: number, moment: Date | undefined): Readonly<Record<string, string>> {
  return moment === undefined ? {} : { [String(id)]: stamp(moment) };
}

export function noteContent(note: { readonly text: string; readonly colour: number }): PracticeContent {
  const [subject = ''] = note.text.split('\r\n');
  return {
    fields: commonFields({ subject, text: note.text }),
    properties: { '0x0037': subject, '0x1000': note.text, [String(0x8b00)]: String(note.colour) },
  };
}

export function eventContent(event: PracticeEvent): PracticeContent {
  return {
    fields: [...commonFields(event), ...eventFields(event), ...seriesFields(event), ...zoneFields(event)],
    properties: eventProperties(event),
    ...keywords(event),
    mime: calendarText(event),
    attachments: event.attachments ?? [],
    occurrences: (event.changed ?? []).map((occurrence) => eventContent(occurrence.event)),
  };
}

function eventFields(event: PracticeEvent): readonly PracticeField[] {
  const { organizer, recurrence, attendees = [] } = event;
  const group = (tag: string, role: string): readonly PracticeField[] => {
    const inRole = attendees.filter((attendee) => attendee.role === role);
    return alone(filled(`calendar:${tag}`, tag, inRole.map(attendeeXml).join('')));
  };
  return [
    ...text('item:ReminderIsSet', 'ReminderIsSet', String(event.reminder !== undefined)),
    ...text('item:ReminderMinutesBeforeStart', 'ReminderMinutesBeforeStart', String(event.reminder ?? 0)),
    ...date('calendar:Start', 'Start', event.start),
    ...date('calendar:End', 'End', event.end),
    ...text('calendar:IsAllDayEvent', 'IsAllDayEvent', String(event.allDay === true)),
    ...text('calendar:LegacyFreeBusyStatus', 'LegacyFreeBusyStatus', event.showAs ?? 'Busy'),
    ...text('calendar:Location', 'Location', event.location),
    ...text('calendar:IsMeeting', 'IsMeeting', String(event.attendees !== undefined)),
    ...text('calendar:IsCancelled', 'IsCancelled', 'false'),
    ...text('calendar:IsRecurring', 'IsRecurring', 'false'),
    ...text('calendar:CalendarItemType', 'CalendarItemType', recurrence === undefined ? 'Single' : 'RecurringMaster'),
    ...text('calendar:MyResponseType', 'MyResponseType', organizer === undefined ? 'Organizer' : 'Accept'),
    ...filled('calendar:Organizer', 'Organizer', organizer === undefined ? '' : mailboxXml(organizer, 'Mailbox')),
    ...group('RequiredAttendees', 'Required'),
    ...group('OptionalAttendees', 'Optional'),
    ...group('Resources', 'Resource'),
  ];
}

function attendeeXml(attendee: NonNullable<PracticeEvent['attendees']>[number]): string {
  return `<t:Attendee>${mailboxXml(attendee, 'Mailbox')}${el('ResponseType', attendee.response)}</t:Attendee>`;
}

/** What a series has besides: its rule, and the occurrences that do not follow it. */
function seriesFields({ recurrence, changed = [], deleted = [] }: PracticeEvent): readonly PracticeField[] {
  // `{occurrence:n}` stands for the id of the n-th, which is known when the item is.
  const modified = changed.map(
    ({ originalStart, event }, at) =>
      `<t:Occurrence><t:ItemId Id="{occurrence:${String(at)}}" ChangeKey="AQ=="/>${el('Start', stamp(event.start))}${el('End', stamp(event.end))}${el('OriginalStart', stamp(originalStart))}</t:Occurrence>`,
  );
  const gone = deleted.map((start) => `<t:DeletedOccurrence>${el('Start', stamp(start))}</t:DeletedOccurrence>`);
  return alone([
    ...filled('calendar:Recurrence', 'Recurrence', recurrence),
    ...filled('calendar:ModifiedOccurrences', 'ModifiedOccurrences', modified.join('')),
    ...filled('calendar:DeletedOccurrences', 'DeletedOccurrences', gone.join('')),
  ]);
}

function zoneFields(event: PracticeEvent): readonly PracticeField[] {
  const zone = practiceZone(event.zone);
  return [
    { uri: 'calendar:MeetingTimeZone', xml: zone.meeting, until2010: true, alone: true },
    { uri: 'calendar:StartTimeZone', xml: zone.named('StartTimeZone'), since2010: true, alone: true },
    { uri: 'calendar:EndTimeZone', xml: zone.named('EndTimeZone'), since2010: true, alone: true },
  ];
}

function eventProperties(event: PracticeEvent): NonNullable<PracticeContent['properties']> {
  const { definition } = practiceZone(event.zone);
  return {
    '0x0036': event.isPrivate === true ? '2' : '0',
    '0x0037': event.subject ?? '',
    // PidLidRecurring, and the same as CDO and the MIME of 2003 name it.
    [String(0x8223)]: String(event.recurrence !== undefined),
    'urn:schemas:calendar:instancetype': event.recurrence === undefined ? '0' : '1',
    'urn:schemas:calendar:uid': calendarUid(event),
    ...(event.joinUrl === undefined ? {} : { OnlineMeetingExternalLink: event.joinUrl }),
    ...(event.withoutZoneDefinition === true ? {} : { [String(0x825e)]: definition.toString('base64') }),
  };
}

function commonFields(facts: PracticeItemFacts): readonly PracticeField[] {
  const categories = (facts.categories ?? []).map((category) => el('String', category));
  const body =
    facts.html === undefined
      ? `<t:Body BodyType="Text">${escaped(facts.text ?? '')}</t:Body>`
      : `<t:Body BodyType="HTML">${escaped(facts.html)}</t:Body>`;
  return [
    ...text('item:Subject', 'Subject', facts.subject ?? ''),
    ...text('item:Sensitivity', 'Sensitivity', facts.isPrivate === true ? 'Private' : 'Normal'),
    { uri: 'item:Body', xml: body, alone: true },
    ...filled('item:Categories', 'Categories', categories.join('')),
    ...text('item:Importance', 'Importance', facts.importance ?? 'Normal'),
  ];
}

function mailboxXml({ name, address, type = 'SMTP' }: PracticePerson, mailboxType: string): string {
  return `<t:Mailbox>${el('Name', name)}${el('EmailAddress', address)}${el('RoutingType', type)}${el('MailboxType', mailboxType)}</t:Mailbox>`;
}

function field(uri: string, xml: string): PracticeField {
  return { uri, xml };
}

function text(uri: string, tag: string, value: string | undefined): readonly PracticeField[] {
  return value === undefined ? [] : [field(uri, el(tag, value))];
}

/** None where there is nothing in it. */
function filled(uri: string, tag: string, content = ''): readonly PracticeField[] {
  return content === '' ? [] : [field(uri, `<t:${tag}>${content}</t:${tag}>`)];
}

function alone(fields: readonly PracticeField[]): readonly PracticeField[] {
  return fields.map((one) => ({ ...one, alone: true }));
}

function date(uri: string, tag: string, value: Date | undefined): readonly PracticeField[] {
  return text(uri, tag, value === undefined ? undefined : stamp(value));
}

export function el(tag: string, value: string | undefined): string {
  return value === undefined ? '' : `<t:${tag}>${escaped(value)}</t:${tag}>`;
}

export function stamp(moment: Date): string {
  return moment.toISOString().replace(/\.\d{3}Z$/, 'Z');
}

/** As Exchange does: characters that XML 1.0 forbids are written as references all the same. */
export function escaped(value: string): string {
  // eslint-disable-next-line no-control-regex -- they are what this is about
  return value.replace(/[<>&"\x00-\x1f]/g, (char) => `&#x${char.charCodeAt(0).toString(16).toUpperCase()};`);
}

export function unescaped(value: string): string {
  return value.replace(/&#x([0-9A-F]+);/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}
