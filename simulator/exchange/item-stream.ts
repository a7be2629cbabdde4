import { unescaped, type PracticeAttachment, type PracticeContent } from './practice-content.ts';
import type { PracticeItem } from './practice-mailbox.ts';
import {
  fileOf,
  flag,
  fraction,
  manyOctets,
  number,
  octets,
  optional,
  parts,
  text,
  texts,
  time,
  type StreamPerson,
} from './stream-values.ts';

/** Telephones by their keys in EWS, [MS-OXPROPS]. */
const phones: Readonly<Record<string, number>> = {
  AssistantPhone: 0x3a2e,
  BusinessFax: 0x3a24,
  BusinessPhone: 0x3a08,
  BusinessPhone2: 0x3a1b,
  CarPhone: 0x3a1e,
  HomeFax: 0x3a25,
  HomePhone: 0x3a09,
  HomePhone2: 0x3a2f,
  MobilePhone: 0x3a1c,
  OtherFax: 0x3a23,
  OtherTelephone: 0x3a1f,
  Pager: 0x3a21,
};

/** An item that is no mail as Exchange exports it: messageContent of [MS-OXCFXICS] section 2.2.4.3. */
export function itemStream(content: PracticeContent, item: PracticeItem): Buffer {
  const itemClass = item.itemClass ?? '';
  const facts = new Facts(content);
  const subject = facts.text('item:Subject') ?? '';
  const categories = facts.all('item:Categories', 'String');
  const [body] = facts.all('item:Body', 'Body');
  const isHtml = facts.xml('item:Body').includes('BodyType="HTML"');
  return Buffer.concat([
    text(0x001a, itemClass),
    text(0x0037, subject),
    time(0x3007, item.received.getTime()),
    number(0x0e07, 1),
    number(0x0017, ['Low', 'Normal', 'High'].indexOf(facts.text('item:Importance') ?? 'Normal')),
    ...(facts.text('item:Sensitivity') === 'Private' ? [number(0x0036, 2)] : []),
    ...(categories.length === 0 ? [] : [texts({ set: 'publicStrings', name: 'Keywords' }, categories)]),
    ...(body === undefined || body === '' ? [] : [isHtml ? octets(0x1013, Buffer.from(body)) : text(0x1000, body)]),
    ...ofClass(itemClass, facts, subject),
    parts(peopleOf(facts), (content.attachments ?? []).map(attachment)),
  ]);
}

function ofClass(itemClass: string, facts: Facts, subject: string): readonly Buffer[] {
  if (itemClass.startsWith('IPM.Contact')) return contact(facts, subject);
  if (itemClass.startsWith('IPM.DistList')) return list(facts, subject);
  if (itemClass.startsWith('IPM.Appointment')) return appointment(facts);
  if (itemClass.startsWith('IPM.Task')) return task(facts);
  return itemClass.startsWith('IPM.StickyNote') ? [number({ set: 'note', name: 0x8b00 }, facts.property(0x8b00))] : [];
}

/** [MS-OXOCNTC] section 2.2.1 */
function contact(facts: Facts, subject: string): readonly Buffer[] {
  return [
    text(0x3001, facts.text('contacts:DisplayName') ?? subject),
    ...optional({ set: 'address', name: 0x8005 }, facts.text('contacts:FileAs')),
    ...optional(0x3a45, facts.all('contacts:CompleteName', 'Title')[0]),
    ...optional(0x3a06, facts.text('contacts:GivenName')),
    ...optional(0x3a11, facts.text('contacts:Surname')),
    ...optional(0x3a16, facts.text('contacts:CompanyName')),
    ...[...facts.entries('contacts:PhoneNumbers')].flatMap(([key, value]) => optional(phones[key] ?? 0x3a1f, value)),
    ...[...facts.entries('contacts:EmailAddresses')].flatMap(([, address], at) => [
      ...optional({ set: 'address', name: 0x8080 + 0x10 * at }, facts.textProperty(0x8080 + 0x10 * at)),
      ...optional({ set: 'address', name: 0x8082 + 0x10 * at }, facts.textProperty(0x8082 + 0x10 * at)),
      text({ set: 'address', name: 0x8083 + 0x10 * at }, address),
    ]),
    ...optional(0x3a5d, facts.all('contacts:PhysicalAddresses', 'Street')[0]),
    ...optional(0x3a59, facts.all('contacts:PhysicalAddresses', 'City')[0]),
    ...optional(0x3a5b, facts.all('contacts:PhysicalAddresses', 'PostalCode')[0]),
    ...optional(0x3a5a, facts.all('contacts:PhysicalAddresses', 'CountryOrRegion')[0]),
    ...facts.time('contacts:Birthday', 0x3a42),
  ];
}

/** [MS-OXOCNTC] section 2.2.2: the members are one-off entry ids, [MS-OXCDATA] section 2.2.5.1. */
function list(facts: Facts, subject: string): readonly Buffer[] {
  const members = facts.members.map(({ name, address }) =>
    Buffer.concat([
      Buffer.from('00000000812b1fa4bea310199d6e00dd010f540200000180', 'hex'),
      Buffer.from(`${name}\0SMTP\0${address}\0`, 'utf16le'),
    ]),
  );
  return [
    text(0x3001, subject),
    text({ set: 'address', name: 0x8053 }, subject),
    ...(members.length === 0 ? [] : [manyOctets({ set: 'address', name: 0x8055 }, members)]),
  ];
}

