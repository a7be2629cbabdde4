import { z } from 'zod';
import type { GraphClient } from '../../graph-client.ts';
import { graphPath, graphQuery, odataText } from '../../graph-path.ts';
import type { EntityClass } from '../entity-kinds.ts';
import { expansionOf, propertyIds, propertyOf } from '../extended-properties.ts';
import { epochMs, Properties } from '../graph-shapes.ts';
import type { ListedItem } from '../item-collection.ts';
import { decodeMark } from '../item-mark.ts';

const Folder = z.object({
  id: z.string(),
  displayName: z.string().nullish(),
  type: z.string().nullish(),
});
const Item = z.object({
  id: z.string(),
  createdDateTime: z.string().nullish(),
  lastModifiedDateTime: z.string().nullish(),
  changeKey: z.string().nullish(),
  type: z.string().nullish(),
  singleValueExtendedProperties: Properties,
});

/** An item of ours, of whatever class. */
export interface FoundItem extends ListedItem {
  /** `IPM.Contact` */
  readonly itemClass: string;
  /** Header fields by which it is known, encoded. */
  readonly head: string | undefined;
  readonly valueOf: (id: string) => string | undefined;
}

const folderTypes: Readonly<Record<EntityClass, RegExp>> = {
  contacts: /^IPF\.Contact\b/i,
  calendar: /^IPF\.Appointment\b/i,
  tasks: /^IPF\.Task\b/i,
  notes: /^IPF\.StickyNote\b/i,
};

const select = 'id,createdDateTime,lastModifiedDateTime,changeKey,type';

/**
 * Items of every class and their folders, as the API of mailbox import and export shows them: also those that Graph has no
 * other way to show (distribution lists), and extended properties of those that have none elsewhere (tasks).
 *
 * @see https://learn.microsoft.com/graph/api/resources/mailboxitem
 */
export class MailboxItems {
  readonly #client: GraphClient;
  /** Of the mailbox, below /admin/exchange. */
  readonly #mailbox: string;

  constructor(client: GraphClient, mailbox: string) {
    this.#client = client;
    this.#mailbox = mailbox;
  }

  /** Id of this API; undefined where it cannot be told which one it is. `name`: undefined for the mailbox's own. */
  async folderOf(itemClass: EntityClass, name: string | undefined): Promise<string | undefined> {
    const folders = `${this.#mailbox}/folders`;
    const own = await this.#client.get(`${folders}/${itemClass}`, Folder);
    if (name === undefined) return own.id;
    // Graph makes further ones below the mailbox's own, others stand beside it.
    const places = [folders, `${folders}${graphPath`/${own.id}/childFolders`}`];
    const lists = await Promise.all(places.map((place) => this.#client.all(`${place}?$top=100`, Folder)));
    const same = lists
      .flat()
      .filter(({ displayName, type }) => displayName === name && folderTypes[itemClass].test(type ?? ''));
    const ids = new Set(same.map(({ id }) => id));
    return ids.size === 1 ? same[0]?.id : undefined;
  }

  /** Those in a folder that have our mark. */
  ours(folder: string): Promise<readonly FoundItem[]> {
    return this.#find(folder, undefined, []);
  }

  /** By its mark, which is that of one item alone; with the values of further properties. */
  async byMark(folder: string, mark: string, properties: readonly string[]): Promise<FoundItem | undefined> {
    const path = 'singleValueExtendedProperties';
    const filter = `${path}/any(p:p/id eq ${odataText(propertyIds.mark)} and p/value eq ${odataText(mark)})`;
    return (await this.#find(folder, filter, properties)).at(-1);
  }

  async remove(folder: string, id: string): Promise<'deleted' | 'gone'> {
    return this.#client.delete(this.#itemPath(folder, id));
  }

  #itemPath(folder: string, id: string): string {
    return `${this.#mailbox}${graphPath`/folders/${folder}/items/${id}`}`;
  }

  async #find(
    folder: string,
    filter: string | undefined,
    properties: readonly string[],
  ): Promise<readonly FoundItem[]> {
    const query = graphQuery({
      $select: select,
      $expand: expansionOf([propertyIds.mark, propertyIds.head, ...properties]),
      $filter: filter,
      $top: 100,
    });
    const listed = await this.#client.all(`${this.#mailbox}${graphPath`/folders/${folder}/items`}${query}`, Item);
    return listed.flatMap((item) => {
      const mark = decodeMark(propertyOf(item, propertyIds.mark));
      if (mark === undefined) return [];
      return {
        id: item.id,
        created: epochMs(item.createdDateTime),
        modified: epochMs(item.lastModifiedDateTime),
        date: mark.date,
        flags: ['\\Seen'],
        mark,
        changeKey: item.changeKey ?? item.lastModifiedDateTime ?? '',
        itemClass: item.type ?? '',
        head: propertyOf(item, propertyIds.head),
        valueOf: (id: string) => propertyOf(item, id),
      };
    });
  }
}
