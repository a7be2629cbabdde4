import { isUtf8 } from 'node:buffer';
import PostalMime, {
  addressParser,
  decodeWords,
  type Address,
  type Attachment,
  type Email,
  type Mailbox,
} from 'postal-mime';
import type { ItemEnvelope } from '../../../domain/mail.ts';
import { parseInternalDate } from '../../../domain/internal-date.ts';
import { propertyIds } from './extended-properties.ts';
import type { AttachedFile, GraphRecipient, Loss, NewMessage, SingleValueProperty } from './graph-message.ts';
import { headerSection } from './item-head.ts';
import { fileName, manyLines, oneLine, shortened } from './sanitised-text.ts';

/** A message in Graph's words. */
export interface ConvertedMessage {
  readonly message: NewMessage;
  readonly files: readonly AttachedFile[];
  readonly losses: readonly Loss[];
}

/** Exchange keeps subjects up to 255 characters. */
const longestSubject = 255;
/** Exchange cuts ids off beyond 995 characters, a line's length (RFC 5322 section 2.1.1). */
const longestMessageId = 995;
/** UTF-16 units of a body that goes with the message: a request has at most 4 MB, with escapes and attachments. */
const longestBody = 700_000;
const longestHeaders = 32 * 1024;

/**
 * Takes a message apart for `POST …/messages`. Microsoft's own conversion (a POST of MIME) makes drafts of everything, so
 * the properties that make it received mail are set here, at creation: they cannot be changed later.
 */
export async function messageFromMime(octets: Uint8Array, envelope: ItemEnvelope): Promise<ConvertedMessage> {
  const losses = new Set<Loss>();
  const readable = withReadableHeader(Buffer.from(octets.buffer, octets.byteOffset, octets.byteLength));
  const email = await parse(readable, losses);
  const flags = new Set(envelope.flags.map((flag) => flag.toLowerCase()));
  if (flags.has('\\deleted')) losses.add('marked-deleted');
  const header = new Headers(email);
  const body = bodyOf(email, losses);
  const isDraft = flags.has('\\draft');
  const subject = oneLine(decodeWords(header.first('subject') ?? ''));
  if (subject.length > longestSubject) losses.add('subject-shortened');
  const message: NewMessage = {
    subject: shortened(subject, longestSubject),
    body: body.body,
    ...authors(header, losses),
    toRecipients: recipients(header.all('to'), losses),
    ccRecipients: recipients(header.all('cc'), losses),
    bccRecipients: recipients(header.all('bcc'), losses),
    replyTo: replyTo(header.all('reply-to'), losses),
    ...messageId(header, losses),
    isRead: flags.has('\\seen'),
    importance: importanceOf(header),
    flag: { flagStatus: flags.has('\\flagged') ? 'flagged' : 'notFlagged' },
    isReadReceiptRequested: isDraft && header.first('disposition-notification-to') !== undefined,
    isDeliveryReceiptRequested: false,
    singleValueExtendedProperties: [
      ...datesAndState(header, { envelope, flags, isDraft }),
      ...threading(header),
      ...sensitivity(header),
      ...classOf(header, losses),
      { id: propertyIds.transportHeaders, value: disarmed(headerSection(readable)) },
    ],
  };
  return { message, files: [...body.files, ...filesOf(email, body.body.content, losses)], losses: [...losses] };
}

/** Header fields of one name, unfolded. */
class Headers {
  readonly #email: Email;

  constructor(email: Email) {
    this.#email = email;
  }

  first(name: string): string | undefined {
    return this.#email.headers.find(({ key }) => key === name)?.value;
  }

  all(name: string): readonly string[] {
    return this.#email.headers.filter(({ key }) => key === name).map(({ value }) => value);
  }
}

/**
 * Octets above ASCII that are no UTF-8 are read as Windows-1252, which old clients meant; text that begins without a header
 * is a body. Else the one would be garbled and the other dropped.
 */
function withReadableHeader(octets: Buffer): Buffer {
  const mbox = /^>?From [^\n]*\n/.exec(octets.subarray(0, 1_000).toString('latin1'))?.[0] ?? '';
  const message = octets.subarray(mbox.length);
  const start = message.subarray(0, 1_000).toString('latin1');
  if (!/^[!-9;-~]+[ \t]*:/.test(start))
    return /^\r?\n/.test(start) ? message : Buffer.concat([Buffer.from('\r\n'), message]);
  const header = headerSection(message);
  if (isUtf8(header)) return message;
  const text = new TextDecoder('windows-1252').decode(header);
  return Buffer.concat([Buffer.from(text), message.subarray(header.length)]);
}

