import { createHash } from 'node:crypto';
import { z } from 'zod';
import { ItemRefusedError, MailboxBlockedError } from '../../../domain/errors.ts';
import { internalDateSeconds } from '../../../domain/internal-date.ts';
import { readExportedItem } from '../../../domain/items/exported-item.ts';
import type { GraphClient } from '../graph-client.ts';
import { isFateUnknown, isNotFound } from '../graph-errors.ts';
import { graphPath, graphQuery } from '../graph-path.ts';
import {
  attachFile,
  attachmentJson,
  hasFiles,
  isThere,
  itemPath,
  missingFiles,
  planFiles,
  type PlannedFiles,
} from './attachment-parts.ts';
import { expansionOf, propertyIds, propertyOf } from './extended-properties.ts';
import type { MailImport } from './fasttransfer/mail-import.ts';
import type { AttachedFile, Loss, NewMessage, SingleValueProperty } from './graph-message.ts';
import { CreatedItem, epochMs, itemFacts } from './graph-shapes.ts';
import type { HalfDoneItems, ItemCollection, ItemToWrite, ListedItem, WrittenItem } from './item-collection.ts';
import { encodeHead, headOf } from './item-head.ts';
import { decodeMark, encodeMark, placeOf, type ItemMark } from './item-mark.ts';
import { answeredMarks, messageFromMime } from './message-from-mime.ts';
import { lostItem, orLost } from './lost-item.ts';
import { listInOrder } from './list-in-order.ts';
import { readMessages } from './read-messages.ts';

const ListedMessage = z.object({
  ...itemFacts,
  receivedDateTime: z.string().nullish(),
  sentDateTime: z.string().nullish(),
  isRead: z.boolean().nullish(),
  isDraft: z.boolean().nullish(),
  parentFolderId: z.string().nullish(),
  flag: z.object({ flagStatus: z.string().nullish() }).nullish(),
});
type ListedMessage = z.infer<typeof ListedMessage>;
const ImportedMessage = ListedMessage.extend({ subject: z.string().nullish() });

const select =
  'id,createdDateTime,lastModifiedDateTime,changeKey,receivedDateTime,sentDateTime,isRead,isDraft,flag,parentFolderId';
const expand = expansionOf([propertyIds.mark, propertyIds.lastVerb]);

export interface CollectionServices {
  readonly client: GraphClient;
  /** Id of the user. */
  readonly user: string;
  /** Of the mailbox as it is open now, see `ItemMark`. */
  readonly session: string;
  /** Lets the first item of a mailbox be looked at before others are written. */
  readonly firstItem: FirstItem;
  /** Undefined: what is written is MIME. Otherwise all of it is exported mail. */
  readonly imports: MailImport | undefined;
}

/** Whether what is written in this mailbox comes out right: looked at once, before anything else is written. */
export class FirstItem {
  #looked: Promise<void> | undefined;

  /** Writes; the first one looks, all others wait for it. */
  async through<T>(write: () => Promise<T>, look: (written: T) => Promise<void>): Promise<T> {
    while (this.#looked !== undefined) {
      const before = this.#looked;
      await before;
      if (this.#looked === before) return await write();
    }
    const { promise, resolve, reject } = Promise.withResolvers<undefined>();
    promise.catch(() => undefined);
    this.#looked = promise;
    try {
      const written = await write();
      await look(written);
      resolve(undefined);
      return written;
    } catch (error) {
      // Refused items say nothing of others; what came out wrong says it of all.
      if (error instanceof ItemRefusedError) {
        this.#looked = undefined;
        resolve(undefined);
      } else {
        reject(error);
      }
      throw error;
    }
  }
}

/** Messages of one folder. */
export class MessageCollection implements ItemCollection {
  readonly folder: string;
  readonly #services: CollectionServices;

  constructor(folder: string, services: CollectionServices) {
    this.folder = folder;
    this.#services = services;
  }

  async list(since: number | undefined): Promise<readonly ListedItem[]> {
    const { client, user } = this.#services;
    const listed = await listInOrder(client, {
      path: graphPath`/users/${user}/mailFolders/${this.folder}/messages`,
      query: { $select: select, $expand: expand },
      // Among all, what is created meanwhile comes last; among what changed, what is changed again.
      order: since === undefined ? 'createdDateTime' : 'lastModifiedDateTime',
      since,
      shape: ListedMessage,
    });
    return listed.map(listedItem);
  }

