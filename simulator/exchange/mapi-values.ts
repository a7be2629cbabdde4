import { createHash } from 'node:crypto';
import { stamp } from './practice-content.ts';
import type { PracticeFolder, PracticeItem, PracticeMailbox } from './practice-mailbox.ts';

/** Values of MAPI properties by their tags ([MS-OXPROPS]), as EWS writes them; undefined: it has none. */
export function itemValue(item: PracticeItem, tag: number): string | undefined {
  switch (tag) {
    case 0x001a:
      return item.itemClass ?? 'IPM.Note';
    case 0x0037:
    case 0x3001:
      return item.subject ?? held(item, tag);
    // PR_SENSITIVITY
    case 0x0036:
      return held(item, tag) ?? '0';
    case 0x0e06:
    case 0x3007:
      return stamp(item.received);
    case 0x0e08:
      return String(item.size);
    // PR_INTERNET_ARTICLE_NUMBER: the UID of Exchange's own IMAP.
    case 0x0e23:
      return String(item.number);
    case 0x0ff9:
      return createHash('md5').update(item.id).digest('base64');
    case 0x300b:
      return item.searchKey;
    // PR_LAST_MODIFICATION_TIME is later with every change.
    case 0x3008:
      return stamp(new Date(item.received.getTime() + item.changed * 1000));
    default:
      return item.content === undefined ? mailValue(item, tag) : held(item, tag);
  }
}

function mailValue(item: PracticeItem, tag: number): string | undefined {
  switch (tag) {
    // PR_TRANSPORT_MESSAGE_HEADERS
    case 0x007d:
      return headerOf(item);
    case 0x0e07:
      return String((item.read === true ? 1 : 0) + (item.draft === true ? 8 : 0));
    case 0x1035:
      return messageIdOf(item);
    case 0x1090:
      return item.flagged === true ? '2' : undefined;
    case 0x1081:
      return item.verb === undefined ? undefined : String(item.verb);
    default:
      return undefined;
  }
}

function held(item: PracticeItem, tag: number): string | undefined {
  return item.content?.properties?.[`0x${tag.toString(16).padStart(4, '0')}`];
}

function headerOf(item: PracticeItem): string {
  const mime = item.mime();
  const end = mime.indexOf('\r\n\r\n');
  return mime.toString('latin1', 0, end === -1 ? mime.length : end + 2);
}

export function messageIdOf(item: PracticeItem): string | undefined {
  return /^Message-ID:\s*(<[^>]*>)/im.exec(headerOf(item))?.[1];
}

const beginning = Date.UTC(2026, 0, 1);

export function folderValue(mailbox: PracticeMailbox, folder: PracticeFolder, tag: number): string | undefined {
  const items = mailbox.items(folder.id);
  const last = items.reduce((highest, item) => Math.max(highest, item.number), 0);
  switch (tag) {
    case 0x10f4:
      return String(folder.hidden);
    case 0x3001:
      return folder.name;
    // PR_LAST_MODIFICATION_TIME, PR_LOCAL_COMMIT_TIME_MAX
    case 0x3008:
    case 0x670a:
      return stamp(new Date(beginning + items.reduce((latest, item) => Math.max(latest, item.changed), 0) * 1000));
    case 0x3602:
      return String(items.length);
    case 0x3603:
      return String(items.filter((item) => item.content === undefined && item.read !== true).length);
    case 0x360a:
      return String(mailbox.folders.some(({ parent }) => parent === folder.id));
    case 0x3613:
      return folder.folderClass === '' ? undefined : folder.folderClass;
    // The next and the last PR_INTERNET_ARTICLE_NUMBER.
    case 0x6751:
      return String(last + 1);
    case 0x6752:
      return String(last);
    default:
      return undefined;
  }
}
