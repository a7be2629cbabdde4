import { ItemRefusedError } from '../../domain/errors.ts';
import type { ItemEnvelope } from '../../domain/mail.ts';
import type { PageWriter, WriteOutcome } from '../../ports/mail-target.ts';
import type { FolderSession } from './folder-session.ts';
import { type ImapServerName, replyError, translating } from './imap-errors.ts';
import { type AppendOutcome, AppendWriter } from './protocol/append-writer.ts';
import { shortText } from '../short-text.ts';

/** One page of one folder, written by MULTIAPPEND or by single APPENDs behind each other. */
export class ImapPageWriter implements PageWriter {
  readonly #session: FolderSession;
  readonly #folder: string;
  readonly #server: ImapServerName;
  #writer: AppendWriter | undefined;

  constructor(session: FolderSession, about: { readonly folder: string; readonly server: ImapServerName }) {
    this.#session = session;
    this.#folder = about.folder;
    this.#server = about.server;
  }

  begin(envelope: ItemEnvelope): void | Promise<void> {
    if (this.#writer === undefined) {
      return translating(this.#server, () => this.#begin(envelope));
    }
    const wait = this.#writer.message(envelope);
    return wait === undefined ? undefined : translating(this.#server, () => wait);
  }

  write(octets: Uint8Array): void | Promise<void> {
    const wait = this.#begun().write(octets);
    return wait === undefined ? undefined : translating(this.#server, () => wait);
  }

  end(): void {
    this.#begun().endMessage();
  }

  finish(): Promise<readonly WriteOutcome[]> {
    const writer = this.#writer;
    if (writer === undefined) {
      return Promise.resolve([]);
    }
    return translating(this.#server, async () =>
      (await writer.finish()).flatMap((command) => outcomesOf(command, this.#server)),
    );
  }

  async #begin(envelope: ItemEnvelope): Promise<void> {
    const { connection } = this.#session;
    if (!connection.capabilities.has('MULTIAPPEND')) {
      // Dovecot opens the mailbox anew for each APPEND unless it is the selected one: a third of the work on a big Maildir.
      this.#session.select(this.#folder);
    }
    this.#writer = await AppendWriter.begin(connection, this.#folder);
    await this.#writer.message(envelope);
  }

  #begun(): AppendWriter {
    if (this.#writer === undefined) {
      throw new Error('A page was written to before an item was begun.');
    }
    return this.#writer;
  }
}

/** Every item of one APPEND command shares its fate. Throws what concerns the mailbox, not the item. */
function outcomesOf({ messages, reply, uids, uidValidity }: AppendOutcome, server: ImapServerName): WriteOutcome[] {
  const each = Array.from({ length: messages }, (_, index) => index);
  if (reply.status === 'OK') {
    return each.map((index) => ({ outcome: 'written', uid: uids[index], uidValidity }));
  }
  const error = replyError('APPEND', reply, server);
  if (!(error instanceof ItemRefusedError)) {
    throw error;
  }
  const code = error.code === 'ITEM_TOO_LARGE' ? 'ITEM_TOO_LARGE' : 'ITEM_REFUSED';
  return each.map(() => ({ outcome: 'refused', code, text: shortText(reply.text), atomic: messages > 1 }));
}
