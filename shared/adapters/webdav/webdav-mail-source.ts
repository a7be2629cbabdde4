import type { ExchangeServer } from '../../domain/endpoint.ts';
import { ConflictError, MailboxBlockedError } from '../../domain/errors.ts';
import type { FolderState, ItemListing, SourceFolder } from '../../domain/mail.ts';
import { exchangeMapsPrefix } from '../../domain/pair.ts';
import type {
  FolderChanges,
  ItemSink,
  LeftOutFolder,
  MailboxCredentials,
  MailSource,
  SourceMailbox,
  UnreadableItem,
} from '../../ports/mail-source.ts';
import type { EwsSourceServices } from '../ews/ews-mail-source.ts';
import type { ItemMap } from '../ews/item-map.ts';
import { ItemMapStore } from '../ews/item-map-store.ts';
import { KeptMaps } from '../ews/kept-maps.ts';
import { at } from '../exchange-http/connection-errors.ts';
import { davFolders, sorted, type DavFolder } from './dav-folders.ts';
import { syncDavItems } from './dav-items.ts';
import { openDavMailbox, type DavMailbox } from './dav-mailbox.ts';
import { readDavMime } from './dav-mime.ts';

/** Mail of an Exchange 2003 by WebDAV. Experimental: no such server was at hand to try it with. */
export function webdavMailSource(server: ExchangeServer, services: EwsSourceServices): MailSource {
  return {
    async open(mailbox: MailboxCredentials, signal: AbortSignal): Promise<SourceMailbox> {
      if (mailbox.userRoot !== undefined) {
        const message = 'The row names a UserRoot, which only IMAP knows; leave the column empty.';
        throw new MailboxBlockedError({ code: 'USER_ROOT_UNSUPPORTED', message });
      }
      const opened = await openDavMailbox(services, server, { mailbox, signal });
      const { emailAddress } = mailbox;
      const { objects, log } = services;
      const maps = new ItemMapStore({ objects, prefix: exchangeMapsPrefix(emailAddress), log });
      return new WebdavSourceMailbox(opened, { emailAddress, maps });
    },
  };
}

/** One source mailbox over one connection. Nothing it asks for changes anything. */
class WebdavSourceMailbox implements SourceMailbox {
  readonly identity: string;
  readonly description: string;
  readonly stableOctets = false;
  readonly #mailbox: DavMailbox;
  readonly #maps: ItemMapStore;
  readonly #kept: KeptMaps;
  /** As of the last look at them; a folder that is not among them is looked for once more. */
  #folders: ReadonlyMap<string, DavFolder> | undefined;
  /** Looks at folders go one after the other: each may go on with the same map. */
  #last: Promise<unknown> = Promise.resolve();
  /** A page is read by several requests: those of the next one must not come between. */
  #lastReading: Promise<unknown> = Promise.resolve();

  constructor(mailbox: DavMailbox, about: { readonly emailAddress: string; readonly maps: ItemMapStore }) {
    this.#mailbox = mailbox;
    this.#maps = about.maps;
    this.#kept = new KeptMaps(about.maps);
    const { host, version = 'of an unknown version' } = mailbox.connection;
    this.identity = `exchange://${host.toLowerCase()}/${about.emailAddress.toLowerCase()}`;
    this.description = `Exchange ${version} at ${host} (WebDAV)`;
  }

  listFolders(): Promise<{ readonly folders: readonly SourceFolder[]; readonly leftOut: readonly LeftOutFolder[] }> {
    return this.#inTurn(async () => sorted(this.#mailbox, [...(await this.#lookAtFolders()).values()]));
  }

  folderStates(folders: readonly SourceFolder[]): Promise<readonly (FolderState | 'missing')[]> {
    return this.#inTurn(async () => {
      await this.#lookAtFolders();
      const states: (FolderState | 'missing')[] = [];
      for (const folder of folders) {
        const found = await this.#found(folder);
        const { connection } = this.#mailbox;
        const map = found === undefined ? 'missing' : await syncDavItems(connection, this.#maps, found);
        if (map !== 'missing') this.#kept.keep(map);
        states.push(map === 'missing' ? 'missing' : map.state());
      }
      return states;
    });
  }

  listItems(
    folder: SourceFolder,
    range: { readonly uidValidity: number; readonly from: number; readonly to: number },
  ): Promise<readonly ItemListing[]> {
    return this.#inTurn(async () => (await this.#mapOf(folder, range.uidValidity)).list(range.from, range.to));
  }

  changesSince(folder: SourceFolder, known: FolderState): Promise<FolderChanges> {
    return this.#inTurn(async () => (await this.#mapOf(folder, known.uidValidity)).changesSince(known));
  }

  readItems(
    folder: SourceFolder,
    request: { readonly uidValidity: number; readonly uids: readonly number[]; readonly headersOnly?: boolean },
    sink: ItemSink,
  ): Promise<{ readonly unreadable: readonly UnreadableItem[] }> {
    const { uidValidity, uids, headersOnly = false } = request;
    const reading = this.#lastReading.then(async () => {
      const { map, found } = await this.#inTurn(async () => {
        return { map: await this.#mapOf(folder, uidValidity), found: await this.#found(folder) };
      });
      if (found === undefined) throw this.#changed();
      const asked = { folder: found, map, items: map.facts(uids), headersOnly };
      return { unreadable: await readDavMime(this.#mailbox, asked, sink) };
    });
    this.#lastReading = reading.catch(() => undefined);
    return reading;
  }

  close(): Promise<void> {
    this.#mailbox.connection.close();
    return Promise.resolve();
  }

  /** Undefined: there is no such folder, or it is one of another protocol, by which the mailbox was copied before. */
  async #found({ mailboxId }: SourceFolder): Promise<DavFolder | undefined> {
    if (mailboxId === undefined) return undefined;
    return this.#folders?.get(mailboxId) ?? (await this.#lookAtFolders()).get(mailboxId);
  }

  async #lookAtFolders(): Promise<ReadonlyMap<string, DavFolder>> {
    const found = await davFolders(this.#mailbox);
    this.#folders = new Map(found.map((folder) => [folder.id, folder]));
    return this.#folders;
  }

  /** As of the last look at the folder's state, in this slice or an earlier one. */
  async #mapOf({ mailboxId }: SourceFolder, uidValidity: number): Promise<ItemMap> {
    const map = mailboxId === undefined ? undefined : await this.#kept.get(mailboxId, uidValidity);
    if (map === undefined) throw this.#changed();
    return map;
  }

  #changed(): ConflictError {
    const message = at(this.#mailbox.connection.host, 'a folder is not the one that it was.');
    return new ConflictError({ code: 'FOLDER_CHANGED', message });
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(work, work);
    this.#last = turn.catch(() => undefined);
    return turn;
  }
}
