import { z } from 'zod';
import { ItemRefusedError } from '../../../../domain/errors.ts';
import { parseJson } from '../../graph-answer.ts';
import type { GraphClient } from '../../graph-client.ts';
import { graphProblemOf } from '../../graph-errors.ts';

/** A session is renewed so long before it ends: an import of 150 MB may take as long. */
const renewMs = 5 * 60_000;

const Session = z.object({ importUrl: z.string(), expirationDateTime: z.string() });
const Imported = z.object({ itemId: z.string() });

/**
 * Import sessions of one mailbox, one after the other: each takes any number of items for any folder until it expires. Its
 * address holds a token: it is in no error and no log.
 *
 * @see https://learn.microsoft.com/graph/import-exchange-mailbox-item
 */
export class ImportSession {
  readonly #client: GraphClient;
  readonly #now: () => number;
  /** Of the mailbox, below /admin/exchange. */
  readonly #mailbox: string;
  #session: { readonly url: string; readonly until: number } | undefined;

  constructor(client: GraphClient, place: { readonly mailbox: string; readonly now: () => number }) {
    this.#client = client;
    this.#mailbox = place.mailbox;
    this.#now = place.now;
  }

  /** Makes an item. A lost answer rejects: whether it is there is not known, and it is never sent again here. */
  async send(folder: string, stream: Buffer): Promise<{ readonly id: string } | 'refused' | 'too-large'> {
    const body = { FolderId: folder, Mode: 'create', Data: stream.toString('base64') };
    for (let isFirst = true; ; isFirst = false) {
      try {
        const url = await this.address();
        const { octets } = await this.#client.preauthorised('POST', url, { body, isRepeatable: false });
        return { id: Imported.parse(parseJson(octets)).itemId };
      } catch (error) {
        // Not carried out: its session ended before its time.
        if (isFirst && graphProblemOf(error)?.status === 401) {
          this.#session = undefined;
          continue;
        }
        if (!(error instanceof ItemRefusedError)) throw error;
        return error.code === 'ITEM_REFUSED' ? 'refused' : 'too-large';
      }
    }
  }

  /** Of a session that is good for a while. */
  async address(): Promise<string> {
    if (this.#session !== undefined && this.#session.until > this.#now()) return this.#session.url;
    const asked = this.#now();
    const path = `${this.#mailbox}/createImportSession`;
    const { importUrl, expirationDateTime } = await this.#client.post(path, undefined, Session, { isRepeatable: true });
    const expires = Date.parse(expirationDateTime);
    // Of a short one the first half is used.
    const until = Math.max(expires - renewMs, asked + (expires - asked) / 2);
    this.#session = { url: importUrl, until };
    return importUrl;
  }
}
