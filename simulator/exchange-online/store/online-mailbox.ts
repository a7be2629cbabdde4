import { createHash } from 'node:crypto';
import type { Clock } from '../../../shared/ports/clock.ts';
import { GraphFailure, itemNotFound } from '../graph-failure.ts';
import type { JsonObject } from '../json-object.ts';
import { wellKnownFolders, type FolderKind, type OnlineFolder } from './online-folder.ts';
import { occurrenceName, occurrenceOn } from './occurrences.ts';
import { sizeOf, type ItemChange, type ItemKind, type NewItem, type OnlineItem } from './online-item.ts';

/** What happened to an item, for delta queries. */
export interface Change {
  readonly at: number;
  readonly folder: string;
  readonly item: OnlineItem;
  readonly removed: boolean;
}

export interface MailboxOptions {
  readonly address: string;
  readonly clock: Clock;
  /** Octets; without it there is no limit. */
  readonly quota?: number | undefined;
  /** Octets of a message with what is attached (MaxReceiveSize); 36 MB by default, 150 MB at most. */
  readonly largestMessage?: number | undefined;
}

const usualMessage = 36 * 1024 * 1024;

/** A mailbox of Exchange Online: folders, items, and everything that happened to them. */
export class OnlineMailbox {
  readonly address: string;
  /** `MBX:<guid>@<tenant>` without the tenant. */
  readonly guid: string;
  quota: number | undefined;
  largestMessage: number;
  settings: JsonObject = {};
  /** transactionIds of events that were created, with the event's immutable id; they stay taken. */
  readonly transactions = new Map<string, string>();
  readonly #clock: Clock;
  readonly #folders = new Map<string, OnlineFolder>();
  readonly #items = new Map<string, OnlineItem>();
  readonly #changes: Change[] = [];
  #ids = 0;
  #change = 0;

