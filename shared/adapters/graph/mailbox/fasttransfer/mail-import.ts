import { z } from 'zod';
import { isKnownError, ItemRefusedError } from '../../../../domain/errors.ts';
import type { GraphClient } from '../../graph-client.ts';
import { isNotFound } from '../../graph-errors.ts';
import { graphPath } from '../../graph-path.ts';
import { itemPath } from '../attachment-parts.ts';
import type { SingleValueProperty } from '../graph-message.ts';
import { Identified } from '../graph-shapes.ts';
import { ImportSession } from './import-session.ts';
import { Trial } from './trial.ts';

/** Where streams are imported to before they are moved to where they belong. */
export const waitingRoom = 'Stagecoach import';

/** PidTagAttributeHidden, [MS-OXCFOLD] section 2.2.2.2.1: people need not see it. */
const hidden = { id: 'Boolean 0x10F4', value: 'true' };

const ExchangeSettings = z.object({ primaryMailboxId: z.string() });
const Folder = z.object({ id: z.string(), displayName: z.string().nullish() });
const LeftItem = z.object({ id: z.string(), type: z.string().nullish() });

export interface ImportServices {
  readonly client: GraphClient;
  /** Id of the user. */
  readonly user: string;
  readonly now: () => number;
}

/** Mailboxes that are open in this process, how often, and whether something of lost answers may be left in our folder. */
const open = new Map<string, { readonly times: number; readonly isLeft: boolean }>();

interface ImportedMail<T> {
  readonly properties: readonly SingleValueProperty[];
  readonly isRight: (id: string) => Promise<boolean>;
  readonly move: (id: string) => Promise<T>;
}

/**
 * Imports mail as Exchange exported it. It comes into a folder of ours first, is marked and looked at there, and then
 * moved, which is one step: in its own folder it is whole and known, or not there. What is left in ours of a lost answer
 * or a killed worker is deleted, unseen.
 *
 * @see https://learn.microsoft.com/graph/import-exchange-mailbox-item
 */
export class MailImport {
  readonly session: ImportSession;
  /** Path of the mailbox below the version. */
  readonly mailbox: string;
  /** Id of the folder, for imports, where items are looked at before anybody sees them. */
  readonly waitingRoom: string;
  readonly #services: ImportServices;
  readonly #trial = new Trial();
  #waiting = 0;

  private constructor(
    services: ImportServices,
    place: { readonly mailbox: string; readonly folder: string; readonly session: ImportSession },
  ) {
    this.#services = services;
    this.mailbox = place.mailbox;
    this.session = place.session;
    this.waitingRoom = place.folder;
  }

  /** Undefined: the service does not offer it here, or the application may not. */
  static async open(services: ImportServices): Promise<MailImport | undefined> {
    const { client, user, now } = services;
    try {
      const mailbox = await importedMailbox(services);
      const session = new ImportSession(client, { mailbox, now });
      const known = await client.all(`${mailbox}/folders?$top=100`, Folder);
      const folder = known.find(({ displayName }) => displayName === waitingRoom) ?? (await make(client, mailbox));
      const imports = new MailImport(services, { mailbox, folder: folder.id, session });
      await session.address();
      if (!open.has(user)) await imports.#clear();
      const { times = 0, isLeft = false } = open.get(user) ?? {};
      open.set(user, { times: times + 1, isLeft });
      return imports;
    } catch (error) {
      if (isNotOffered(error)) return undefined;
      throw error;
    }
  }

  /**
   * Imports, marks and looks at an item; `move` then takes it to its folder. Undefined: it is to be written another way,
   * and nothing of it is left.
   */
  through<T>(stream: Buffer, item: ImportedMail<T>): Promise<T | undefined> {
    if (stream.length === 0) return Promise.resolve(undefined);
    return this.#trial.run(async () => {
      this.#waiting += 1;
      const id = await this.#import(stream, item);
      const moved = id === undefined ? undefined : await item.move(id);
      this.#waiting -= 1;
      return moved;
    });
  }

  /** Takes away what may be left of lost answers. What waits may be another's: the last one who closes does it for all. */
  async close(): Promise<void> {
    const { user } = this.#services;
    const known = open.get(user);
    const others = (known?.times ?? 1) - 1;
    const isLeft = this.#waiting > 0 || known?.isLeft === true;
    if (others > 0) open.set(user, { times: others, isLeft });
    else open.delete(user);
    if (!isLeft || others > 0) return;
    try {
      await this.#clear();
    } catch (error) {
      // The next one who opens the mailbox does it; nobody sees the folder.
      if (!isKnownError(error)) throw error;
    }
  }

  async #import(
    stream: Buffer,
    { properties, isRight }: Pick<ImportedMail<unknown>, 'properties' | 'isRight'>,
  ): Promise<string | undefined> {
    const { client, user } = this.#services;
    // A lost answer rejects: whether something waits in our folder does not matter.
    const imported = await this.session.send(this.waitingRoom, stream);
    if (imported === 'refused') this.#trial.note('wrong');
    if (typeof imported === 'string') return undefined;
    const body = { singleValueExtendedProperties: properties };
    const { id } = await client.patch(itemPath(user, 'messages', imported.id), body, Identified);
    const right = await isRight(id);
    this.#trial.note(right ? 'right' : 'wrong');
    if (right) return id;
    await this.#remove(id);
    return undefined;
  }

  async #clear(): Promise<void> {
    const { client } = this.#services;
    const items = `${this.mailbox}${graphPath`/folders/${this.waitingRoom}/items`}`;
    const left = await client.all(`${items}?$select=id,type&$top=100`, LeftItem);
    for (const { id, type } of left) {
      // Tried out here, and none of the messages.
      if (/^IPM\.(?:Contact|DistList|Task)\b/i.test(type ?? '')) await client.delete(`${items}${graphPath`/${id}`}`);
      else await this.#remove(id);
    }
  }

  async #remove(id: string): Promise<void> {
    const { client, user } = this.#services;
    const path = `${itemPath(user, 'messages', id)}/permanentDelete`;
    try {
      await client.request('POST', path, undefined, { isRepeatable: true });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }
}

/** Path of the mailbox, as mailbox import and export name it. */
export async function importedMailbox({ client, user }: Pick<ImportServices, 'client' | 'user'>): Promise<string> {
  const { primaryMailboxId } = await client.get(graphPath`/users/${user}/settings/exchange`, ExchangeSettings);
  return graphPath`/admin/exchange/mailboxes/${primaryMailboxId}`;
}

/** Made twice after a lost answer it is there twice, or refused: one of them is used, both are empty and hidden. */
function make(client: GraphClient, mailbox: string): Promise<z.infer<typeof Folder>> {
  const body = { displayName: waitingRoom, type: 'IPF.Note', singleValueExtendedProperties: [hidden] };
  return client.post(`${mailbox}/folders`, body, Folder);
}

function isNotOffered(error: unknown): boolean {
  if (isKnownError(error) && error.code === 'TARGET_RIGHT_MISSING') return true;
  return error instanceof ItemRefusedError || isNotFound(error);
}
