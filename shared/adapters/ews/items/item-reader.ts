import type { ItemClass } from '../../../domain/items/item-class.ts';
import { entityHeader, itemKey, writeItemEntity } from '../../../domain/items/item-entity.ts';
import type { NeutralItem } from '../../../domain/items/neutral-item.ts';
import type { ItemSink, UnreadableItem } from '../../../ports/mail-source.ts';
import { problemOf, type EwsConnection } from '../ews-connection.ts';
import { deliver } from '../../exchange-http/deliver.ts';
import { itemProblem, throwUnlessOwnFault } from '../ews-errors.ts';
import { callPerItem, mostItems, readInBatches, type FailedItem } from '../item-batches.ts';
import type { NamedItem } from '../../item-map/item-map.ts';
import { find, textOf, type XmlElement } from '../xml/xml-element.ts';
import { AddressBook, type ResolveAddress } from './address-book.ts';
import { readAttachments } from './item-attachments.ts';
import { expandList, getItems } from './item-requests.ts';
import { UnusableItemError, type ReadAttachments } from './item-values.ts';
import { readContact } from './read-contact.ts';
import { modifiedOccurrences, readEvent, type ReadOccurrence } from './read-event.ts';
import { membersExpanded, membersNamed, readList } from './read-list.ts';
import { readNote } from './read-note.ts';
import { readTask } from './read-task.ts';

export interface ItemsWanted {
  readonly itemClass: ItemClass;
  readonly items: readonly NamedItem[];
  readonly headersOnly: boolean;
}

/** Nobody in particular: what stands here is part of how an item is known again, whoever it is told by. */
const nobody = { name: '', address: '' };

/** Reads items that are no mail property by property, and hands them out as entities (domain/items/item-entity.ts). */
export class ItemReader {
  readonly #connection: EwsConnection;
  readonly #addressBook: AddressBook;

  constructor(connection: EwsConnection, addressOf: ResolveAddress | undefined) {
    this.#connection = connection;
    this.#addressBook = new AddressBook(connection, addressOf);
  }

  get #host(): string {
    return this.#connection.transport.host;
  }

  /** In the order given, those that had to be asked for twice last. */
  read({ itemClass, items, headersOnly }: ItemsWanted, sink: ItemSink): Promise<readonly UnreadableItem[]> {
    return readInBatches(items, (batch) => this.#readBatch({ itemClass, items: batch, headersOnly }, sink));
  }

  async #readBatch(wanted: ItemsWanted, sink: ItemSink): Promise<readonly FailedItem[]> {
    const { items, itemClass, headersOnly } = wanted;
    const ids = items.map(({ facts }) => facts.id);
    const failed: FailedItem[] = [];
    const answers = await this.#getItems(ids, itemClass);
    for (const [position, item] of items.entries()) {
      const answer = answers[position];
      if (answer === undefined) continue;
      const problem = problemOf(answer);
      const failure = problem === undefined ? undefined : itemProblem(item.uid, problem, this.#host);
      if (failure === 'gone') continue;
      if (failure !== undefined) {
        failed.push({ item, problem: failure });
        continue;
      }
      const read = await this.#readItem(answer, item, itemClass);
      if ('problem' in read) failed.push(read);
      else await deliver(item.uid, [headersOnly ? entityHeader(read.octets) : read.octets], sink);
    }
    return failed;
  }

  async #getItems(ids: readonly string[], itemClass: ItemClass): Promise<readonly XmlElement[]> {
    const answers: XmlElement[] = [];
    const { schema } = this.#connection;
    await callPerItem(this.#connection, {
      operation: 'GetItem',
      body: getItems(ids, { itemClass, schema }),
      items: ids,
      onMessage: (message) => void answers.push(message),
    });
    return answers;
  }

  async #readItem(
    answer: XmlElement,
    item: NamedItem,
    itemClass: ItemClass,
  ): Promise<{ readonly octets: Buffer } | FailedItem> {
    try {
      const element = find(answer, 'Items')?.children[0];
      if (element === undefined) throw new UnusableItemError('The server sends nothing of it.');
      const neutral = await this.#neutral(element, item, itemClass);
      const { id, key = id, received } = item.facts;
      const facts = {
        key: itemKey('exchange', key, String(item.copy)),
        date: new Date(received * 1000),
        from: nobody,
      };
      return { octets: writeItemEntity(facts, neutral) };
    } catch (error) {
      if (!(error instanceof UnusableItemError)) throw error;
      return { item, problem: { uid: item.uid, code: 'ITEM_NOT_CONVERTIBLE', text: error.message } };
    }
  }

  async #neutral(told: XmlElement, item: NamedItem, itemClass: ItemClass): Promise<NeutralItem> {
    const element = await this.#addressBook.withAddresses(told);
    const attachments = await readAttachments(this.#connection, element, item.facts.size);
    switch (itemClass) {
      case 'contacts':
        return element.name === 'DistributionList' || /^IPM\.DistList/i.test(textOf(element, 'ItemClass') ?? '')
          ? readList(element, { attachments, members: membersNamed(element) ?? (await this.#expand(item.facts.id)) })
          : readContact(element, { attachments, resolve: (dn) => this.#addressBook.resolve(dn) });
      case 'calendar':
        return readEvent(element, { attachments, occurrences: await this.#occurrences(element) });
      case 'tasks':
        return readTask(element, attachments);
      case 'notes':
        return readNote(element, attachments);
      case 'mail':
        throw new UnusableItemError('It lies in a folder of mail.');
    }
  }

  /** Undefined: the server does not say. */
  async #expand(id: string): Promise<ReturnType<typeof membersExpanded> | undefined> {
    let members: ReturnType<typeof membersExpanded> | undefined;
    await this.#connection.call({
      operation: 'ExpandDL',
      body: expandList(id),
      onMessage: (message) => {
        const problem = problemOf(message);
        if (problem === undefined) members = membersExpanded(message);
        else throwUnlessOwnFault(problem, this.#host);
      },
    });
    return members;
  }

  /** A master names its changed occurrences and tells nothing else of them. */
  async #occurrences(master: XmlElement): Promise<readonly ReadOccurrence[]> {
    const wanted = modifiedOccurrences(master);
    const read: ReadOccurrence[] = [];
    for (let from = 0; from < wanted.length; from += mostItems) {
      const some = wanted.slice(from, from + mostItems);
      const answers = await this.#getItems(
        some.map(({ id }) => id),
        'calendar',
      );
      for (const [position, occurrence] of some.entries()) {
        const told = await this.#occurrence(answers[position]);
        const isAlone = told.element !== undefined || some.length === 1;
        // One that ails may have ended the work for those behind it.
        const again = isAlone ? told : await this.#occurrence((await this.#getItems([occurrence.id], 'calendar'))[0]);
        read.push({ ...occurrence, ...again });
      }
    }
    return read;
  }

  async #occurrence(
    answer: XmlElement | undefined,
  ): Promise<{ readonly element: XmlElement | undefined; readonly attachments: ReadAttachments }> {
    const problem = answer === undefined ? undefined : problemOf(answer);
    const none = { element: undefined, attachments: { attachments: [], missing: [] } };
    if (problem !== undefined) {
      // It may have been deleted meanwhile; the next look at the folder says so.
      throwUnlessOwnFault(problem, this.#host);
      return none;
    }
    const element = find(answer, 'Items')?.children[0];
    if (element === undefined) return none;
    const size = Number(textOf(element, 'Size') ?? 0);
    return { element, attachments: await readAttachments(this.#connection, element, size) };
  }
}
