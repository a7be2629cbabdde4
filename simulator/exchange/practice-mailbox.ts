import { createHash } from 'node:crypto';
import type { PracticeContent } from './practice-content.ts';
import type { PracticeOutOfOffice } from './practice-out-of-office.ts';

/** Folders that Exchange makes by itself, with the names that an English Outlook gives them. */
const wellKnownFolders: readonly (readonly [id: string, name: string, folderClass: string])[] = [
  ['inbox', 'Inbox', 'IPF.Note'],
  ['sentitems', 'Sent Items', 'IPF.Note'],
  ['drafts', 'Drafts', 'IPF.Note'],
  ['deleteditems', 'Deleted Items', 'IPF.Note'],
  ['junkemail', 'Junk E-mail', 'IPF.Note'],
  ['outbox', 'Outbox', 'IPF.Note'],
  ['calendar', 'Calendar', 'IPF.Appointment'],
  ['contacts', 'Contacts', 'IPF.Contact'],
  ['tasks', 'Tasks', 'IPF.Task'],
  ['notes', 'Notes', 'IPF.StickyNote'],
  ['journal', 'Journal', 'IPF.Journal'],
];

export interface PracticeFolder {
  readonly id: string;
  name: string;
  parent: string;
  readonly folderClass: string;
  readonly wellKnown: string | undefined;
  readonly hidden: boolean;
  readonly search: boolean;
}

export interface NewItem {
  readonly mime: () => Buffer;
  readonly received: Date;
  readonly itemClass?: string | undefined;
  readonly subject?: string | undefined;
  readonly read?: boolean | undefined;
  readonly draft?: boolean | undefined;
  readonly flagged?: boolean | undefined;
  /** PR_LAST_VERB_EXECUTED. */
  readonly verb?: number | undefined;
  /** What GetItem answers in place of the item: ErrorCorruptData, say. */
  readonly problem?: string | undefined;
  /** Of an item that is no mail; its MIME is never asked for. */
  readonly content?: PracticeContent | undefined;
}

export interface PracticeItem extends NewItem {
  readonly id: string;
  readonly folder: string;
  readonly searchKey: string;
  readonly size: number;
  /** Rises with every item that comes into a folder: PR_INTERNET_ARTICLE_NUMBER. */
  readonly number: number;
  readonly changed: number;
}

interface Trace {
  readonly created: number;
  changed: number;
  /** Nothing but its read flag changed since it came, as of `changed`. */
  readOnlySince: number | null;
  gone: boolean;
}

/** A mailbox of the practice Exchange, with everything that happened in its folders. */
export class PracticeMailbox {
  readonly address: string;
  outOfOffice: PracticeOutOfOffice = { state: 'Disabled' };
  /**
   * Addresses of those who may open it besides its owner: delegates, and whoever works in a shared mailbox or books a room.
   * Nobody signs in as a shared mailbox or a room.
   */
  delegates: readonly string[] = [];
  readonly #folders = new Map<string, PracticeFolder>();
  readonly #items = new Map<string, PracticeItem>();
  /** By folder: what happened to which item, for SyncFolderItems. */
  readonly #traces = new Map<string, Map<string, Trace>>();
  #clock = 0;
  #ids = 0;

