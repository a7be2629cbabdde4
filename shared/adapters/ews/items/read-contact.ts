import type { Contact, ContactAddress, PhoneKind, PostalAddress } from '../../../domain/items/contact.ts';
import { namedPropertyOf, propertyOf } from '../xml/extended-property.ts';
import { childOf, textOf, type XmlElement } from '../xml/xml-element.ts';
import type { ResolveAddress } from './address-book.ts';
import { displayNamePrefix, named, personalHomePage } from './item-requests.ts';
import { commonOf, datesOf, dayIn, given, oneOf, optional, stringsOf, type ReadAttachments } from './item-values.ts';

/** https://learn.microsoft.com/exchange/client-developer/web-service-reference/entry-phonenumber */
const phones: Readonly<Record<string, PhoneKind>> = {
  AssistantPhone: 'assistant',
  BusinessFax: 'business-fax',
  BusinessPhone: 'business',
  BusinessPhone2: 'business2',
  Callback: 'callback',
  CarPhone: 'car',
  CompanyMainPhone: 'company-main',
  HomeFax: 'home-fax',
  HomePhone: 'home',
  HomePhone2: 'home2',
  Isdn: 'isdn',
  MobilePhone: 'mobile',
  OtherFax: 'other-fax',
  OtherTelephone: 'other',
  Pager: 'pager',
  PrimaryPhone: 'primary',
  RadioPhone: 'radio',
  Telex: 'telex',
  TtyTddPhone: 'tty-tdd',
};

const places = { Business: 'business', Home: 'home', Other: 'other' } as const;
const pictureName = 'ContactPicture.jpg';

export async function readContact(
  item: XmlElement,
  read: { readonly attachments: ReadAttachments; readonly resolve: ResolveAddress },
): Promise<Contact> {
  const complete = childOf(item, 'CompleteName');
  const picture = read.attachments.attachments.find(({ name }) => name === pictureName);
  const attachments = {
    ...read.attachments,
    attachments: read.attachments.attachments.filter((attachment) => attachment !== picture),
  };
  return {
    kind: 'contact',
    displayName: given(item, 'DisplayName') ?? textOf(item, 'Subject') ?? '',
    ...optional('fileAs', given(item, 'FileAs')),
    ...optional('title', given(complete, 'Title') ?? filled(propertyOf(item, displayNamePrefix))),
    ...optional('givenName', given(item, 'GivenName')),
    ...optional('middleName', given(item, 'MiddleName')),
    ...optional('surname', given(item, 'Surname')),
    ...optional('suffix', given(item, 'Generation') ?? given(complete, 'Suffix')),
    ...optional('initials', given(item, 'Initials')),
    ...optional('nickName', given(item, 'Nickname')),
    ...optional('yomiGivenName', given(complete, 'YomiFirstName')),
    ...optional('yomiSurname', given(complete, 'YomiLastName')),
    ...optional('company', given(item, 'CompanyName')),
    ...optional('department', given(item, 'Department')),
    ...optional('office', given(item, 'OfficeLocation')),
    ...optional('jobTitle', given(item, 'JobTitle')),
    ...optional('profession', given(item, 'Profession')),
    ...optional('manager', given(item, 'Manager')),
    ...optional('assistantName', given(item, 'AssistantName')),
    ...optional('spouseName', given(item, 'SpouseName')),
    children: stringsOf(item, 'Children'),
    emails: await emailsOf(item, read.resolve),
    imAddresses: entriesOf(item, 'ImAddresses').map(({ text }) => text),
    phones: entriesOf(item, 'PhoneNumbers').flatMap(({ text, attributes }) => {
      const kind = oneOf(attributes['Key'], phones);
      return kind === undefined ? [] : [{ kind, number: text }];
    }),
    addresses: addressesOf(item),
    ...optional('businessHomePage', given(item, 'BusinessHomePage')),
    ...optional('personalHomePage', filled(propertyOf(item, personalHomePage))),
    ...optional('birthday', dayIn(item, 'Birthday')),
    ...optional('anniversary', dayIn(item, 'WeddingAnniversary')),
    ...optional('mileage', given(item, 'Mileage')),
    ...(picture === undefined ? {} : { picture: { contentType: picture.contentType, content: picture.content } }),
    ...commonOf(item, attachments),
    ...datesOf(item),
  };
}

function filled(text: string | undefined): string | undefined {
  return text === '' ? undefined : text;
}

/** Exchange names every field, also those that are empty. */
function entriesOf(item: XmlElement, name: string): readonly XmlElement[] {
  return (childOf(item, name)?.children ?? []).filter(({ text }) => text !== '');
}

async function emailsOf(item: XmlElement, resolve: ResolveAddress): Promise<ContactAddress[]> {
  const found: ContactAddress[] = [];
  for (const { text, attributes } of entriesOf(item, 'EmailAddresses')) {
    const slot = Number(/^EmailAddress([123])$/.exec(attributes['Key'] ?? '')?.[1] ?? 0);
    if (slot === 0) continue;
    const name = attributes['Name'] ?? namedPropertyOf(item, { id: named.emailNames[slot - 1] ?? 0 }) ?? '';
    const told = attributes['RoutingType'] ?? namedPropertyOf(item, { id: named.emailTypes[slot - 1] ?? 0 }) ?? '';
    const isX500 = told.toUpperCase() === 'EX' || /^\/o=/i.test(text);
    const smtp = isX500 ? await resolve(text) : undefined;
    const isSmtp = told === '' || told.toUpperCase() === 'SMTP';
    found.push({
      slot,
      address: smtp ?? text,
      name,
      type: smtp !== undefined ? 'smtp' : isX500 ? 'ex' : isSmtp ? 'smtp' : 'other',
    });
  }
  return found;
}

function addressesOf(item: XmlElement): PostalAddress[] {
  return (childOf(item, 'PhysicalAddresses')?.children ?? []).flatMap((entry) => {
    const kind = oneOf(entry.attributes['Key'], places);
    const parts = {
      ...optional('street', given(entry, 'Street')),
      ...optional('city', given(entry, 'City')),
      ...optional('state', given(entry, 'State')),
      ...optional('postalCode', given(entry, 'PostalCode')),
      ...optional('country', given(entry, 'CountryOrRegion')),
    };
    return kind === undefined || Object.keys(parts).length === 0 ? [] : [{ kind, ...parts }];
  });
}
