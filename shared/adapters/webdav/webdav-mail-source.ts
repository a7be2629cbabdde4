import type { ExchangeServer } from '../../domain/endpoint.ts';
import { MailboxBlockedError } from '../../domain/errors.ts';
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
import { ItemMapStore } from '../item-map/item-map-store.ts';
import { MappedFolders } from '../item-map/mapped-folders.ts';
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
  readonly #mapped: MappedFolders;
  /** As of the last look at them; a folder that is not among them is looked for once more. */
  #folders: ReadonlyMap<string, DavFolder> | undefined;

  constructor(mailbox: DavMailbox, about: { readonly emailAddress: string; readonly maps: ItemMapStore }) {
    this.#mailbox = mailbox;
    this.#maps = about.maps;
    const { host, version = 'of an unknown version' } = mailbox.connection;
    this.#mapped = new MappedFolders(host, about.maps);
    this.identity = `exchange://${host.toLowerCase()}/${about.emailAddress.toLowerCase()}`;
    this.description = `Exchange ${version} at ${host} (WebDAV)`;
  }

  listFolders(): Promise<{ readonly folders: readonly SourceFolder[]; readonly leftOut: readonly LeftOutFolder[] }> {
    return this.#mapped.inTurn(async () => sorted(this.#mailbox, [...(await this.#lookAtFolders()).values()]));
  }

  async folderStates(folders: readonly SourceFolder[]): Promise<readonly (FolderState | 'missing')[]> {
    await this.#mapped.inTurn(() => this.#lookAtFolders());
    return this.#mapped.states(folders, async (folder) => {
      const found = await this.#found(folder);
      return found === undefined ? 'missing' : syncDavItems(this.#mailbox.connection, this.#maps, found);
    });
  }

  listItems(
    folder: SourceFolder,
    range: { readonly uidValidity: number; readonly from: number; readonly to: number },
  ): Promise<readonly ItemListing[]> {
    return this.#mapped.list(folder, range);
  }

  changesSince(folder: SourceFolder, known: FolderState): Promise<FolderChanges> {
    return this.#mapped.changesSince(folder, known);
  }

  readItems(
    folder: SourceFolder,
    request: { readonly uidValidity: number; readonly uids: readonly number[]; readonly headersOnly?: boolean },
    sink: ItemSink,
  ): Promise<{ readonly unreadable: readonly UnreadableItem[] }> {
    const { uidValidity, uids, headersOnly = false } = request;
    return this.#mapped.read(
      async () => ({ map: await this.#mapped.mapOf(folder, uidValidity), found: await this.#found(folder) }),
      async ({ map, found }) => {
        if (found === undefined) throw this.#mapped.changed();
        const asked = { folder: found, map, items: map.facts(uids), headersOnly };
        return { unreadable: await readDavMime(this.#mailbox, asked, sink) };
      },
    );
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
}
