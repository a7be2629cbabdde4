import { escapeXml } from '../exchange-http/escape-xml.ts';

/** What EWS is asked, as text: few operations, and nothing of a mailbox stands in them but ids and an address. */

export function field(uri: string): string {
  return `<t:FieldURI FieldURI="${uri}"/>`;
}

export function property(tag: string, type: string): string {
  return `<t:ExtendedFieldURI PropertyTag="${tag}" PropertyType="${type}"/>`;
}

export function itemIds(ids: readonly string[]): string {
  return `<m:ItemIds>${ids.map((id) => `<t:ItemId Id="${escapeXml(id)}"/>`).join('')}</m:ItemIds>`;
}

/** [MS-OXPROPS]: tags of the properties that have no name of their own in EWS. */
export const tags = {
  attributeHidden: '0x10f4',
  messageFlags: '0xe07',
  flagStatus: '0x1090',
  lastVerb: '0x1081',
  searchKey: '0x300b',
} as const;

const folderShape =
  '<m:FolderShape><t:BaseShape>IdOnly</t:BaseShape><t:AdditionalProperties>' +
  field('folder:DisplayName') +
  field('folder:ParentFolderId') +
  field('folder:FolderClass') +
  field('folder:TotalCount') +
  property('0x10F4', 'Boolean') +
  '</t:AdditionalProperties></m:FolderShape>';

/** For all folders of a listing: sizes decide how many are fetched at once, dates their order. */
const itemShape =
  '<m:ItemShape><t:BaseShape>IdOnly</t:BaseShape><t:AdditionalProperties>' +
  field('item:ItemClass') +
  field('item:Size') +
  field('item:DateTimeReceived') +
  field('item:DateTimeCreated') +
  field('message:IsRead') +
  property('0x0E07', 'Integer') +
  property('0x1090', 'Integer') +
  property('0x1081', 'Integer') +
  property('0x300B', 'Binary') +
  '</t:AdditionalProperties></m:ItemShape>';

export type WellKnownFolder =
  | 'msgfolderroot'
  | 'inbox'
  | 'sentitems'
  | 'drafts'
  | 'deleteditems'
  | 'junkemail'
  | 'outbox'
  | 'calendar'
  | 'contacts'
  | 'tasks'
  | 'notes';

/** An administrator's account acts as the delegate of a mailbox: it says whose folder it means. */
function distinguished(id: WellKnownFolder, mailbox: string | undefined): string {
  if (mailbox === undefined) return `<t:DistinguishedFolderId Id="${id}"/>`;
  return `<t:DistinguishedFolderId Id="${id}"><t:Mailbox><t:EmailAddress>${escapeXml(mailbox)}</t:EmailAddress></t:Mailbox></t:DistinguishedFolderId>`;
}

export function getFolders(ids: readonly WellKnownFolder[], mailbox: string | undefined): string {
  const wanted = ids.map((id) => distinguished(id, mailbox)).join('');
  return `<m:GetFolder>${folderShape}<m:FolderIds>${wanted}</m:FolderIds></m:GetFolder>`;
}

export function syncFolderHierarchy(mailbox: string | undefined, syncState: string): string {
  const state = syncState === '' ? '' : `<m:SyncState>${escapeXml(syncState)}</m:SyncState>`;
  const root = distinguished('msgfolderroot', mailbox);
  return `<m:SyncFolderHierarchy>${folderShape}<m:SyncFolderId>${root}</m:SyncFolderId>${state}</m:SyncFolderHierarchy>`;
}

/** The server's own limit, https://learn.microsoft.com/exchange/client-developer/web-service-reference/maxchangesreturned */
const mostChanges = 512;

export function syncFolderItems(folderId: string, syncState: string): string {
  const state = syncState === '' ? '' : `<m:SyncState>${escapeXml(syncState)}</m:SyncState>`;
  return (
    `<m:SyncFolderItems>${itemShape}<m:SyncFolderId><t:FolderId Id="${escapeXml(folderId)}"/></m:SyncFolderId>` +
    `${state}<m:MaxChangesReturned>${String(mostChanges)}</m:MaxChangesReturned></m:SyncFolderItems>`
  );
}

export function getMime(ids: readonly string[]): string {
  return (
    '<m:GetItem><m:ItemShape><t:BaseShape>IdOnly</t:BaseShape><t:IncludeMimeContent>true</t:IncludeMimeContent></m:ItemShape>' +
    `${itemIds(ids)}</m:GetItem>`
  );
}

export function exportItems(ids: readonly string[]): string {
  return `<m:ExportItems>${itemIds(ids)}</m:ExportItems>`;
}