async function parse(octets: Buffer, losses: Set<Loss>): Promise<Email> {
  try {
    return await PostalMime.parse(octets, { forceRfc822Attachments: true, maxHeadersSize: 64 * 1024 * 1024 });
  } catch {
    // Parts in parts without end, on purpose or by a broken gateway: it is kept whole, as a file.
    losses.add('unparsed');
    const header = await PostalMime.parse(Buffer.concat([withoutMime(headerSection(octets)), Buffer.from('\r\n')]));
    return { ...header, text: '', attachments: [original(octets)] };
  }
}

function withoutMime(header: Buffer): Buffer {
  return Buffer.from(header.toString('latin1').replace(/^content-[a-z-]+:[^\n]*\n(?:[ \t][^\n]*\n)*/gim, ''), 'latin1');
}

function original(octets: Buffer): Attachment {
  return { filename: 'message.eml', mimeType: 'message/rfc822', disposition: 'attachment', content: octets };
}

interface Body {
  readonly body: NewMessage['body'];
  readonly files: readonly AttachedFile[];
}

function bodyOf({ html, text }: Email, losses: Set<Loss>): Body {
  const contentType = html === undefined ? 'text' : 'html';
  const content = manyLines(html ?? text ?? '');
  if (content.length <= longestBody) return { body: { contentType, content }, files: [] };
  losses.add('body-attached');
  const file: AttachedFile = {
    name: contentType === 'html' ? 'message.html' : 'message.txt',
    contentType: `text/${contentType === 'html' ? 'html' : 'plain'}; charset=utf-8`,
    isInline: false,
    content: Buffer.from(content),
  };
  const beginning = shortened(contentType === 'html' ? (text ?? '') : content, 100_000);
  const note = `[The text of this message is too long to be shown here: it is attached as ${file.name}.]`;
  return { body: { contentType: 'text', content: manyLines(`${note}\r\n\r\n${beginning}`) }, files: [file] };
}

function authors(header: Headers, losses: Set<Loss>): Pick<NewMessage, 'from' | 'sender'> {
  const from = mailboxes(header.first('from') ?? '');
  const sender = mailboxes(header.first('sender') ?? '')[0];
  if (from.length > 1) losses.add('several-authors');
  const first = from[0] ?? sender;
  // Without an author Exchange would show the owner of the mailbox as one.
  const author = first === undefined ? nobody : (recipient(first) ?? withoutAddress(first, losses));
  const sent = sender === undefined ? undefined : recipient(sender);
  return { from: author, sender: sent ?? author };
}

const nobody: GraphRecipient = { emailAddress: { name: '', address: 'unknown@stagecoach.invalid' } };

function withoutAddress({ name, address }: Mailbox, losses: Set<Loss>): GraphRecipient {
  losses.add('address');
  const shown = shortened(oneLine([name, address].filter((part) => part !== '').join(' ')), 250);
  return { emailAddress: { ...nobody.emailAddress, name: shown } };
}

function recipients(fields: readonly string[], losses: Set<Loss>): readonly GraphRecipient[] {
  return fields.flatMap(mailboxes).flatMap((mailbox) => {
    const found = recipient(mailbox);
    if (found === undefined) losses.add('address');
    return found ?? [];
  });
}

/** Graph refuses the whole message for one that it does not like. */
function replyTo(fields: readonly string[], losses: Set<Loss>): readonly GraphRecipient[] {
  return fields.flatMap(mailboxes).flatMap((mailbox) => {
    const found = /^[\x21-\x7e]+$/.test(mailbox.address) ? recipient(mailbox) : undefined;
    if (found === undefined) losses.add('reply-to');
    return found ?? [];
  });
}

/** Groups (RFC 5322 section 3.4) are their members. */
function mailboxes(field: string): readonly Mailbox[] {
  return addressParser(field).flatMap((entry: Address) => entry.group ?? entry);
}

const usable = /^[^\s<>@,;:"()[\]\\]+@[^\s<>@,;:"()[\]\\]+$/;