  async find(ids: readonly string[]): Promise<readonly ListedItem[]> {
    const { client, user } = this.#services;
    const query = graphQuery({ $select: select, $expand: expand });
    const requests = ids.map((id) => ({ method: 'GET' as const, path: `${itemPath(user, 'messages', id)}${query}` }));
    const outcomes = await client.batch(requests, 'parallel');
    return outcomes.flatMap((outcome) => {
      if (outcome.outcome === 'failed') {
        if (isNotFound(outcome.error)) return [];
        throw outcome.error;
      }
      const message = outcome.outcome === 'ok' ? ListedMessage.parse(outcome.body) : undefined;
      return message?.parentFolderId === this.folder ? [listedItem(message)] : [];
    });
  }

  read(
    ids: readonly string[],
    whole: boolean,
    deliver: (id: string, octets: Buffer) => void | Promise<void>,
  ): Promise<void> {
    return readMessages(this.#services, { ids, whole }, deliver);
  }

  keyOf(): string {
    return '';
  }

  async exists(id: string): Promise<boolean> {
    const { client, user } = this.#services;
    return isThere(client, itemPath(user, 'messages', id));
  }

  async write({ octets, envelope }: ItemToWrite, halfDone: HalfDoneItems): Promise<WrittenItem> {
    const { imports } = this.#services;
    if (imports === undefined) return this.#writeMime({ octets, envelope }, [], halfDone);
    const { mime, stream } = readExportedItem(octets);
    const imported = await this.#import(imports, stream, { octets: mime, envelope });
    return imported ?? (await this.#writeMime({ octets: mime, envelope }, ['not-imported'], halfDone));
  }

  async #import(imports: MailImport, stream: Buffer, item: ItemToWrite): Promise<WrittenItem | undefined> {
    const converted = await messageFromMime(item.octets, item.envelope);
    const mark = this.#mark(item, { ...converted, parts: 0, losses: [] });
    return imports.through(stream, {
      properties: [
        { id: propertyIds.mark, value: encodeMark(mark) },
        { id: propertyIds.head, value: encodeHead(headOf(item.octets)) },
      ],
      isRight: (id) => this.#isRight(id, converted),
      move: async (id) => {
        const taken = await this.take(id);
        if (taken !== undefined) return taken;
        throw lostItem(this.#services.client.host);
      },
    });
  }

  async #isRight(id: string, { message, files }: Converted): Promise<boolean> {
    const { client, user } = this.#services;
    const path = itemPath(user, 'messages', id);
    const found = await client.get(`${path}${graphQuery({ $select: `${select},subject` })}`, ImportedMessage);
    const isSame = (found.subject ?? '').trim() === message.subject.trim() && differences(found, message).length === 0;
    const octets = files.reduce((sum, { content }) => sum + content.length, 0);
    return isSame && (await hasFiles(client, path, { files: files.length, octets }));
  }

  async #writeMime(item: ItemToWrite, before: readonly Loss[], halfDone: HalfDoneItems): Promise<WrittenItem> {
    const { message, files, losses: own } = await messageFromMime(item.octets, item.envelope);
    const converted = { message, files, losses: [...before, ...own] };
    const { first, later } = this.#plan(item, converted);
    const half = later.length === 0 ? undefined : await halfDone.take('', versionOf(item));
    if (half !== undefined) return this.#complete(half, { first, later });
    try {
      return await this.#make(item, converted);
    } catch (error) {
      // Nothing is stored. What Exchange does not like is most often in what is not needed to show the message.
      if (!(error instanceof ItemRefusedError) || error.code !== 'ITEM_REFUSED') throw error;
      const losses: readonly Loss[] = [...converted.losses, 'plainer-form'];
      return this.#make(item, { message: plainer(message), files, losses });
    }
  }

  #plan({ octets }: ItemToWrite, { message, files }: Converted): PlannedFiles {
    return planFiles(files, Buffer.byteLength(JSON.stringify(message)) + encodeHead(headOf(octets)).length);
  }

