import { z } from 'zod';
import { isKnownError, ItemRefusedError } from '../../../../domain/errors.ts';
import type { GraphClient } from '../../graph-client.ts';
import { graphProblemOf, isNotFound } from '../../graph-errors.ts';
import { graphPath } from '../../graph-path.ts';
import { parseJson } from '../../graph-answer.ts';
import { itemPath } from '../attachment-parts.ts';
import type { SingleValueProperty } from '../graph-message.ts';
import { Identified } from '../graph-shapes.ts';

/** Where streams are imported to before they are moved to where they belong. */
export const waitingRoom = 'Stagecoach import';

/** PidTagAttributeHidden, [MS-OXCFOLD] section 2.2.2.2.1: people need not see it. */
const hidden = { id: 'Boolean 0x10F4', value: 'true' };
/** A session is renewed so long before it ends: an import of 150 MB may take as long. */
const renewMs = 5 * 60_000;

const ExchangeSettings = z.object({ primaryMailboxId: z.string() });
const Folder = z.object({ id: z.string(), displayName: z.string().nullish() });
const Session = z.object({ importUrl: z.string(), expirationDateTime: z.string() });
const Imported = z.object({ itemId: z.string() });

interface Services {
  readonly client: GraphClient;
  /** Id of the user. */
  readonly user: string;
  readonly now: () => number;
}

/** Mailboxes that are open in this process, some several times: what waits may be another's. */
const open = new Map<string, number>();

/**
 * Imports FastTransfer streams as they are. The stream cannot hold our mark, and importItem cannot be repeated; so an item
 * comes into a folder of ours first, is marked and looked at there, and then moved, which is one step: in its own folder
 * it is whole and known, or not there. What is left in ours of a lost answer or a killed worker is deleted, unseen.
 *
 * An import session's address holds a token: it is in no error and no log.
 *
 * @see https://learn.microsoft.com/graph/import-exchange-mailbox-item
 */
export class MailImport {
  readonly #services: Services;
  readonly #mailbox: string;
  readonly #folder: string;
  #session: { readonly url: string; readonly until: number } | undefined;
  /** Whether what is imported comes out right; until that is known, one item is imported at a time. */
  #proven: 'unknown' | 'right' | 'wrong' = 'unknown';
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  private constructor(services: Services, place: { readonly mailbox: string; readonly folder: string }) {
    this.#services = services;
    this.#mailbox = place.mailbox;
    this.#folder = place.folder;
  }

  /** Undefined: the service does not offer it here, or the application may not. */
  static async open(services: Services): Promise<MailImport | undefined> {
    const { client, user } = services;
    try {
      const { primaryMailboxId } = await client.get(graphPath`/users/${user}/settings/exchange`, ExchangeSettings);
      const folders = graphPath`/admin/exchange/mailboxes/${primaryMailboxId}/folders`;
      const known = await client.all(`${folders}?$top=100`, Folder);
      const folder = known.find(({ displayName }) => displayName === waitingRoom) ?? (await make(client, folders));
      const imports = new MailImport(services, { mailbox: primaryMailboxId, folder: folder.id });
      await imports.#address();
      if (!open.has(user)) await imports.#clear();
      open.set(user, (open.get(user) ?? 0) + 1);
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
  through<T>(
    stream: Buffer,
    item: {
      readonly properties: readonly SingleValueProperty[];
      readonly isRight: (id: string) => Promise<boolean>;
      readonly move: (id: string) => Promise<T>;
    },
  ): Promise<T | undefined> {
    const work = async (): Promise<T | undefined> => {
      if (this.#proven === 'wrong' || stream.length === 0) return undefined;
      this.#waiting += 1;
      const id = await this.#import(stream, item);
      const moved = id === undefined ? undefined : await item.move(id);
      this.#waiting -= 1;
      return moved;
    };
    if (this.#proven !== 'unknown') return work();
    const turn = this.#last.then(work, work);
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  /** Takes away what may be left of lost answers. */
  async close(): Promise<void> {
    const { user } = this.#services;
    const others = (open.get(user) ?? 1) - 1;
    if (others > 0) open.set(user, others);
    else open.delete(user);
    if (this.#waiting === 0 || others > 0) return;
    try {
      await this.#clear();
    } catch (error) {
      // The next one who opens the mailbox does it; nobody sees the folder.
      if (!isKnownError(error)) throw error;
    }
  }

  async #import(
    stream: Buffer,
    item: {
      readonly properties: readonly SingleValueProperty[];
      readonly isRight: (id: string) => Promise<boolean>;
    },
  ): Promise<string | undefined> {
    const { client, user } = this.#services;
    const imported = await this.#send(stream);
    if (imported === undefined) return undefined;
    const body = { singleValueExtendedProperties: item.properties };
    const { id } = await client.patch(itemPath(user, 'messages', imported), body, Identified);
    if (await item.isRight(id)) {
      this.#proven = 'right';
      return id;
    }
    if (this.#proven === 'unknown') this.#proven = 'wrong';
    await this.#remove(id);
    return undefined;
  }

  /** Undefined: refused. A lost answer rejects: whether something waits in our folder does not matter. */
  async #send(stream: Buffer): Promise<string | undefined> {
    const { client } = this.#services;
    const body = { FolderId: this.#folder, Mode: 'create', Data: stream.toString('base64') };
    for (let isFirst = true; ; isFirst = false) {
      try {
        const url = await this.#address();
        const { octets } = await client.preauthorised('POST', url, { body, isRepeatable: false });
        return Imported.parse(parseJson(octets)).itemId;
      } catch (error) {
        // Not carried out: its session ended before its time.
        if (isFirst && graphProblemOf(error)?.status === 401) {
          this.#session = undefined;
          continue;
        }
        if (!(error instanceof ItemRefusedError)) throw error;
        if (this.#proven === 'unknown' && error.code === 'ITEM_REFUSED') this.#proven = 'wrong';
        return undefined;
      }
    }
  }

  async #address(): Promise<string> {
    const { client, now } = this.#services;
    if (this.#session !== undefined && this.#session.until > now()) return this.#session.url;
    const path = graphPath`/admin/exchange/mailboxes/${this.#mailbox}/createImportSession`;
    const asked = now();
    const { importUrl, expirationDateTime } = await client.post(path, undefined, Session, { isRepeatable: true });
    const expires = Date.parse(expirationDateTime);
    // Of a short one the first half is used.
    const until = Math.max(expires - renewMs, asked + (expires - asked) / 2);
    this.#session = { url: importUrl, until };
    return importUrl;
  }

  async #clear(): Promise<void> {
    const { client } = this.#services;
    const items = graphPath`/admin/exchange/mailboxes/${this.#mailbox}/folders/${this.#folder}/items`;
    const left = await client.all(`${items}?$select=id&$top=100`, Identified);
    for (const { id } of left) await this.#remove(id);
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

/** Made twice after a lost answer it is there twice, or refused: one of them is used, both are empty and hidden. */
function make(client: GraphClient, folders: string): Promise<z.infer<typeof Folder>> {
  const body = { displayName: waitingRoom, type: 'IPF.Note', singleValueExtendedProperties: [hidden] };
  return client.post(folders, body, Folder);
}

function isNotOffered(error: unknown): boolean {
  if (isKnownError(error) && error.code === 'TARGET_RIGHT_MISSING') return true;
  return error instanceof ItemRefusedError || isNotFound(error);
}