function recipient({ name, address }: Mailbox): GraphRecipient | undefined {
  const plain = oneLine(address);
  if (!usable.test(plain) || plain.length > 320) return undefined;
  const shown = shortened(oneLine(decodeWords(name)), 250);
  return { emailAddress: { ...(shown === '' ? {} : { name: shown }), address: plain } };
}

/** Without one Exchange makes one up; `item-head.ts` keeps that it was none. */
function messageId(header: Headers, losses: Set<Loss>): Pick<NewMessage, 'internetMessageId'> {
  const id = oneLine(header.first('message-id') ?? '');
  if (id === '') return {};
  // eslint-disable-next-line no-control-regex -- any letter above ASCII is what is meant
  if (id.length > longestMessageId || /[^\x00-\x7f]/.test(id)) {
    losses.add('message-id');
    return {};
  }
  return { internetMessageId: id };
}

function importanceOf(header: Headers): NewMessage['importance'] {
  const named = (header.first('importance') ?? header.first('x-msmail-priority') ?? '').trim().toLowerCase();
  if (named === 'high' || named === 'low') return named;
  const priority = /^\s*(\d)/.exec(header.first('x-priority') ?? '')?.[1];
  if (named !== '' || priority === undefined || priority === '3') return 'normal';
  return Number(priority) < 3 ? 'high' : 'low';
}

function datesAndState(
  header: Headers,
  about: { readonly envelope: ItemEnvelope; readonly flags: ReadonlySet<string>; readonly isDraft: boolean },
): readonly SingleValueProperty[] {
  const { envelope, flags, isDraft } = about;
  const received = parseInternalDate(envelope.internalDate) ?? 0;
  const sent = Date.parse(header.first('date') ?? '');
  const properties: SingleValueProperty[] = [
    { id: propertyIds.submitTime, value: wholeSeconds(isStorable(sent) ? sent : received) },
    { id: propertyIds.deliveryTime, value: wholeSeconds(received) },
  ];
  // Bit 8 (unsent) is what a message has that is created without them: a draft.
  if (!isDraft) properties.push({ id: propertyIds.messageFlags, value: flags.has('\\seen') ? '1' : '4' });
  if (flags.has('\\answered')) properties.push(...answeredMarks);
  return properties;
}

/** How Outlook shows that a message was answered: an icon, and the verb 102 (reply to sender). */
export const answeredMarks: readonly SingleValueProperty[] = [
  { id: propertyIds.iconIndex, value: '261' },
  { id: propertyIds.lastVerb, value: '102' },
];

/** A FILETIME begins in 1601. */
function isStorable(epochMs: number): boolean {
  return epochMs > Date.UTC(1601, 0, 2) && epochMs < Date.UTC(4500, 0, 1);
}

export function wholeSeconds(epochMs: number): string {
  return `${new Date(epochMs).toISOString().slice(0, 19)}Z`;
}

function threading(header: Headers): readonly SingleValueProperty[] {
  const index = (header.first('thread-index') ?? '').replace(/\s+/g, '');
  const topic = oneLine(decodeWords(header.first('thread-topic') ?? ''));
  const inReplyTo = oneLine(header.first('in-reply-to') ?? '');
  const references = oneLine(header.first('references') ?? '');
  return [
    ...(inReplyTo === '' ? [] : [{ id: propertyIds.inReplyTo, value: shortened(inReplyTo, longestMessageId) }]),
    // The last ones are those that matter: the others are behind them.
    ...(references === '' ? [] : [{ id: propertyIds.references, value: lastIds(references) }]),
    ...(isConversationIndex(index) ? [{ id: propertyIds.conversationIndex, value: index }] : []),
    ...(topic === '' ? [] : [{ id: propertyIds.conversationTopic, value: shortened(topic, longestSubject) }]),
  ];
}

const longestReferences = 8_000;

function lastIds(references: string): string {
  if (references.length <= longestReferences) return references;
  const end = references.slice(-longestReferences);
  return end.slice(Math.max(0, end.indexOf('<')));
}

/** 22 octets and 5 for each answer ([MS-OXOMSG] section 2.2.1.3). */
function isConversationIndex(index: string): boolean {
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(index)) return false;
  const { length } = Buffer.from(index, 'base64');
  return length >= 22 && length <= 1_022 && (length - 22) % 5 === 0;
}

