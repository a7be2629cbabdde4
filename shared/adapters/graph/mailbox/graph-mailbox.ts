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
import { FolderItems } from './folder-items.ts';
import { GraphPageWriter } from './graph-page-writer.ts';
import type { NewItem } from './uid-map.ts';
import { UidMap, UidSegment } from './uid-map.ts';
import { countItems, createMailFolder, folderKey, listMailFolders, renameMailFolder } from './mail-folders.ts';
import { FirstItem, MessageCollection } from './message-collection.ts';
import { openSessions } from './open-sessions.ts';
import { WritingRoom } from './writing-room.ts';

/** Exchange Online takes 35 MB where its admin has not allowed more (up to 150 MB). */
const largestMessage = 35 * 1024 * 1024;

export interface GraphMailboxServices {
  readonly client: GraphClient;
  readonly objects: Pick<ObjectStore, 'create' | 'get'>;
  readonly log?: Logger | undefined;
  /** Id of the user whose mailbox it is. */
  readonly user: string;
  /** Names the mailbox for good. */
  readonly identity: string;
  readonly mapsPrefix: string;
  /** Gives up what is on its way. */
  readonly abort: () => void;
}

/** One mailbox of Exchange Online, written by Graph. */
export class GraphMailbox implements TargetMailbox {
  readonly identity: string;
  readonly description: string;
  readonly profile: TargetProfile = {
    sameness: 'fingerprint',
    dates: true,
    multiAppend: false,
    nonSyncLiterals: false,
    uidPlus: true,
    condStore: false,
    keywords: false,
    appendLimit: largestMessage,
  };
  readonly naming: NamingRules = { separator: null, prefix: '', caseInsensitive: true };
  readonly #services: GraphMailboxServices;
  readonly #maps: SegmentStore<UidSegment, UidMap>;
  readonly #session = randomBytes(8).toString('hex');
  readonly #room = new WritingRoom();
  readonly #firstItem = new FirstItem();
  readonly #folders = new Map<string, FolderItems>();

  private constructor(services: GraphMailboxServices) {
    this.#services = services;
    const { client, objects, log, identity, mapsPrefix } = services;
    this.identity = identity;
    this.description = `Exchange Online at ${client.host} (Graph)`;
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
    return new GraphMailbox(services);
  }

  listFolders(): Promise<readonly TargetFolder[]> {
    return listMailFolders(this.#services);
  }

  async createFolders(paths: readonly (readonly string[])[]): Promise<readonly FolderCreation[]> {
    const known = new Map((await this.listFolders()).map((folder) => [folderKey(folder.path), folder]));
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
    const counts = await countItems(
      this.#services,
      folders.map(({ id }) => id),
    );
    return Promise.all(
      folders.map(async (folder, at) => {
        const messages = counts[at] ?? 'missing';
        return messages === 'missing' ? messages : await this.#itemsOf(folder).state(messages);
      }),
    );
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
    const named = await source.ids(uids);
    const moved = new Map<number, NewItem>();
    for (const { uid, id } of named) {
      const item = await destination.collection.take(id);
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

  close(): Promise<void> {
    openSessions.end(this.#session);
    this.#services.abort();
    return Promise.resolve();
  }

  #itemsOf({ id }: TargetFolder): FolderItems {
    const known = this.#folders.get(id);
    if (known !== undefined) return known;
    const { client, user, log } = this.#services;
    const collection = new MessageCollection(id, { client, user, session: this.#session, firstItem: this.#firstItem });
    const items = new FolderItems(collection, { maps: this.#maps, sessions: openSessions, log });
    this.#folders.set(id, items);
    return items;
  }
}