  constructor({ address, clock, quota, largestMessage = usualMessage }: MailboxOptions) {
    this.address = address;
    this.quota = quota;
    this.largestMessage = largestMessage;
    this.#clock = clock;
    const hash = createHash('sha256').update(address).digest('hex');
    this.guid = [hash.slice(0, 8), hash.slice(8, 12), hash.slice(12, 16), hash.slice(16, 20), hash.slice(20, 32)].join(
      '-',
    );
    const root = this.#newFolder({
      kind: 'mail',
      name: 'Top of Information Store',
      parent: '',
      folderClass: 'IPF',
      wellKnown: 'msgfolderroot',
    });
    for (const [wellKnown, name, kind, folderClass] of wellKnownFolders)
      this.#newFolder({ kind, name, parent: root.id, folderClass, wellKnown });
    // Of attachments that lie in OneDrive: nobody sees it.
    const files = { name: 'Files', folderClass: 'IPF.Files', wellKnown: undefined };
    this.#newFolder({ ...files, kind: 'mail', parent: root.id, hidden: true });
  }

  get root(): OnlineFolder {
    return this.folder('msgfolderroot');
  }

  get folders(): readonly OnlineFolder[] {
    return [...this.#folders.values()];
  }

  /** By id or well-known name; 404 where there is none. */
  folder(idOrName: string, kind?: FolderKind): OnlineFolder {
    const known = idOrName.toLowerCase();
    const folder = this.#folders.get(idOrName) ?? this.folders.find(({ wellKnown }) => wellKnown === known);
    if (folder === undefined || (kind !== undefined && folder.kind !== kind))
      throw itemNotFound('The specified folder could not be found in the store.');
    return folder;
  }

  childrenOf(parent: string, kind?: FolderKind): readonly OnlineFolder[] {
    return this.folders.filter((folder) => folder.parent === parent && (kind === undefined || folder.kind === kind));
  }

  /** 409 ErrorFolderExists where a folder of that name, in whatever letters, is there already. */
  addFolder(folder: {
    readonly name: string;
    readonly kind: FolderKind;
    readonly parent?: string | undefined;
    /** That of the kind by default. */
    readonly folderClass?: string | undefined;
    readonly hidden?: boolean | undefined;
  }): OnlineFolder {
    const parent = folder.parent ?? this.root.id;
    // Lists of tasks may share a name.
    if (folder.kind !== 'tasks') demandFree(folder.name, this.childrenOf(parent, folder.kind));
    const folderClass = folder.folderClass ?? classOf(folder.kind);
    return this.#newFolder({ ...folder, folderClass, parent, wellKnown: undefined });
  }

  /** 409 as at addFolder. */
  renameFolder(folder: OnlineFolder, name: string): void {
    const siblings = this.childrenOf(folder.parent, folder.kind).filter((other) => other !== folder);
    demandFree(name, siblings);
    folder.name = name;
  }

  removeFolder(id: string): void {
    for (const child of this.childrenOf(id)) this.removeFolder(child.id);
    for (const item of this.items(id)) this.removeItem(item);
    this.#folders.delete(id);
  }

  /** In the order of their creation. */
  items(folder?: string, kind?: ItemKind): readonly OnlineItem[] {
    return [...this.#items.values()].filter(
      (item) => (folder === undefined || item.folder === folder) && (kind === undefined || item.kind === kind),
    );
  }

  /** By its id or its immutable one; 404 where there is none. */
  item(id: string, kind?: ItemKind): OnlineItem {
    const item =
      this.#occurrence(id) ?? this.#items.get(id) ?? [...this.#items.values()].find((candidate) => candidate.id === id);
    if (item === undefined || (kind !== undefined && item.kind !== kind)) throw itemNotFound();
    return item;
  }

  addItem(made: NewItem): OnlineItem {
    const item: OnlineItem = {
      single: new Map(),
      multiple: new Map(),
      attachments: [],
      ...made,
      immutableId: this.newId('AAkALg'),
      id: this.newId('AAMkAD'),
      created: this.#clock.now(),
      modified: this.#clock.now(),
      change: 0,
      exceptions: new Map(),
    };
    this.demand(sizeOf(item));
    this.#items.set(item.immutableId, item);
    this.#note(item, false);
    return item;
  }

  /** Puts what is named in the place of what was, and leaves the rest. */
  changeItem(item: OnlineItem, { properties, single, multiple }: ItemChange): void {
    item.properties = { ...item.properties, ...properties };
    for (const [id, value] of single ?? []) item.single.set(id, value);
    for (const [id, values] of multiple ?? []) item.multiple.set(id, values);
    this.touch(item);
  }

  /** An item was changed; an occurrence of a series is an exception from now on. */
  touch(item: OnlineItem): void {
    item.modified = this.#clock.now();
    if (item.occurrence !== undefined) {
      item.occurrence.series.exceptions.set(item.occurrence.day, item);
      this.touch(item.occurrence.series);
      return;
    }
    this.#note(item, false);
  }

  /** The same item under another id; its immutable id stays. */
  moveItem(item: OnlineItem, folder: string): void {
    this.#note(item, true);
    item.folder = folder;
    item.id = this.newId('AAMkAD');
    this.touch(item);
  }

  removeItem(item: OnlineItem): void {
    if (item.occurrence !== undefined) {
      item.occurrence.series.exceptions.set(item.occurrence.day, null);
      this.touch(item.occurrence.series);
      return;
    }
    this.#items.delete(item.immutableId);
    this.#note(item, true);
  }

  /** Newest state of each item that changed in a folder after a moment, oldest first. */
  changesOf(folder: string, since: number): readonly Change[] {
    const latest = new Map<string, Change>();
    for (const change of this.#changes) {
      if (change.folder !== folder || change.at <= since) continue;
      latest.delete(change.item.immutableId);
      latest.set(change.item.immutableId, change);
    }
    return [...latest.values()];
  }

  get latestChange(): number {
    return this.#change;
  }

  get size(): number {
    return this.items().reduce((sum, item) => sum + sizeOf(item), 0);
  }

  /** 507 where so many octets more would not fit. */
  demand(octets: number): void {
    if (this.quota !== undefined && this.size + octets > this.quota)
      throw new GraphFailure({
        status: 507,
        code: 'ErrorQuotaExceeded',
        message: 'The mailbox has exceeded its quota.',
      });
  }

  /** 413 where a message would be too large with so many octets more. */
  demandMessage(item: OnlineItem, octets: number): void {
    if (sizeOf(item) + octets > this.largestMessage)
      throw new GraphFailure({
        status: 413,
        code: 'ErrorMessageSizeExceeded',
        message: 'The message exceeds the maximum supported size.',
      });
  }

  /** Long and alike, as the service's own are: they differ late, and in upper and lower case alone. */
  newId(prefix: string): string {
    this.#ids += 1;
    const mailbox = createHash('sha512').update(this.address).digest();
    const own = createHash('sha1')
      .update(`${this.address} ${String(this.#ids)}`)
      .digest();
    return `${prefix}${Buffer.concat([mailbox, own]).toString('base64url')}=`;
  }

  #occurrence(id: string): OnlineItem | undefined {
    const { series, day } = occurrenceName(id);
    return day === undefined ? undefined : occurrenceOn(this.item(series, 'event'), day);
  }

  #note(item: OnlineItem, removed: boolean): void {
    this.#change += 1;
    if (!removed) item.change = this.#change;
    this.#changes.push({ at: this.#change, folder: item.folder, item, removed });
  }

  #newFolder(
    folder: Pick<OnlineFolder, 'kind' | 'name' | 'parent' | 'folderClass' | 'wellKnown'> & {
      readonly hidden?: boolean | undefined;
    },
  ): OnlineFolder {
    const { hidden = false, ...rest } = folder;
    const made = { ...rest, hidden, id: this.newId('AAMkFd'), importId: this.newId('AAQkIm'), properties: {} };
    this.#folders.set(made.id, made);
    return made;
  }
}

function demandFree(name: string, siblings: readonly OnlineFolder[]): void {
  if (siblings.some((other) => other.name.toLowerCase() === name.toLowerCase()))
    throw new GraphFailure({
      status: 409,
      code: 'ErrorFolderExists',
      message: 'A folder with the specified name already exists.',
    });
}

function classOf(kind: FolderKind): string {
  const classes = {
    mail: 'IPF.Note',
    contacts: 'IPF.Contact',
    calendar: 'IPF.Appointment',
    tasks: 'IPF.Task',
    notes: 'IPF.StickyNote',
  };
  return classes[kind];
}
