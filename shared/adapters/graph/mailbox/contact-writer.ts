import { ItemRefusedError } from '../../../domain/errors.ts';
import type { Contact, PhoneKind } from '../../../domain/items/contact.ts';
import type { DistributionList } from '../../../domain/items/distribution-list.ts';
import type { GraphClient } from '../graph-client.ts';
import { isNotFound } from '../graph-errors.ts';
import type { SingleValueProperty } from './graph-message.ts';
import type { LaterCall, WritableItem } from './item-writing.ts';
import { plainText } from './plain-text.ts';
import { manyLines, oneLine } from './sanitised-text.ts';

/** Telephones that Graph has no name for, by their MAPI properties ([MS-OXPROPS]). */
const otherPhones: Readonly<Partial<Record<PhoneKind, string>>> = {
  assistant: 'String 0x3A2E',
  callback: 'String 0x3A02',
  car: 'String 0x3A1E',
  'company-main': 'String 0x3A57',
  'business-fax': 'String 0x3A24',
  'home-fax': 'String 0x3A25',
  'other-fax': 'String 0x3A23',
  isdn: 'String 0x3A2D',
  other: 'String 0x3A1F',
  pager: 'String 0x3A21',
  primary: 'String 0x3A1A',
  radio: 'String 0x3A1D',
  telex: 'String 0x3A2C',
  'tty-tdd': 'String 0x3A4B',
};
const commonSet = '{00062008-0000-0000-C000-000000000046}';
const sensitivities = ['normal', 'personal', 'private', 'confidential'] as const;

export function writableContact(contact: Contact): WritableItem {
  const losses = new Set<string>();
  const emails = contact.emails.filter(({ type, address }) => type === 'smtp' && /^\S+@\S+$/.test(address));
  if (emails.length < contact.emails.length) losses.add('addresses-of-other-kinds');
  if (contact.body?.type === 'html') losses.add('formatting-of-notes');
  if (contact.attachments.length > 0) losses.add('attachments');
  if (contact.missingAttachments.length > 0) losses.add('attachments-not-delivered');
  const { picture } = contact;
  return {
    body: {
      ...texts({
        displayName: contact.displayName,
        fileAs: contact.fileAs,
        title: contact.title,
        givenName: contact.givenName,
        middleName: contact.middleName,
        surname: contact.surname,
        generation: contact.suffix,
        initials: contact.initials,
        nickName: contact.nickName,
        yomiGivenName: contact.yomiGivenName,
        yomiSurname: contact.yomiSurname,
        yomiCompanyName: contact.yomiCompany,
        companyName: contact.company,
        department: contact.department,
        officeLocation: contact.office,
        jobTitle: contact.jobTitle,
        profession: contact.profession,
        manager: contact.manager,
        assistantName: contact.assistantName,
        spouseName: contact.spouseName,
        businessHomePage: contact.businessHomePage,
        mobilePhone: phones(contact, ['mobile'])[0],
      }),
      children: contact.children.map(oneLine),
      imAddresses: contact.imAddresses.map(oneLine),
      categories: contact.categories.map(oneLine),
      emailAddresses: emails
        .toSorted((a, b) => a.slot - b.slot)
        .slice(0, 3)
        .map(({ name, address }) => ({ name: oneLine(name === '' ? address : name), address: oneLine(address) })),
      businessPhones: phones(contact, ['business', 'business2']),
      homePhones: phones(contact, ['home', 'home2']),
      ...addresses(contact),
      personalNotes: plainText(contact.body),
      // A day has no time zone, and this hour is the same day in all that matter: so does Outlook.
      ...(contact.birthday === undefined ? {} : { birthday: `${contact.birthday}T11:59:00Z` }),
    },
    properties: properties(contact),
    files: [],
    later: picture === undefined ? [] : [showing(picture)],
    losses: [...losses],
  };
}

function showing({ contentType, content }: NonNullable<Contact['picture']>): LaterCall {
  return async (client, item, { isResumed }) => {
    if (isResumed && (await hasPicture(client, item))) return [];
    const headers = { 'content-type': contentType.startsWith('image/') ? contentType : 'image/jpeg' };
    const octets = new Uint8Array(Buffer.from(content, 'base64'));
    try {
      await client.request('PUT', `${item}/photo/$value`, octets, { headers });
      return [];
    } catch (error) {
      if (!(error instanceof ItemRefusedError)) throw error;
      return ['picture-refused'];
    }
  };
}

async function hasPicture(client: GraphClient, item: string): Promise<boolean> {
  try {
    await client.getOctets(`${item}/photo/$value`);
    return true;
  } catch (error) {
    if (isNotFound(error)) return false;
    throw error;
  }
}

/** Graph cannot make lists of addresses: a contact tells who was on it. */
export function writableList(list: DistributionList): WritableItem {
  const members = list.members.map(({ name, address, type }) => {
    const shown = address === '' ? name : `${name} <${address}>`;
    return `- ${shown}${type === 'list' ? ' (list)' : ''}`;
  });
  const notes = [plainText(list.body), 'Members of this list:', ...members].filter((line) => line !== '').join('\r\n');
  return {
    body: {
      ...texts({ displayName: list.displayName, fileAs: list.fileAs }),
      categories: list.categories.map(oneLine),
      personalNotes: manyLines(notes),
    },
    properties: [],
    files: [],
    later: [],
    losses: ['list-as-contact', ...(list.membersKnown ? [] : ['members-not-delivered'])],
  };
}

function texts(values: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(values).flatMap(([name, value]) =>
      value === undefined || oneLine(value) === '' ? [] : [[name, oneLine(value)]],
    ),
  );
}

function phones({ phones: all }: Contact, kinds: readonly PhoneKind[]): readonly string[] {
  return kinds
    .flatMap((kind) => all.filter((phone) => phone.kind === kind).map(({ number }) => oneLine(number)))
    .slice(0, 2);
}

function addresses(contact: Contact): Record<string, unknown> {
  return Object.fromEntries(
    contact.addresses.map(({ kind, street, city, state, postalCode, country }) => [
      `${kind}Address`,
      {
        ...(street === undefined ? {} : { street: manyLines(street) }),
        ...texts({ city, state, postalCode, countryOrRegion: country }),
      },
    ]),
  );
}

function properties(contact: Contact): readonly SingleValueProperty[] {
  const values: readonly (readonly [string, string | undefined])[] = [
    ...contact.phones.map(({ kind, number }) => [otherPhones[kind] ?? '', number] as const),
    ['SystemTime 0x3A41', contact.anniversary === undefined ? undefined : `${contact.anniversary}T00:00:00Z`],
    ['String 0x3A50', contact.personalHomePage],
    [`String ${commonSet} Id 0x8534`, contact.mileage],
    [`String ${commonSet} Id 0x8535`, contact.billingInformation],
    [
      'Integer 0x0036',
      contact.sensitivity === 'normal' ? undefined : String(sensitivities.indexOf(contact.sensitivity)),
    ],
  ];
  const found = new Map<string, string>();
  for (const [id, value] of values)
    if (id !== '' && value !== undefined && oneLine(value) !== '') found.set(id, oneLine(value));
  return [...found].map(([id, value]) => ({ id, value }));
}
