import type { ItemClass } from '../../../domain/items/item-class.ts';
import type { SchemaVersion } from '../ews-connection.ts';
import { escapeXml } from '../../exchange-http/escape-xml.ts';
import { field, itemIds, property } from '../ews-requests.ts';

/** Numbers of named properties that have no element of their own in EWS, [MS-OXPROPS]. */
export const named = {
  /** Display names of the three e-mail addresses, PSETID_Address; their types are two above. */
  emailNames: [0x8080, 0x8090, 0x80a0],
  emailTypes: [0x8082, 0x8092, 0x80a2],
  /** PSETID_Appointment: the zones in which it begins and recurs, as Outlook 2007 and newer write them. */
  startZone: 0x825e,
  recurrenceZone: 0x8260,
  zoneDescription: 0x8234,
  /** PSETID_Note. */
  noteColour: 0x8b00,
} as const;

/** PS_PUBLIC_STRINGS: what Lync and Skype write. */
export const onlineMeetingLink = 'OnlineMeetingExternalLink';
export const lastModified = '0x3008';
export const displayNamePrefix = '0x3a45';
export const personalHomePage = '0x3a50';

const addressSet = '00062004-0000-0000-C000-000000000046';
const appointmentSet = '00062002-0000-0000-C000-000000000046';
const noteSet = '0006200E-0000-0000-C000-000000000046';

const inSet = (set: string, id: number, type: string): string =>
  `<t:ExtendedFieldURI PropertySetId="${set}" PropertyId="${String(id)}" PropertyType="${type}"/>`;

/** What stands in no answer unless it is named, whatever the base shape. */
function propertiesOf(itemClass: ItemClass, schema: SchemaVersion): string {
  const common = property(lastModified, 'SystemTime');
  switch (itemClass) {
    case 'contacts':
      return (
        common +
        [...named.emailNames, ...named.emailTypes].map((id) => inSet(addressSet, id, 'String')).join('') +
        property(displayNamePrefix, 'String') +
        property(personalHomePage, 'String')
      );
    case 'calendar': {
      // Exchange 2007 knows one zone an item, and none by its name; it refuses a request that asks for another.
      const zones =
        schema === 'Exchange2007_SP1'
          ? field('calendar:MeetingTimeZone')
          : field('calendar:StartTimeZone') + field('calendar:EndTimeZone');
      return (
        common +
        zones +
        field('calendar:UID') +
        inSet(appointmentSet, named.startZone, 'Binary') +
        inSet(appointmentSet, named.recurrenceZone, 'Binary') +
        inSet(appointmentSet, named.zoneDescription, 'String') +
        `<t:ExtendedFieldURI DistinguishedPropertySetId="PublicStrings" PropertyName="${onlineMeetingLink}" PropertyType="String"/>`
      );
    }
    case 'notes':
      return common + inSet(noteSet, named.noteColour, 'Integer');
    case 'mail':
    case 'tasks':
      return common;
  }
}

export function getItems(
  ids: readonly string[],
  { itemClass, schema }: { readonly itemClass: ItemClass; readonly schema: SchemaVersion },
): string {
  return (
    '<m:GetItem><m:ItemShape><t:BaseShape>AllProperties</t:BaseShape><t:BodyType>Best</t:BodyType>' +
    `<t:AdditionalProperties>${propertiesOf(itemClass, schema)}</t:AdditionalProperties></m:ItemShape>` +
    `${itemIds(ids)}</m:GetItem>`
  );
}

export function getAttachments(ids: readonly string[]): string {
  const wanted = ids.map((id) => `<t:AttachmentId Id="${escapeXml(id)}"/>`).join('');
  return (
    '<m:GetAttachment><m:AttachmentShape><t:IncludeMimeContent>true</t:IncludeMimeContent></m:AttachmentShape>' +
    `<m:AttachmentIds>${wanted}</m:AttachmentIds></m:GetAttachment>`
  );
}

/** The members of a personal distribution list. */
export function expandList(itemId: string): string {
  return `<m:ExpandDL><m:Mailbox><t:ItemId Id="${escapeXml(itemId)}"/></m:Mailbox></m:ExpandDL>`;
}

/** Who has an address of X.500 (legacyExchangeDN). */
export function resolveName(entry: string): string {
  return `<m:ResolveNames ReturnFullContactData="false"><m:UnresolvedEntry>${escapeXml(entry)}</m:UnresolvedEntry></m:ResolveNames>`;
}
