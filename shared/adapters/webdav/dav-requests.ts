import { escapeXml } from '../exchange-http/escape-xml.ts';

/** What is asked of WebDAV, as text: properties by their namespaces, queries in the SQL of the Exchange store. */

const dav = 'DAV:';
const mail = 'urn:schemas:httpmail:';
const exchange = 'http://schemas.microsoft.com/exchange/';
const repl = 'http://schemas.microsoft.com/repl/';
/** Tag and type of a MAPI property, [MS-OXPROPS]. */
const mapi = 'http://schemas.microsoft.com/mapi/proptag/';

/** Folders that a mailbox has by itself, whatever they are called. */
export const wellKnownFolders = [
  'inbox',
  'sentitems',
  'drafts',
  'deleteditems',
  'outbox',
  'calendar',
  'contacts',
  'tasks',
  'notes',
  'journal',
] as const;

/** PROPFIND of the folders that a mailbox has by itself. */
export const askWellKnown = propfind(wellKnownFolders.map((name) => [mail, name]));

/** The least that there is to ask of a resource: whether it is there. */
export const askAnything = propfind([[dav, 'isfolder']]);

function propfind(properties: readonly (readonly [namespace: string, name: string])[]): string {
  const asked = properties.map(([namespace, name]) => `<p:${name} xmlns:p="${namespace}"/>`).join('');
  return `<?xml version="1.0" encoding="utf-8"?><a:propfind xmlns:a="DAV:"><a:prop>${asked}</a:prop></a:propfind>`;
}

/** Local names of the properties that are read: they differ also without their namespaces. */
export const tags = {
  size: 'x0e080003',
  messageFlags: 'x0e070003',
  flagStatus: 'x10900003',
  lastVerb: 'x10810003',
  searchKey: 'x300b0102',
} as const;

const replUid = `${repl}repl-uid`;

const folderColumns: readonly string[] = [
  `${dav}displayname`,
  `${dav}ishidden`,
  `${dav}visiblecount`,
  `${dav}objectcount`,
  `${exchange}outlookfolderclass`,
  `${mail}unreadcount`,
  replUid,
];

const itemColumns: readonly string[] = [
  replUid,
  `${exchange}permanenturl`,
  `${exchange}outlookmessageclass`,
  `${dav}creationdate`,
  `${mail}read`,
  `${mail}datereceived`,
  ...Object.values(tags).map((tag) => `${mapi}${tag}`),
];

/** Number of an item in its folder, given when it came into it (PidTagInternetArticleNumber): what is new comes last. */
const arrival = `${mapi}x0e230003`;

/** The query of a manifest is bound to its collblob: but for the columns it must stay the same, letter by letter. */
const ofItems = '"DAV:isfolder" = false AND "DAV:ishidden" = false';

export function searchFolders(scope: string, traversal: 'DEEP' | 'SHALLOW'): string {
  return search(sql(folderColumns, { scope, traversal, where: '"DAV:isfolder" = true' }));
}

/** The items of a folder, in the order in which they came. */
export function searchItems(scope: string): string {
  const query = sql(itemColumns, { scope, traversal: 'SHALLOW', where: ofItems });
  return search(`${query} ORDER BY "${arrival}" ASC`);
}

/** The items of a folder that nobody has read. */
export function searchUnread(scope: string): string {
  return search(sql([replUid], { scope, traversal: 'SHALLOW', where: `${ofItems} AND "${mail}read" = false` }));
}

/**
 * The manifest of a folder: what changed since a collblob, everything where it is ''.
 * https://learn.microsoft.com/previous-versions/office/developer/exchange-server-2007/aa579438(v=exchg.80)
 */
export function searchManifest(scope: string, collblob: string, columns: 'ids' | 'all'): string {
  const asked = columns === 'ids' ? [replUid] : itemColumns;
  const query = sql(asked, { scope, traversal: 'SHALLOW', where: ofItems });
  return search(query, `<r:repl><r:collblob>${escapeXml(collblob)}</r:collblob></r:repl>`);
}

function sql(
  columns: readonly string[],
  from: { readonly scope: string; readonly traversal: string; readonly where: string },
): string {
  const names = columns.map((name) => `"${name}"`).join(', ');
  const scope = from.scope.replaceAll("'", "''");
  return `SELECT ${names} FROM SCOPE('${from.traversal} TRAVERSAL OF "${scope}"') WHERE ${from.where}`;
}

function search(query: string, replication = ''): string {
  return (
    `<?xml version="1.0" encoding="utf-8"?><d:searchrequest xmlns:d="DAV:" xmlns:r="${repl}">` +
    `${replication}<d:sql>${escapeXml(query)}</d:sql></d:searchrequest>`
  );
}
