import type { PracticeFolder, PracticeItem, PracticeMailbox } from '../exchange/practice-mailbox.ts';
import { shortHash } from './store-names.ts';

/** A property as WebDAV writes it. */
export interface StoreProperty {
  readonly value: string;
  /** As Exchange says it of what is no text: `boolean`, `int`, `dateTime.tz`, `bin.base64`. */
  readonly type?: 'boolean' | 'int' | 'dateTime.tz' | 'bin.base64';
}

export type StoreProperties = ReadonlyMap<string, StoreProperty>;

const dav = 'DAV:';
const mail = 'urn:schemas:httpmail:';
const exchange = 'http://schemas.microsoft.com/exchange/';
const repl = 'http://schemas.microsoft.com/repl/';
const mapi = 'http://schemas.microsoft.com/mapi/proptag/';

const text = (value: string): StoreProperty => ({ value });
const truth = (value: boolean): StoreProperty => ({ value: value ? '1' : '0', type: 'boolean' });
const int = (value: number): StoreProperty => ({ value: String(value), type: 'int' });
const time = (value: Date): StoreProperty => ({ value: value.toISOString(), type: 'dateTime.tz' });

/** MAPI properties are asked for as `0x0e080003` too, and their tags may lack leading zeros. */
export function propertyName(asked: string): string {
  const [, tag] = /^http:\/\/schemas\.microsoft\.com\/mapi\/proptag\/(?:0x|x)([0-9a-f]{5,8})$/i.exec(asked) ?? [];
  return tag === undefined ? asked : `${mapi}x${tag.toLowerCase().padStart(8, '0')}`;
}

export function itemProperties(
  item: PracticeItem,
  about: { readonly href: string; readonly permanentUrl: string | undefined; readonly arrival: number },
): StoreProperties {
  const { itemClass = 'IPM.Note', subject = '', read = false, draft = false, flagged = false, verb } = item;
  return new Map<string, StoreProperty>([
    [`${dav}href`, text(about.href)],
    [`${dav}displayname`, text(about.href.replace(/^.*\//, ''))],
    [`${dav}isfolder`, truth(false)],
    [`${dav}iscollection`, truth(false)],
    [`${dav}ishidden`, truth(false)],
    [`${dav}contentclass`, text(`urn:content-classes:${contentClass(itemClass)}`)],
    [`${dav}uid`, text(shortHash(item.id))],
    [`${dav}getetag`, text(`"${shortHash(item.id)}${String(item.changed)}"`)],
    [`${dav}creationdate`, time(item.received)],
    [`${dav}getlastmodified`, time(item.received)],
    [`${repl}repl-uid`, text(`rid:${shortHash(item.id)}`)],
    [`${repl}resourcetag`, text(`rt:${shortHash(item.id)}${String(item.changed)}`)],
    ...(about.permanentUrl === undefined ? [] : [[`${exchange}permanenturl`, text(about.permanentUrl)] as const]),
    [`${exchange}outlookmessageclass`, text(itemClass)],
    [`${mail}subject`, text(subject)],
    [`${mail}read`, truth(read)],
    [`${mail}datereceived`, time(item.received)],
    [`${mail}date`, time(item.received)],
    [`${mapi}x0e060040`, time(item.received)],
    [`${mapi}x0e080003`, int(item.size)],
    [`${mapi}x0e230003`, int(about.arrival)],
    [`${mapi}x0e070003`, int((read ? 1 : 0) | (draft ? 8 : 0))],
    ...(flagged ? [[`${mapi}x10900003`, int(2)] as const] : []),
    ...(verb === undefined ? [] : [[`${mapi}x10810003`, int(verb)] as const]),
    [`${mapi}x300b0102`, { value: item.searchKey, type: 'bin.base64' }],
  ]);
}

export function folderProperties(
  mailbox: PracticeMailbox,
  folder: PracticeFolder,
  about: { readonly href: string; readonly nextArrival: number },
): StoreProperties {
  const items = mailbox.items(folder.id);
  const children = mailbox.folders.filter(({ parent }) => parent === folder.id);
  return new Map<string, StoreProperty>([
    [`${dav}href`, text(about.href)],
    [`${dav}displayname`, text(folder.name)],
    [`${dav}isfolder`, truth(true)],
    [`${dav}iscollection`, truth(true)],
    [`${dav}ishidden`, truth(folder.hidden)],
    [`${dav}hassubs`, truth(children.length > 0)],
    [`${dav}nosubs`, truth(false)],
    [`${dav}childcount`, int(children.length)],
    [`${dav}objectcount`, int(items.length)],
    [`${dav}visiblecount`, int(items.length)],
    [`${dav}contentclass`, text('urn:content-classes:mailfolder')],
    [`${dav}getlastmodified`, time(new Date(0))],
    [`${dav}creationdate`, time(new Date(0))],
    [`${mail}unreadcount`, int(items.filter(({ read }) => read !== true).length)],
    [`${exchange}outlookfolderclass`, text(folder.folderClass)],
    [`${repl}repl-uid`, text(`rid:${shortHash(folder.id)}`)],
    [`${repl}contenttag`, text(`ct:${shortHash(items.map(({ id, changed }) => `${id}${String(changed)}`).join())}`)],
    // PR_ARTICLE_NUM_NEXT, PR_IMAP_LAST_ARTICLE_ID
    [`${mapi}x67510003`, int(about.nextArrival)],
    [`${mapi}x67520003`, int(about.nextArrival - 1)],
  ]);
}

/** The folders that a mailbox has by itself, of its root. */
export function rootProperties(
  mailbox: PracticeMailbox,
  hrefOf: (folder: PracticeFolder) => string,
  own: string,
): StoreProperties {
  const wellKnown = mailbox.folders.flatMap((folder) => {
    const { wellKnown: name } = folder;
    const isTold = name !== undefined && !['root', 'msgfolderroot', 'junkemail'].includes(name);
    return isTold ? [[`${mail}${name}`, text(hrefOf(folder))] as const] : [];
  });
  return new Map<string, StoreProperty>([
    [`${dav}href`, text(own)],
    [`${dav}displayname`, text(mailbox.address.replace(/@.*$/, ''))],
    [`${dav}isfolder`, truth(true)],
    [`${dav}iscollection`, truth(true)],
    [`${dav}ishidden`, truth(false)],
    [`${dav}hassubs`, truth(true)],
    [`${dav}contentclass`, text('urn:content-classes:folder')],
    [`${mail}sendmsg`, text(`${own}##DavMailSubmissionURI##/`)],
    ...wellKnown,
  ]);
}

function contentClass(itemClass: string): string {
  if (itemClass.startsWith('IPM.Contact')) return 'person';
  if (itemClass.startsWith('IPM.Appointment')) return 'appointment';
  if (itemClass.startsWith('IPM.Task')) return 'task';
  return itemClass.startsWith('IPM.Schedule') ? 'calendarmessage' : 'message';
}