  constructor(address: string, names: Readonly<Record<string, string>> = {}) {
    this.address = address;
    const root = this.#newFolder({ name: 'Root', parent: '', folderClass: '', wellKnown: 'root' });
    const top = this.#newFolder({
      name: 'Top of Information Store',
      parent: root.id,
      folderClass: 'IPF.Note',
      wellKnown: 'msgfolderroot',
    });
    for (const [wellKnown, name, folderClass] of wellKnownFolders)
      this.#newFolder({ name: names[wellKnown] ?? name, parent: top.id, folderClass, wellKnown });
  }

  get folders(): readonly PracticeFolder[] {
    return [...this.#folders.values()];
  }

  folder(id: string): PracticeFolder | undefined {
    return this.#folders.get(id);
  }

  wellKnown(id: string): PracticeFolder | undefined {
    return this.folders.find((folder) => folder.wellKnown === id);
  }

  /** Makes a folder below another one, at the top where none is named. */
  addFolder(
    name: string,
    more: {
      readonly parent?: string;
      readonly folderClass?: string;
      readonly hidden?: boolean;
      readonly search?: boolean;
    } = {},
  ): PracticeFolder {
    const parent = more.parent ?? this.wellKnown('msgfolderroot')?.id ?? '';
    return this.#newFolder({ folderClass: 'IPF.Note', ...more, name, parent, wellKnown: undefined });
  }

  renameFolder(id: string, name: string): void {
    const folder = this.#folders.get(id);
    if (folder !== undefined) folder.name = name;
  }

  removeFolder(id: string): void {
    this.#folders.delete(id);
    for (const item of this.items(id)) this.#items.delete(item.id);
  }

  items(folder: string): readonly PracticeItem[] {
    return [...this.#items.values()].filter((item) => item.folder === folder);
  }

  item(id: string): PracticeItem | undefined {
    return this.#items.get(id);
  }

  addItem(folder: string, item: NewItem): PracticeItem {
    const searchKey = createHash('md5')
      .update(`${this.address} ${String(this.#ids)}`)
      .digest('base64');
    return this.#put(folder, { ...item, searchKey, size: sizeOf(item) });
  }

  /** Adds a contact, an event, a task, a note or a list to one of the folders that Exchange makes by itself. */
  addContent(
    content: PracticeContent,
    more: { readonly itemClass: string; readonly created: Date; readonly folder?: string; readonly problem?: string },
  ): PracticeItem {
    const { itemClass, created, problem } = more;
    const folder = more.folder ?? this.wellKnown(folderFor(itemClass))?.id ?? '';
    return this.addItem(folder, { content, itemClass, received: created, mime: noMime, problem });
  }

  /** As Exchange has it: another id, the same search key. */
  copyItem(id: string, folder: string): PracticeItem | undefined {
    const item = this.#items.get(id);
    return item === undefined ? undefined : this.#put(folder, item);
  }

  /** As Exchange has it: another id in the other folder, the same search key. */
  moveItem(id: string, folder: string): PracticeItem | undefined {
    const item = this.#items.get(id);
    if (item === undefined) return undefined;
    this.removeItem(id);
    return this.#put(folder, item);
  }

  removeItem(id: string): void {
    const item = this.#items.get(id);
    if (item === undefined) return;
    this.#items.delete(id);
    const trace = this.#traces.get(item.folder)?.get(id);
    if (trace === undefined) return;
    this.#clock += 1;
    trace.gone = true;
    trace.changed = this.#clock;
  }

  changeItem(id: string, change: Partial<NewItem>): void {
    const item = this.#items.get(id);
    const trace = item === undefined ? undefined : this.#traces.get(item.folder)?.get(id);
    if (item === undefined || trace === undefined) return;
    this.#clock += 1;
    const isReadOnly = Object.keys(change).every((name) => name === 'read');
    if (!isReadOnly) trace.readOnlySince = null;
    else trace.readOnlySince ??= trace.changed;
    trace.changed = this.#clock;
    const isOther = change.mime !== undefined || change.content !== undefined;
    const size = isOther ? sizeOf({ ...item, ...change }) : item.size;
    this.#items.set(id, { ...item, ...change, size, changed: this.#clock });
  }

  /** What happened in a folder after a moment, oldest first; null: that moment lies in no past of this folder. */
  changes(folder: string, since: number, most: number): Changes | null {
    if (since > this.#clock) return null;
    const traces = [...(this.#traces.get(folder) ?? [])]
      .filter(([, trace]) => trace.changed > since && !(trace.gone && trace.created > since))
      .sort(([, a], [, b]) => a.changed - b.changed);
    const page = traces.slice(0, most);
    return {
      until: traces.length > most ? (page.at(-1)?.[1].changed ?? since) : this.#clock,
      last: traces.length <= most,
      changes: page.map(([id, trace]) => ({ id, kind: kindOf(trace, since), item: this.#items.get(id) })),
    };
  }

  #put(folder: string, item: NewItem & Pick<PracticeItem, 'searchKey' | 'size'>): PracticeItem {
    this.#clock += 1;
    const placed: PracticeItem = {
      ...item,
      id: this.#newId('item'),
      folder,
      number: this.#clock,
      changed: this.#clock,
    };
    this.#items.set(placed.id, placed);
    const traces = this.#traces.get(folder) ?? new Map<string, Trace>();
    this.#traces.set(folder, traces);
    traces.set(placed.id, { created: this.#clock, changed: this.#clock, readOnlySince: null, gone: false });
    return placed;
  }

  #newFolder(
    folder: Omit<PracticeFolder, 'id' | 'hidden' | 'search'> & Partial<Pick<PracticeFolder, 'hidden' | 'search'>>,
  ): PracticeFolder {
    const made: PracticeFolder = { hidden: false, search: false, ...folder, id: this.#newId('folder') };
    this.#folders.set(made.id, made);
    return made;
  }

  /** Long and alike, as the ids of Exchange are; they differ in upper and lower case alone. */
  #newId(what: string): string {
    this.#ids += 1;
    const mailbox = createHash('sha512').update(this.address).digest();
    const own = createHash('sha1')
      .update(`${this.address} ${what} ${String(this.#ids)}`)
      .digest();
    return Buffer.concat([mailbox, own]).toString('base64');
  }
}

export interface Changes {
  /** The moment from which to ask next. */
  readonly until: number;
  readonly last: boolean;
  readonly changes: readonly {
    readonly id: string;
    readonly kind: 'Create' | 'Update' | 'Delete' | 'ReadFlagChange';
    readonly item: PracticeItem | undefined;
  }[];
}

const noMime = (): Buffer => Buffer.alloc(0);

function sizeOf({ content, mime }: Pick<NewItem, 'content' | 'mime'>): number {
  if (content === undefined) return mime().length;
  const attachments = (content.attachments ?? []).reduce((sum, attachment) => sum + attachment.content.length, 0);
  return content.fields.reduce((sum, { xml }) => sum + Buffer.byteLength(xml), attachments);
}

function folderFor(itemClass: string): string {
  if (/^IPM\.(?:Contact|DistList)/.test(itemClass)) return 'contacts';
  if (itemClass.startsWith('IPM.Appointment')) return 'calendar';
  return itemClass.startsWith('IPM.Task') ? 'tasks' : 'notes';
}

function kindOf(trace: Trace, since: number): Changes['changes'][number]['kind'] {
  if (trace.gone) return 'Delete';
  if (trace.created > since) return 'Create';
  return trace.readOnlySince !== null && trace.readOnlySince <= since ? 'ReadFlagChange' : 'Update';
}
