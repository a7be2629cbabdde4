/** Set of properties that Stagecoach adds to what it writes; names of its own, so that nothing of Exchange's is touched. */
const ownSet = '{6f0c7d6e-3a52-4c0e-9d0b-51a6e0f2c8b7}';

/**
 * Extended properties by their Graph ids.
 * @see https://learn.microsoft.com/graph/api/resources/extended-properties-overview
 */
export const propertyIds = {
  /** PidTagMessageFlags: without 0x8 the message is no draft. Only at creation. [MS-OXCMSG] section 2.2.1.6 */
  messageFlags: 'Integer 0x0E07',
  /** PidTagMessageClass */
  messageClass: 'String 0x001A',
  /** PidTagClientSubmitTime: sentDateTime. */
  submitTime: 'SystemTime 0x0039',
  /** PidTagMessageDeliveryTime: receivedDateTime. */
  deliveryTime: 'SystemTime 0x0E06',
  /** PidTagInReplyToId */
  inReplyTo: 'String 0x1042',
  /** PidTagInternetReferences */
  references: 'String 0x1039',
  /** PidTagTransportMessageHeaders */
  transportHeaders: 'String 0x007D',
  /** PidTagConversationIndex and PidTagConversationTopic keep threads together. */
  conversationIndex: 'Binary 0x0071',
  conversationTopic: 'String 0x0070',
  /** PidTagSensitivity */
  sensitivity: 'Integer 0x0036',
  /** PidTagIconIndex, PidTagLastVerbExecuted: the marks of what was answered. [MS-OXOMSG] section 2.2.1.4 */
  iconIndex: 'Integer 0x1080',
  lastVerb: 'Integer 0x1081',
  /** Our mark: see `item-mark.ts`. */
  mark: `String ${ownSet} Name StagecoachItem`,
  /** Header fields that tell an item: see `item-head.ts`. */
  head: `String ${ownSet} Name StagecoachHead`,
} as const;

/** Ids compare without regard to case and to zeros before a number: Graph answers `Integer 0xe07`. */
function sameProperty(a: string, b: string): boolean {
  return normalised(a) === normalised(b);
}

function normalised(id: string): string {
  return id.toLowerCase().replace(/0x0*(?=[0-9a-f])/g, '0x');
}

/** Value of a property that was asked for by $expand; undefined where the item has none. */
export function propertyOf(
  item: {
    readonly singleValueExtendedProperties?: readonly { readonly id: string; readonly value: string }[] | undefined;
  },
  id: string,
): string | undefined {
  return item.singleValueExtendedProperties?.find((property) => sameProperty(property.id, id))?.value;
}

/** `$expand` for these properties. */
export function expansionOf(ids: readonly string[]): string {
  return `singleValueExtendedProperties($filter=${ids.map((id) => `id eq '${id}'`).join(' or ')})`;
}
