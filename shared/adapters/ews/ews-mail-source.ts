import type { ExchangeServer } from '../../domain/endpoint.ts';
import type { ItemClass } from '../../domain/items/item-class.ts';
import type { FolderState, SourceFolder } from '../../domain/mail.ts';
import type { ItemSink, MailSource, SourceMailbox, UnreadableItem } from '../../ports/mail-source.ts';
import type { FolderList } from '../exchange-http/exchange-folders.ts';
import { exchangeMailSource, type ExchangeSourceServices } from '../exchange-http/exchange-mail-source.ts';
import { versionText, type EwsConnection } from './ews-connection.ts';
import { listFolders } from './ews-folders.ts';
import { syncItems } from './ews-items.ts';
import { openMailbox } from './ews-sign-in.ts';
import { readMime } from './ews-mime.ts';
import { canExport, readExported } from './export-items.ts';
import type { NamedItem } from '../item-map/item-map.ts';
import type { ItemMapStore } from '../item-map/item-map-store.ts';
import { MappedMailbox } from '../item-map/mapped-mailbox.ts';
import type { ResolveAddress } from './items/address-book.ts';
import { ItemReader } from './items/item-reader.ts';

export interface EwsSourceServices extends ExchangeSourceServices {
  /** Who has an address of X.500 that Exchange does not know any more; absent: nobody can be asked. */
  readonly addressOf?: ((legacyDn: string, signal: AbortSignal) => Promise<string | undefined>) | undefined;
}

/** Mail, and items of other classes, of an on-premises Exchange by Exchange Web Services. */
export function ewsMailSource(server: ExchangeServer, services: EwsSourceServices): MailSource {
  const { addressOf } = services;
  return exchangeMailSource(services, async (request, maps) => {
    const { mailbox, signal } = request;
    return new EwsSourceMailbox(await openMailbox(services, server, request), {
      emailAddress: mailbox.emailAddress,
      maps,
      addressOf: addressOf === undefined ? undefined : (legacyDn) => addressOf(legacyDn, signal),
    });
  });
}

/** One source mailbox over one connection. Nothing it asks for changes anything. */
class EwsSourceMailbox extends MappedMailbox implements SourceMailbox {
  readonly description: string;
  readonly exportItems: ((classes: readonly ItemClass[]) => void) | undefined;
  #exported: readonly ItemClass[] = [];
  readonly #connection: EwsConnection;
  readonly #emailAddress: string;
  readonly #items: ItemReader;

  constructor(
    connection: EwsConnection,
    about: {
      readonly emailAddress: string;
      readonly maps: ItemMapStore;
      readonly addressOf: ResolveAddress | undefined;
    },
  ) {
    const { host } = connection.transport;
    super({ host, ...about });
    this.#connection = connection;
    this.exportItems = canExport(connection) ? (classes) => (this.#exported = classes) : undefined;
    this.#items = new ItemReader(connection, about.addressOf);
    this.#emailAddress = about.emailAddress;
    const version = versionText(connection.version ?? { major: 0, minor: 0, build: 0 });
    this.description = `Exchange ${version} at ${host} (EWS, ${connection.schema})`;
  }

  listFolders(classes: readonly ItemClass[] = []): Promise<FolderList> {
    return listFolders(this.#connection, this.#emailAddress, classes);
  }

  folderStates(folders: readonly SourceFolder[]): Promise<readonly (FolderState | 'missing')[]> {
    return this.states(folders, ({ mailboxId: folder, itemClass = 'mail' }) =>
      // A folder of another protocol: the mailbox was copied over IMAP before.
      folder === undefined ? Promise.resolve('missing') : syncItems(this.#connection, this.maps, { folder, itemClass }),
    );
  }

  readItems(
    folder: SourceFolder,
    request: { readonly uidValidity: number; readonly uids: readonly number[]; readonly headersOnly?: boolean },
    sink: ItemSink,
  ): Promise<{ readonly unreadable: readonly UnreadableItem[] }> {
    const { uidValidity, uids, headersOnly = false } = request;
    const { itemClass = 'mail' } = folder;
    const read = (items: readonly NamedItem[], to: ItemSink): Promise<readonly UnreadableItem[]> =>
      itemClass === 'mail'
        ? readMime(this.#connection, { items, headersOnly }, to)
        : this.#items.read({ itemClass, items, headersOnly }, to);
    const isExported = this.#exported.includes(itemClass) && !headersOnly;
    return this.read(
      async () => (await this.mapOf(folder, uidValidity)).facts(uids),
      async (items) => ({
        unreadable: isExported ? await readExported(this.#connection, { items, read }, sink) : await read(items, sink),
      }),
    );
  }

  close(): Promise<void> {
    this.#connection.close();
    return Promise.resolve();
  }
}