function sensitivity(header: Headers): readonly SingleValueProperty[] {
  const named = (header.first('sensitivity') ?? '').trim().toLowerCase();
  const value = ['normal', 'personal', 'private', 'company-confidential'].indexOf(named);
  return value < 1 ? [] : [{ id: propertyIds.sensitivity, value: String(value) }];
}

/**
 * What is encrypted is shown only where its class says so ([MS-OXOSMIME] section 2.1.3.1). What is signed in the clear is
 * shown like other mail, with its signature as a file: the octets that were signed are gone.
 */
function classOf(header: Headers, losses: Set<Loss>): readonly SingleValueProperty[] {
  const type = (header.first('content-type') ?? '').toLowerCase();
  if (/^\s*application\/(x-)?pkcs7-mime/.test(type)) {
    losses.add('smime');
    return [{ id: propertyIds.messageClass, value: 'IPM.Note.SMIME' }];
  }
  if (/^\s*multipart\/signed/.test(type)) losses.add('smime-signature');
  if (/^\s*multipart\/encrypted/.test(type)) losses.add('pgp-structure');
  return [];
}

/** Fields that would have a receipt sent to somebody when the old message is opened. */
const receiptFields = /^(disposition-notification-to|return-receipt-to|x-confirm-reading-to)(?=[ \t]*:)/gim;

function disarmed(header: Buffer): string {
  const text = manyLines(header.toString('utf8')).replace(receiptFields, 'X-Disarmed-$1');
  if (text.length <= longestHeaders) return text;
  const cut = text.slice(0, longestHeaders);
  return cut.slice(0, cut.lastIndexOf('\n') + 1);
}

function filesOf(email: Email, html: string, losses: Set<Loss>): readonly AttachedFile[] {
  return email.attachments.map((attachment, at) => {
    const contentId = oneLine((attachment.contentId ?? '').replace(/^<|>$/g, ''));
    const contentType = oneLine(attachment.mimeType) === '' ? 'application/octet-stream' : oneLine(attachment.mimeType);
    if (contentType === 'text/calendar' && attachment.method !== undefined) losses.add('invitation-as-file');
    const shown = contentId !== '' && (html.includes(`cid:${contentId}`) || attachment.related === true);
    const content = octetsOf(attachment);
    return {
      name: nameOf(attachment, { contentType, content, number: at + 1 }),
      contentType,
      isInline: shown,
      ...(contentId === '' ? {} : { contentId }),
      content,
    };
  });
}

function octetsOf({ content }: Attachment): Uint8Array {
  if (typeof content === 'string') return Buffer.from(content);
  return content instanceof Uint8Array ? content : new Uint8Array(content);
}

function nameOf(
  attachment: Attachment,
  about: { readonly contentType: string; readonly content: Uint8Array; readonly number: number },
): string {
  const { contentType, content, number } = about;
  const given = fileName(attachment.filename ?? '');
  if (contentType === 'message/rfc822') {
    const subject =
      /^subject:[ \t]*((?:[^\n]|\n(?=[ \t]))*)/im.exec(headerSection(content).toString('utf8'))?.[1] ?? '';
    const name = given === '' ? fileName(shortened(oneLine(decodeWords(subject)), 100)) : given;
    return /\.eml$/i.test(name) ? name : `${name === '' ? 'message' : name}.eml`;
  }
  if (given !== '') return given;
  return `${endings[contentType]?.[0] ?? 'attachment'}${number > 1 ? String(number) : ''}${endings[contentType]?.[1] ?? ''}`;
}

/** Names of parts that have none. */
const endings: Readonly<Record<string, readonly [string, string]>> = {
  'application/pkcs7-mime': ['smime', '.p7m'],
  'application/x-pkcs7-mime': ['smime', '.p7m'],
  'application/pkcs7-signature': ['smime', '.p7s'],
  'application/pgp-signature': ['signature', '.asc'],
  'application/pgp-encrypted': ['version', '.txt'],
  'application/pdf': ['attachment', '.pdf'],
  'application/ms-tnef': ['winmail', '.dat'],
  'image/gif': ['image', '.gif'],
  'image/jpeg': ['image', '.jpg'],
  'image/png': ['image', '.png'],
  'message/delivery-status': ['delivery-status', '.txt'],
  'text/calendar': ['invitation', '.ics'],
  'text/html': ['attachment', '.html'],
  'text/plain': ['attachment', '.txt'],
  'text/vcard': ['contact', '.vcf'],
  'text/x-vcard': ['contact', '.vcf'],
};
