export type FolderKind = 'mail' | 'contacts' | 'calendar' | 'tasks' | 'notes';

export interface OnlineFolder {
  readonly id: string;
  /** Id that /admin/exchange gives and importItem takes; another one than `id`. */
  readonly importId: string;
  readonly kind: FolderKind;
  readonly folderClass: string;
  readonly wellKnown: string | undefined;
  readonly hidden: boolean;
  name: string;
  parent: string;
  /** Further properties that were set: a calendar's colour. */
  properties: Record<string, unknown>;
}

/** Folders of a new mailbox, with the names that the service gives them in English. */
export const wellKnownFolders: readonly (readonly [
  wellKnown: string,
  name: string,
  kind: FolderKind,
  folderClass: string,
])[] = [
  ['inbox', 'Inbox', 'mail', 'IPF.Note'],
  ['drafts', 'Drafts', 'mail', 'IPF.Note'],
  ['sentitems', 'Sent Items', 'mail', 'IPF.Note'],
  ['deleteditems', 'Deleted Items', 'mail', 'IPF.Note'],
  ['junkemail', 'Junk Email', 'mail', 'IPF.Note'],
  ['outbox', 'Outbox', 'mail', 'IPF.Note'],
  ['archive', 'Archive', 'mail', 'IPF.Note'],
  ['conversationhistory', 'Conversation History', 'mail', 'IPF.Note'],
  ['calendar', 'Calendar', 'calendar', 'IPF.Appointment'],
  ['contacts', 'Contacts', 'contacts', 'IPF.Contact'],
  ['tasks', 'Tasks', 'tasks', 'IPF.Task'],
  ['notes', 'Notes', 'notes', 'IPF.StickyNote'],
];
