import type { ExchangeServer } from '../../domain/endpoint.ts';
import type { ItemClass } from '../../domain/items/item-class.ts';
import { exchangeMapsPrefix } from '../../domain/pair.ts';
import { MailboxBlockedError } from '../../domain/errors.ts';
import type { FolderState, ItemListing, SourceFolder } from '../../domain/mail.ts';
import type { Logger } from '../../ports/logger.ts';
import type {
  FolderChanges,
  ItemSink,
  LeftOutFolder,
  MailboxCredentials,
  MailSource,
  SourceMailbox,
  UnreadableItem,
} from '../../ports/mail-source.ts';
import type { ObjectStore } from '../../ports/object-store.ts';
import type { EwsConnection } from './ews-connection.ts';
import { listFolders } from './ews-folders.ts';
import { syncItems } from './ews-items.ts';
import type { ExchangeServices } from '../exchange-http/exchange-account.ts';
import { openMailbox } from './ews-sign-in.ts';
import { readMime } from './ews-mime.ts';
import { canExport, readExported } from './export-items.ts';
import type { NamedItem } from '../item-map/item-map.ts';
import { ItemMapStore } from '../item-map/item-map-store.ts';
import { MappedFolders } from '../item-map/mapped-folders.ts';
import type { ResolveAddress } from './items/address-book.ts';
import { ItemReader } from './items/item-reader.ts';

export interface EwsSourceServices extends ExchangeServices {
  /** Where the maps of items are kept. */
  readonly objects: Pick<ObjectStore, 'create' | 'get'>;
  readonly log?: Logger | undefined;
  /** Who has an address of X.500 that Exchange does not know any more; absent: nobody can be asked. */
  readonly addressOf?: ((legacyDn: string, signal: AbortSignal) => Promise<string | undefined>) | undefined;
}

/** Mail, and items of other classes, of an on-premises Exchange by Exchange Web Services. */
export function ewsMailSource(server: ExchangeServer, services: EwsSourceServices): MailSource {
  return {
    async open(mailbox: MailboxCredentials, signal: AbortSignal): Promise<SourceMailbox> {
      if (mailbox.userRoot !== undefined) {
        const message = 'The row names a UserRoot, which only IMAP knows; leave the column empty.';
        throw new MailboxBlockedError({ code: 'USER_ROOT_UNSUPPORTED', message });
      }
      const connection = await openMailbox(services, server, { mailbox, signal });
      const { emailAddress } = mailbox;
      const { objects, log, addressOf } = services;
      return new EwsSourceMailbox(connection, {
        emailAddress,
        maps: new ItemMapStore({ objects, prefix: exchangeMapsPrefix(emailAddress), log }),
        addressOf: addressOf === undefined ? undefined : (legacyDn) => addressOf(legacyDn, signal),
      });
    },
  };
}

/** One source mailbox over one connection. Nothing it asks for changes anything. */
class EwsSourceMailbox implements SourceMailbox {
  readonly identity: string;
  readonly description: string;
  readonly stableOctets = false;
  readonly exportItems: ((classes: readonly ItemClass[]) => void) | undefined;
  #exported: readonly ItemClass[] = [];
  readonly #connection: EwsConnection;
  readonly #emailAddress: string;
  readonly #maps: ItemMapStore;
  readonly #items: ItemReader;
  readonly #mapped: MappedFolders;

  constructor(
    connection: EwsConnection,
    about: {
      readonly emailAddress: string;
      readonly maps: ItemMapStore;
      readonly addressOf: ResolveAddress | undefined;
    },
  ) {
    this.#connection = connection;
    this.exportItems = canExport(connection) ? (classes) => (this.#exported = classes) : undefined;
    this.#items = new ItemReader(connection, about.addressOf);
    this.#emailAddress = about.emailAddress;
    this.#maps = about.maps;
    const { host } = connection.transport;
    this.#mapped = new MappedFolders(host, about.maps);
    this.identity = `exchange://${host.toLowerCase()}/${about.emailAddress.toLowerCase()}`;
    const { major = 0, minor = 0, build = 0 } = connection.version ?? {};
    this.description = `Exchange ${[major, minor, build].map(String).join('.')} at ${host} (EWS, ${connection.schema})`;
  }

  listFolders(
    classes: readonly ItemClass[] = [],
  ): Promise<{ readonly folders: readonly SourceFolder[]; readonly leftOut: readonly LeftOutFolder[] }> {
    return listFolders(this.#connection, this.#emailAddress, classes);
  }

  folderStates(folders: readonly SourceFolder[]): Promise<readonly (FolderState | 'missing')[]> {
    return this.#mapped.states(folders, ({ mailboxId: folder, itemClass = 'mail' }) =>
      // A folder of another protocol: the mailbox was copied over IMAP before.
      folder === undefined
        ? Promise.resolve('missing')
        : syncItems(this.#connection, this.#maps, { folder, itemClass }),
    );
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
    const { itemClass = 'mail' } = folder;
    const read = (items: readonly NamedItem[], to: ItemSink): Promise<readonly UnreadableItem[]> =>
      itemClass === 'mail'
        ? readMime(this.#connection, { items, headersOnly }, to)
        : this.#items.read({ itemClass, items, headersOnly }, to);
    const isExported = this.#exported.includes(itemClass) && !headersOnly;
    return this.#mapped.read(
      async () => (await this.#mapped.mapOf(folder, uidValidity)).facts(uids),
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