  /** A message that was left half done: what is there stays as its user may have changed it meanwhile. */
  async #complete(half: ListedItem, { first, later }: PlannedFiles): Promise<WrittenItem> {
    const { client, user } = this.#services;
    const { id, mark } = half;
    const path = itemPath(user, 'messages', id);
    const losses = new Set(mark?.losses);
    for (const file of await missingFiles(client, path, { certain: first, files: later })) {
      try {
        await attachFile(client, path, file);
      } catch (error) {
        if (!(error instanceof ItemRefusedError)) throw orLost(error, client.host);
        losses.add('attachments-refused');
      }
    }
    return this.#seal(half, { mark, losses: [...losses] });
  }

  /** The last call of an item that took several: from now on it is whole. */
  async #seal(
    { id }: { readonly id: string },
    { mark, losses }: { readonly mark: ItemMark | undefined; readonly losses: readonly string[] },
  ): Promise<WrittenItem> {
    const { client, user } = this.#services;
    const whole =
      mark === undefined ? [] : [{ id: propertyIds.mark, value: encodeMark({ ...mark, parts: 0, losses }) }];
    const body = { singleValueExtendedProperties: whole };
    try {
      return written(await client.patch(itemPath(user, 'messages', id), body, CreatedItem), losses);
    } catch (error) {
      throw orLost(error, client.host);
    }
  }

  async remove(id: string): Promise<void> {
    const { client, user } = this.#services;
    try {
      await client.request('POST', `${itemPath(user, 'messages', id)}/permanentDelete`, undefined, {
        isRepeatable: true,
      });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  async changeFlags(
    id: string,
    { add, remove }: { readonly add: readonly string[]; readonly remove: readonly string[] },
  ): Promise<void> {
    const [added, removed] = [add, remove].map((flags) => new Set(flags.map((flag) => flag.toLowerCase())));
    const turned = (flag: string): boolean | undefined =>
      added?.has(flag) === true ? true : removed?.has(flag) === true ? false : undefined;
    const [seen, flagged, answered] = ['\\seen', '\\flagged', '\\answered'].map(turned);
    const body = {
      ...(seen === undefined ? {} : { isRead: seen }),
      ...(flagged === undefined ? {} : { flag: { flagStatus: flagged ? 'flagged' : 'notFlagged' } }),
      ...(answered === undefined ? {} : { singleValueExtendedProperties: answered ? answeredMarks : unanswered }),
    };
    if (Object.keys(body).length === 0) return;
    const { client, user } = this.#services;
    try {
      await client.patch(itemPath(user, 'messages', id), body, z.unknown());
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  async take(id: string): Promise<WrittenItem | undefined> {
    const { client, user } = this.#services;
    try {
      const moved = await client.post(
        `${itemPath(user, 'messages', id)}/move`,
        { destinationId: this.folder },
        CreatedItem,
      );
      return written(moved, []);
    } catch (error) {
      // Immutable ids stay over a move: where the message is tells whether it was moved.
      if (!isNotFound(error) && !isFateUnknown(error)) throw error;
      const [there] = await this.find([id]);
      if (there === undefined && isFateUnknown(error)) throw error;
      return there === undefined
        ? undefined
        : { id, created: there.created, changeKey: there.changeKey, key: '', losses: [] };
    }
  }

  #make(item: ItemToWrite, converted: Converted): Promise<WrittenItem> {
    return this.#services.firstItem.through(
      () => this.#create(item, converted),
      (made) => this.#look(made.id, converted.message),
    );
  }

  #mark(
    item: ItemToWrite,
    { files, losses, parts }: Pick<Converted, 'files' | 'losses'> & { readonly parts: number },
  ): ItemMark {
    const { octets, envelope } = item;
    return {
      key: '',
      version: versionOf(item),
      session: this.#services.session,
      place: placeOf(this.folder),
      parts,
      octets: files.reduce((sum, { content }) => sum + content.length, 0),
      date: internalDateSeconds(envelope.internalDate),
      size: octets.length,
      losses,
    };
  }

  async #create(item: ItemToWrite, converted: Converted): Promise<WrittenItem> {
    const { message, files, losses } = converted;
    const { client, user } = this.#services;
    const { first, later } = this.#plan(item, converted);
    const mark = this.#mark(item, { files, losses, parts: later.length });
    const own = [
      { id: propertyIds.mark, value: encodeMark(mark) },
      { id: propertyIds.head, value: encodeHead(headOf(item.octets)) },
    ];
    const made = await client.post(
      graphPath`/users/${user}/mailFolders/${this.folder}/messages`,
      {
        ...message,
        ...(first.length === 0 ? {} : { attachments: first.map(attachmentJson) }),
        singleValueExtendedProperties: [...message.singleValueExtendedProperties, ...own],
      },
      CreatedItem,
    );
    if (later.length === 0) return written(made, losses);
    try {
      for (const file of later) await attachFile(client, itemPath(user, 'messages', made.id), file);
    } catch (error) {
      // Nothing stays of a message whose attachment is refused: it would be another message.
      if (error instanceof ItemRefusedError) await this.remove(made.id);
      throw orLost(error, client.host);
    }
    return this.#seal(made, { mark, losses });
  }

  /** What cannot be changed later is looked at once in every mailbox, before there are ten thousand of it. */
  async #look(id: string, message: NewMessage): Promise<void> {
    const { client, user } = this.#services;
    const found = await client.get(
      `${itemPath(user, 'messages', id)}${graphQuery({ $select: select })}`,
      ListedMessage,
    );
    const wrong = differences(found, message);
    if (wrong.length === 0) return;
    // Left there, it would be taken for a copy.
    await this.remove(id);
    throw new MailboxBlockedError({
      code: 'TARGET_ALTERS_MESSAGES',
      message: `${client.host} (target): the first message came out with another ${wrong.join(', ')} than was written.`,
    });
  }
}