/** [MS-OXOTASK] section 2.2.2, without the structure of its recurrence. */
function task(facts: Facts): readonly Buffer[] {
  const states = ['NotStarted', 'InProgress', 'Completed', 'WaitingOnOthers', 'Deferred'];
  const status = facts.text('task:Status') ?? 'NotStarted';
  return [
    number({ set: 'task', name: 0x8101 }, states.indexOf(status)),
    fraction({ set: 'task', name: 0x8102 }, Number(facts.text('task:PercentComplete') ?? 0) / 100),
    flag({ set: 'task', name: 0x811c }, status === 'Completed'),
    ...facts.time('task:StartDate', { set: 'task', name: 0x8104 }),
    ...facts.time('task:DueDate', { set: 'task', name: 0x8105 }),
    ...facts.time('task:CompleteDate', { set: 'task', name: 0x810f }),
    ...optional({ set: 'task', name: 0x811f }, facts.text('task:Owner')),
    flag({ set: 'task', name: 0x8126 }, facts.xml('task:Recurrence') !== ''),
    flag({ set: 'common', name: 0x8503 }, facts.text('item:ReminderIsSet') === 'true'),
    ...facts.time('item:ReminderDueBy', { set: 'common', name: 0x8502 }),
  ];
}

/** [MS-OXOCAL] section 2.2.1, without the structure of its recurrence. */
function appointment(facts: Facts): readonly Buffer[] {
  return [
    ...facts.time('calendar:Start', { set: 'appointment', name: 0x820d }),
    ...facts.time('calendar:End', { set: 'appointment', name: 0x820e }),
    flag({ set: 'appointment', name: 0x8215 }, facts.text('calendar:IsAllDayEvent') === 'true'),
    flag({ set: 'appointment', name: 0x8223 }, facts.xml('calendar:Recurrence') !== ''),
    number({ set: 'appointment', name: 0x8217 }, facts.text('calendar:IsMeeting') === 'true' ? 1 : 0),
    ...optional({ set: 'appointment', name: 0x8208 }, facts.text('calendar:Location')),
  ];
}

function peopleOf(facts: Facts): readonly StreamPerson[] {
  return ['calendar:RequiredAttendees', 'calendar:OptionalAttendees', 'calendar:Resources'].flatMap((uri, at) => {
    const [names, addresses] = [facts.all(uri, 'Name'), facts.all(uri, 'EmailAddress')];
    return addresses.map((address, row) => ({ name: names[row] ?? address, address, kind: at + 1 }));
  });
}

/** PidTagAttachmentContactPhoto tells which file is the picture. */
function attachment(file: PracticeAttachment): readonly Buffer[] {
  return [...fileOf(file), ...(file.name === 'ContactPicture.jpg' ? [flag(0x7fff, true)] : [])];
}

/** What the fields of EWS say. */
class Facts {
  readonly #content: PracticeContent;

  constructor(content: PracticeContent) {
    this.#content = content;
  }

  get members(): readonly { readonly name: string; readonly address: string }[] {
    return (this.#content.members ?? []).map((xml) => ({
      name: valuesIn(xml, 'Name')[0] ?? '',
      address: valuesIn(xml, 'EmailAddress')[0] ?? '',
    }));
  }

  xml(uri: string): string {
    return this.#content.fields.find((field) => field.uri === uri)?.xml ?? '';
  }

  /** Of a field that holds text alone. */
  text(uri: string): string | undefined {
    const content = /^<t:(\w+)>([^<]*)<\/t:\1>$/.exec(this.xml(uri))?.[2];
    return content === undefined ? undefined : unescaped(content);
  }

  all(uri: string, tag: string): readonly string[] {
    return valuesIn(this.xml(uri), tag);
  }

  /** Of a field that is a dictionary. */
  entries(uri: string): ReadonlyMap<string, string> {
    const found = this.xml(uri).matchAll(/<t:Entry Key="(\w+)">([^<]*)<\/t:Entry>/g);
    return new Map(Array.from(found, ([, key = '', value = '']) => [key, unescaped(value)]));
  }

  time(uri: string, id: Parameters<typeof time>[0]): readonly Buffer[] {
    const at = this.text(uri);
    return at === undefined ? [] : [time(id, Date.parse(at))];
  }

  textProperty(id: number): string | undefined {
    const value: unknown = this.#content.properties?.[String(id)];
    return typeof value === 'string' ? value : undefined;
  }

  property(id: number): number {
    return Number(this.textProperty(id) ?? 0);
  }
}

function valuesIn(xml: string, tag: string): readonly string[] {
  const found = xml.matchAll(new RegExp(`<t:${tag}(?: [^>]*)?>([^<]*)</t:${tag}>`, 'g'));
  return Array.from(found, ([, value = '']) => unescaped(value));
}
