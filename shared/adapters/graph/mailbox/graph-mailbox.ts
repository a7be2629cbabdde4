import { randomBytes } from 'node:crypto';
import { SegmentStore } from '../../item-map/segment-store.ts';
import type { FolderState, ItemListing, TargetProfile } from '../../../domain/mail.ts';
import type { Logger } from '../../../ports/logger.ts';
import type { ItemSink } from '../../../ports/mail-source.ts';
import type {
  FolderCreation,
  NamingRules,
  PageWriter,
  TargetFolder,
  TargetMailbox,
} from '../../../ports/mail-target.ts';
import type { ObjectStore } from '../../../ports/object-store.ts';
import type { GraphClient } from '../graph-client.ts';
import type { ItemClass } from '../../../domain/items/item-class.ts';
import {
  classOfId,
  createClassFolders,
  entityClasses,
  itemsPath,
  listClassFolders,
  renameClassFolder,
} from './class-folders.ts';
import { EntityCollection, isUnavailable } from './entity-collection.ts';
import { entityKind, type EntityClass } from './entity-kinds.ts';
import type { ItemCollection } from './item-collection.ts';
import { FolderItems } from './folder-items.ts';
import { GraphPageWriter } from './graph-page-writer.ts';
import type { NewItem } from './uid-map.ts';
import { UidMap, UidSegment } from './uid-map.ts';
import { countItems, createMailFolder, folderKey, listMailFolders, renameMailFolder } from './mail-folders.ts';
import { FirstItem, MessageCollection } from './message-collection.ts';
import { Imports, type ImportsServices } from './fasttransfer/imports.ts';
import { waitingRoom } from './fasttransfer/mail-import.ts';
import { mostMessageLimit, usualMessageLimit } from '../message-limits.ts';
import { reservedFolders } from '../reserved-folders.ts';
import { openSessions } from './open-sessions.ts';
import { WritingRoom } from './writing-room.ts';

export interface GraphMailboxServices {
  readonly client: GraphClient;
  readonly objects: Pick<ObjectStore, 'create' | 'get'>;
  readonly log?: Logger | undefined;
  /** Id of the user whose mailbox it is. */
  readonly user: string;
  /** Names the mailbox for good. */
  readonly identity: string;
  readonly mapsPrefix: string;
  readonly now: () => number;
  /** Whether what the source exports may be imported. */
  readonly mayImport: boolean;
  /** Gives up what is on its way. */
  readonly abort: () => void;
}

/** One mailbox of Exchange Online, written by Graph. */
export class GraphMailbox implements TargetMailbox {
  readonly identity: string;
  readonly takeExports: (() => Promise<readonly ItemClass[]>) | undefined;
  readonly naming: NamingRules = { separator: null, prefix: '', caseInsensitive: true, reserved: reservedFolders };
  readonly #services: GraphMailboxServices;
  readonly #maps: SegmentStore<UidSegment, UidMap>;
  readonly #session = randomBytes(8).toString('hex');
  readonly #room = new WritingRoom();
  readonly #firstItem = new FirstItem();
  readonly #folders = new Map<string, FolderItems>();
  readonly #profile: TargetProfile;
  #imports: Imports | undefined;

