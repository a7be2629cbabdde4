import { graphTime } from '../graph-time.ts';
import { textAt, type JsonObject } from '../json-object.ts';
import { sizeOf, type OnlineItem } from '../store/online-item.ts';
import { shownBody } from './shown-body.ts';
import type { ItemView } from './shown-item.ts';

export const messageFlags = 'Integer 0xe07';
export const deliveryTime = 'SystemTime 0xe06';
export const submitTime = 'SystemTime 0x39';

const unset: JsonObject = {
  categories: [],
  subject: '',
  importance: 'normal',
  inferenceClassification: 'focused',
  isDeliveryReceiptRequested: false,
  isReadReceiptRequested: false,
  toRecipients: [],
  ccRecipients: [],
  bccRecipients: [],
  replyTo: [],
  flag: { flagStatus: 'notFlagged' },
};

/** A message as Graph shows it: whether it is a draft, and its dates, follow from its MAPI properties alone. */
export const messageView: ItemView = {
  properties: (item) => ({
    ...unset,
    ...item.properties,
    ...shownBody(item, 'text'),
    receivedDateTime: item.single.get(deliveryTime) ?? graphTime(item.created),
    sentDateTime: item.single.get(submitTime) ?? graphTime(item.created),
    hasAttachments: item.attachments.some(({ properties }) => properties['isInline'] !== true),
    isDraft: isDraft(item),
    parentFolderId: item.folder,
    conversationId: `AAQk${item.immutableId.slice(-24)}`,
    webLink: `https://outlook.office365.com/owa/?ItemID=${item.id}`,
  }),
  computed: (item) =>
    new Map([
      [messageFlags, String(flagsOf(item))],
      ['Long 0xe08', String(sizeOf(item))],
      ['Integer 0xe08', String(sizeOf(item))],
      [deliveryTime, item.single.get(deliveryTime) ?? graphTime(item.created)],
      [submitTime, item.single.get(submitTime) ?? graphTime(item.created)],
      ['String 0x1a', item.single.get('String 0x1a') ?? 'IPM.Note'],
      ['String 0x1035', textAt(item.properties, 'internetMessageId') ?? ''],
      ['SystemTime 0x3007', graphTime(item.created)],
    ]),
  onlySelected: ['internetMessageHeaders'],
};

/** PidTagMessageFlags (MS-OXCMSG 2.2.1.6): without the property, or with bit 8, a message is unsent. */
export function isDraft({ single }: OnlineItem): boolean {
  const flags = single.get(messageFlags);
  return flags === undefined || (Number(flags) & 8) !== 0;
}

function flagsOf(item: OnlineItem): number {
  const stored = Number(item.single.get(messageFlags) ?? '8') & ~0x11;
  return stored | (item.properties['isRead'] === true ? 1 : 0) | (item.attachments.length > 0 ? 0x10 : 0);
}
