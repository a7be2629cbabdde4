import type { ExchangeServer } from '../../domain/endpoint.ts';
import type { FolderState, SourceFolder } from '../../domain/mail.ts';
import type { ItemSink, MailSource, SourceMailbox, UnreadableItem } from '../../ports/mail-source.ts';
import type { FolderList } from '../exchange-http/exchange-folders.ts';
import { exchangeMailSource, type ExchangeSourceServices } from '../exchange-http/exchange-mail-source.ts';
import type { ItemMapStore } from '../item-map/item-map-store.ts';
import { MappedMailbox } from '../item-map/mapped-mailbox.ts';
import { davFolders, sorted, type DavFolder } from './dav-folders.ts';
import { syncDavItems } from './dav-items.ts';
import { openDavMailbox, type DavMailbox } from './dav-mailbox.ts';
import { readDavMime } from './dav-mime.ts';

/** Mail of an Exchange 2003 by WebDAV. Experimental: no such server was at hand to try it with. */
export function webdavMailSource(server: ExchangeServer, services: ExchangeSourceServices): MailSource {
  return exchangeMailSource(services, async (request, maps) => {
    const opened = await openDavMailbox(services, server, request);
    return new WebdavSourceMailbox(opened, { emailAddress: request.mailbox.emailAddress, maps });
  });
}

/** One source mailbox over one connection. Nothing it asks for changes anything. */
class WebdavSourceMailbox extends MappedMailbox implements SourceMailbox {
  readonly description: string;
  readonly #mailbox: DavMailbox;
  /** As of the last look at them; a folder that is not among them is looked for once more. */
  #folders: ReadonlyMap<string, DavFolder> | undefined;

  constructor(mailbox: DavMailbox, about: { readonly emailAddress: string; readonly maps: ItemMapStore }) {
    const { host, version = 'of an unknown version' } = mailbox.connection;
    super({ host, ...about });
    this.#mailbox = mailbox;
    this.description = `Exchange ${version} at ${host} (WebDAV)`;
  }

  listFolders(): Promise<FolderList> {
    return this.inTurn(async () => sorted(this.#mailbox, [...(await this.#lookAtFolders()).values()]));
  }

  async folderStates(folders: readonly SourceFolder[]): Promise<readonly (FolderState | 'missing')[]> {
    await this.inTurn(() => this.#lookAtFolders());
    return this.states(folders, async (folder) => {
      const found = await this.#found(folder);
      return found === undefined ? 'missing' : syncDavItems(this.#mailbox.connection, this.maps, found);
    });
  }

  readItems(
    folder: SourceFolder,
    request: { readonly uidValidity: number; readonly uids: readonly number[]; readonly headersOnly?: boolean },
    sink: ItemSink,
  ): Promise<{ readonly unreadable: readonly UnreadableItem[] }> {
    const { uidValidity, uids, headersOnly = false } = request;
    return this.read(
      async () => ({ map: await this.mapOf(folder, uidValidity), found: await this.#found(folder) }),
      async ({ map, found }) => {
        if (found === undefined) throw this.changed();
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