  private constructor(services: GraphMailboxServices, classes: readonly EntityClass[]) {
    this.#services = services;
    this.takeExports = services.mayImport ? () => this.#takeExports() : undefined;
    this.#profile = {
      sameness: 'fingerprint',
      dates: true,
      multiAppend: false,
      nonSyncLiterals: false,
      uidPlus: true,
      condStore: false,
      keywords: false,
      appendLimit: usualMessageLimit,
      mostAppendLimit: mostMessageLimit,
      marksDeleted: false,
      classes,
    };
    const { objects, log, identity, mapsPrefix } = services;
    this.identity = identity;
    this.#maps = new SegmentStore({
      objects,
      log,
      prefix: mapsPrefix,
      schema: UidSegment,
      newMap: (folder) => new UidMap(folder),
    });
    openSessions.begin(this.#session);
  }

  /** Rejects where the mailbox is not there, or may not be written to. */
  static async open(services: GraphMailboxServices): Promise<GraphMailbox> {
    await countItems(services, ['inbox']);
    const classes: EntityClass[] = [];
    for (const itemClass of entityClasses) {
      // Rights are given for each class: what the application may not write is left out and listed.
      if ((await classFoldersOf(services, itemClass)) !== undefined) classes.push(itemClass);
    }
    const mailbox = new GraphMailbox(services, classes);
    mailbox.#imports = await Imports.before(mailbox.#importing());
    return mailbox;
  }

  get description(): string {
    return `Exchange Online at ${this.#services.client.host} (${this.#imports?.description ?? 'Graph'})`;
  }

  get profile(): TargetProfile {
    if (this.#imports?.mail === undefined) return this.#profile;
    // The MIME is judged when it is written: in front of it is its stream, of about the same size and in base64.
    return { ...this.#profile, appendLimit: 3 * usualMessageLimit, mostAppendLimit: 3 * mostMessageLimit };
  }

  async #takeExports(): Promise<readonly ItemClass[]> {
    this.#imports = (await Imports.open(this.#importing())) ?? this.#imports;
    return this.#imports?.classes ?? [];
  }

  #importing(): ImportsServices {
    return { ...this.#services, session: this.#session };
  }

  async listFolders(): Promise<readonly TargetFolder[]> {
    const classes = (this.profile.classes ?? []).filter((itemClass) => itemClass !== 'mail');
    const lists = await Promise.all([
      listMailFolders(this.#services),
      ...classes.map((itemClass) => listClassFolders(this.#services, itemClass)),
    ]);
    return lists.flat().filter(({ path }) => path[0] !== waitingRoom);
  }

  async createFolders(
    paths: readonly (readonly string[])[],
    itemClass: ItemClass = 'mail',
  ): Promise<readonly FolderCreation[]> {
    if (itemClass !== 'mail') return createClassFolders(this.#services, itemClass, paths);
    const known = new Map((await listMailFolders(this.#services)).map((folder) => [folderKey(folder.path), folder]));
    const creations: FolderCreation[] = [];
    // One behind the other: children need their parents.
    for (const path of paths) {
      const creation = await createMailFolder(this.#services, path, known);
      if (creation.outcome !== 'refused') known.set(folderKey(path), creation.folder);
      creations.push(creation);
    }
    return creations;
  }

  async renameFolder(from: TargetFolder, to: readonly string[]): Promise<TargetFolder> {
    if (classOfId(from.id) !== undefined) return renameClassFolder(this.#services, from, to);
    const isMoved = folderKey(from.path.slice(0, -1)) !== folderKey(to.slice(0, -1));
    if (!isMoved) return renameMailFolder(this.#services, from, { path: to, parent: undefined, isMoved });
    const parentPath = to.slice(0, -1);
    if (parentPath.length === 0)
      return renameMailFolder(this.#services, from, { path: to, parent: undefined, isMoved });
    const [parent] = await this.createFolders([parentPath]);
    const id = parent === undefined || parent.outcome === 'refused' ? undefined : parent.folder.id;
    return renameMailFolder(this.#services, from, { path: to, parent: id, isMoved });
  }

  async folderStates(folders: readonly TargetFolder[]): Promise<readonly (FolderState | 'missing')[]> {
    const mail = folders.filter(({ id }) => classOfId(id) === undefined);
    const counted = await countItems(
      this.#services,
      mail.map(({ id }) => id),
    );
    const counts = new Map<string, number | 'missing' | undefined>(mail.map(({ id }, at) => [id, counted[at]]));
    for (const id of await this.#presentOf(folders)) counts.set(id, undefined);
    return Promise.all(
      folders.map(async (folder) => {
        const messages = counts.has(folder.id) ? counts.get(folder.id) : 'missing';
        return messages === 'missing' ? messages : await this.#itemsOf(folder).state(messages);
      }),
    );
  }

  /** Ids of those that are there among folders of other classes than mail: Graph does not count what is in them. */
  async #presentOf(folders: readonly TargetFolder[]): Promise<readonly string[]> {
    const classes = new Set(folders.flatMap(({ id }) => classOfId(id)?.itemClass ?? []));
    const lists = await Promise.all([...classes].map((itemClass) => classFoldersOf(this.#services, itemClass)));
    return lists.flatMap((list) => (list ?? []).map(({ id }) => id));
  }

  beginPage(folder: TargetFolder): PageWriter {
    return new GraphPageWriter(this.#itemsOf(folder), this.#room);
  }

  async listItems(
    folder: TargetFolder,
    range: { readonly from: number; readonly to?: number | undefined },
  ): Promise<readonly ItemListing[]> {
    if (range.to !== undefined && range.to < range.from) return [];
    return this.#itemsOf(folder).list(range.from, range.to);
  }

  async readItems(
    folder: TargetFolder,
    request: { readonly uids: readonly number[]; readonly headersOnly?: boolean },
    sink: ItemSink,
  ): Promise<void> {
    const { uids, headersOnly = false } = request;
    const items = this.#itemsOf(folder);
    const named = await items.ids(uids);
    const uidOf = new Map(named.map(({ uid, id }) => [id, uid]));
    await items.collection.read([...uidOf.keys()], !headersOnly, async (id, octets) => {
      await sink.begin({ uid: uidOf.get(id) ?? 0, size: octets.length });
      await sink.chunk(octets);
      await sink.end();
    });
  }

  async changeFlags(
    folder: TargetFolder,
    changes: readonly { readonly uid: number; readonly add: readonly string[]; readonly remove: readonly string[] }[],
  ): Promise<void> {
    const items = this.#itemsOf(folder);
    const ids = new Map((await items.ids(changes.map(({ uid }) => uid))).map(({ uid, id }) => [uid, id]));
    await Promise.all(
      changes.map(async ({ uid, ...change }) => {
        const id = ids.get(uid);
        if (id !== undefined) await this.#room.write(() => items.collection.changeFlags(id, change));
      }),
    );
  }

  async moveItems(
    from: TargetFolder,
    to: TargetFolder,
    uids: readonly number[],
  ): Promise<readonly { readonly from: number; readonly to: number | undefined }[]> {
    const source = this.#itemsOf(from);
    const destination = this.#itemsOf(to);
    const { collection } = destination;
    if (collection.take === undefined) {
      const places = await destination.host(uids, source);
      return uids.map((uid, at) => ({ from: uid, to: places[at] }));
    }
    const named = await source.ids(uids);
    const moved = new Map<number, NewItem>();
    for (const { uid, id } of named) {
      const item = await collection.take(id);
      if (item !== undefined) moved.set(uid, { id: item.id, created: item.created, changeKey: item.changeKey });
    }
    await source.forget([...moved.values()].map(({ id }) => id));
    const { uids: places } = await destination.note([...moved.values()]);
    const placeOf = new Map([...moved.keys()].map((uid, at) => [uid, places[at]]));
    return uids.map((uid) => ({ from: uid, to: placeOf.get(uid) }));
  }

  async expunge(folder: TargetFolder, uids: readonly number[]): Promise<void> {
    const items = this.#itemsOf(folder);
    const named = await items.ids(uids);
    await Promise.all(named.map(({ id }) => this.#room.write(() => items.collection.remove(id))));
    await items.forget(named.map(({ id }) => id));
  }

  async close(): Promise<void> {
    openSessions.end(this.#session);
    try {
      await this.#imports?.close();
    } finally {
      this.#services.abort();
    }
  }

  #itemsOf({ id }: Pick<TargetFolder, 'id'>): FolderItems {
    const known = this.#folders.get(id);
    if (known !== undefined) return known;
    const items = new FolderItems(this.#collectionOf(id), {
      maps: this.#maps,
      sessions: openSessions,
      collectionOf: (folder) => this.#itemsOf({ id: folder }).collection,
      log: this.#services.log,
    });
    this.#folders.set(id, items);
    return items;
  }

  #collectionOf(id: string): ItemCollection {
    const { client, user, now } = this.#services;
    const session = this.#session;
    const place = classOfId(id);
    if (place === undefined) {
      const imports = this.#imports?.mail;
      return new MessageCollection(id, { client, user, session, firstItem: this.#firstItem, imports });
    }
    const { itemClass, folder } = place;
    const kind = entityKind(itemClass, { user, folder, now });
    const items = itemsPath(user, itemClass, folder);
    const collection = new EntityCollection(id, { client, session, kind, items });
    return this.#imports?.collection(collection, { id, itemClass }) ?? collection;
  }
}

/** Undefined: the application may not, or the mailbox has none. */
async function classFoldersOf(
  services: GraphMailboxServices,
  itemClass: EntityClass,
): Promise<readonly TargetFolder[] | undefined> {
  try {
    return await listClassFolders(services, itemClass);
  } catch (error) {
    if (isUnavailable(error)) return undefined;
    throw error;
  }
}
