import { MailboxBlockedError } from '../../../../domain/errors.ts';
import type { ItemClass } from '../../../../domain/items/item-class.ts';
import { listClassFolders } from '../class-folders.ts';
import type { EntityClass } from '../entity-kinds.ts';
import type { ItemCollection } from '../item-collection.ts';
import { ImportedCollection } from './imported-collection.ts';
import { importedClasses, ItemImport, type ItemImportServices } from './item-import.ts';
import { importedMailbox, MailImport, type ImportServices } from './mail-import.ts';

export interface ImportsServices extends ImportServices, ItemImportServices {}

/** What is imported into one mailbox, and what was. */
export class Imports {
  /** Undefined: no mail comes with a stream. */
  readonly mail: MailImport | undefined;
  readonly #services: ImportsServices;
  readonly #items: ItemImport | undefined;

  private constructor(
    services: ImportsServices,
    ways: { readonly mail: MailImport | undefined; readonly items: ItemImport | undefined },
  ) {
    this.#services = services;
    this.mail = ways.mail;
    this.#items = ways.items;
  }

  /** Undefined: the service does not offer it here, or the application may not. */
  static async open(services: ImportsServices): Promise<Imports | undefined> {
    const mail = await MailImport.open(services);
    if (mail === undefined) return undefined;
    const items = new ItemImport(services, mail);
    try {
      return new Imports(services, { mail, items: (await items.isAllowed()) ? items : undefined });
    } catch (error) {
      // Nobody else closes it: left open, it would keep all others of this process from clearing their folder.
      await mail.close();
      throw error;
    }
  }

  /**
   * Where items were imported before, by whatever setting the mailbox is written now: what is there is listed by the way
   * on which it can be known again. Undefined: there is none. Rejects where the application may not list it any more: all of
   * it would be taken for somebody else's, and be written a second time.
   */
  static async before(services: ImportsServices): Promise<Imports | undefined> {
    if (!(await ItemImport.wasUsed(services))) return undefined;
    const items = new ItemImport(services, { mailbox: await importedMailbox(services) });
    if (await items.isAllowed()) return new Imports(services, { mail: undefined, items });
    const message = `${services.client.host} (target): items were imported into this mailbox before; the application lacks MailboxItem.ReadWrite or MailboxFolder.ReadWrite for it now, so that they cannot be told from others.`;
    throw new MailboxBlockedError({ code: 'TARGET_RIGHT_MISSING', message });
  }

  /** Classes whose items may come as their source exported them. */
  get classes(): readonly ItemClass[] {
    if (this.mail === undefined) return [];
    return this.#items === undefined ? ['mail'] : ['mail', ...importedClasses];
  }

  /** In words, for reports. */
  get description(): string {
    if (this.mail === undefined) return 'Graph';
    const [last = '', ...others] = [...this.classes].reverse();
    const named = others.length === 0 ? last : `${others.reverse().join(', ')} and ${last}`;
    return `mailbox import of ${named}, Graph for what it does not take`;
  }

  /** The items of a folder: `base` writes and lists them by the API of their class alone. */
  collection(base: ItemCollection, folder: { readonly id: string; readonly itemClass: EntityClass }): ItemCollection {
    const imports = this.#items;
    const { id, itemClass } = folder;
    if (imports === undefined || itemClass === 'calendar') return base;
    const place = async (): Promise<string | undefined> => {
      const folders = await listClassFolders(this.#services, itemClass);
      const there = folders.find((candidate) => candidate.id === id);
      if (there === undefined) return undefined;
      return imports.items.folderOf(itemClass, there.role === itemClass ? undefined : there.path.join(' / '));
    };
    return new ImportedCollection(base, { imports, place });
  }

  async close(): Promise<void> {
    await this.mail?.close();
  }
}