interface Converted {
  readonly message: NewMessage;
  readonly files: readonly AttachedFile[];
  readonly losses: readonly Loss[];
}

function differences(found: ListedMessage, message: NewMessage): readonly string[] {
  const properties = { singleValueExtendedProperties: [...message.singleValueExtendedProperties] };
  const isDraft = propertyOf(properties, propertyIds.messageFlags) === undefined;
  const same = (there: string | null | undefined, id: string): boolean =>
    epochMs(there) === epochMs(propertyOf(properties, id));
  // Exchange dates a draft anew whenever it is opened: that is no sign of anything.
  return [
    ...(found.isDraft === isDraft ? [] : ['draft state']),
    ...(found.isRead === message.isRead ? [] : ['read state']),
    ...(isDraft || same(found.receivedDateTime, propertyIds.deliveryTime) ? [] : ['date of receipt']),
    ...(isDraft || same(found.sentDateTime, propertyIds.submitTime) ? [] : ['date of sending']),
  ];
}

/** Without what is not needed to show it. */
function plainer(message: NewMessage): NewMessage {
  const needed: readonly string[] = [
    propertyIds.messageFlags,
    propertyIds.submitTime,
    propertyIds.deliveryTime,
    propertyIds.messageClass,
  ];
  return {
    ...message,
    replyTo: [],
    singleValueExtendedProperties: message.singleValueExtendedProperties.filter(({ id }) => needed.includes(id)),
  };
}

const unanswered: readonly SingleValueProperty[] = [
  { id: propertyIds.iconIndex, value: '-1' },
  { id: propertyIds.lastVerb, value: '0' },
];

/** The same message is written with the same fields and at the same second, whatever its octets are at each reading. */
function versionOf({ octets, envelope }: ItemToWrite): string {
  const date = String(internalDateSeconds(envelope.internalDate));
  return createHash('sha256').update(`${date}\n`).update(headOf(octets)).digest('hex').slice(0, 16);
}

function written(made: z.infer<typeof CreatedItem>, losses: readonly string[]): WrittenItem {
  return { id: made.id, created: epochMs(made.createdDateTime), changeKey: made.changeKey ?? '', key: '', losses };
}

function listedItem(message: ListedMessage): ListedItem {
  const mark = decodeMark(propertyOf(message, propertyIds.mark));
  const received = Math.floor(epochMs(message.receivedDateTime) / 1000);
  const answered = ['102', '103'].includes(propertyOf(message, propertyIds.lastVerb) ?? '');
  const isDraft = message.isDraft === true;
  return {
    id: message.id,
    created: epochMs(message.createdDateTime),
    modified: epochMs(message.lastModifiedDateTime),
    // Drafts are dated anew when they are opened.
    date: isDraft && mark !== undefined ? mark.date : received,
    flags: [
      ...(message.isRead === true ? ['\\Seen'] : []),
      ...(message.flag?.flagStatus === 'flagged' ? ['\\Flagged'] : []),
      ...(answered ? ['\\Answered'] : []),
      ...(isDraft ? ['\\Draft'] : []),
    ],
    mark,
    changeKey: message.changeKey ?? '',
  };
}
