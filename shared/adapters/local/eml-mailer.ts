import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Mailer, MailMessage } from '../../ports/mailer.ts';
import { composeMail } from '../mail/compose-mail.ts';
import { DurableFiles } from './durable-file.ts';
import { asStorageError } from './storage-error.ts';

const longestName = 60;

/**
 * "Sends" mails into a folder, as `0001-<subject>.eml`, which every mail program opens: for a machine without a mail
 * server.
 */
export class EmlMailer implements Mailer {
  readonly #folder: string;
  readonly #from: string;
  readonly #files: DurableFiles;
  /** Settles when the mail before is written, or not. */
  #last: Promise<unknown> = Promise.resolve();

  private constructor(options: { readonly folder: string; readonly from: string; readonly files: DurableFiles }) {
    this.#folder = options.folder;
    this.#from = options.from;
    this.#files = options.files;
  }

  static async open({ dataDir, from }: { readonly dataDir: string; readonly from: string }): Promise<EmlMailer> {
    return new EmlMailer({ folder: join(dataDir, 'mail'), from, files: await DurableFiles.below(dataDir) });
  }

  async send(message: MailMessage): Promise<{ readonly id: string }> {
    const mail = await composeMail(message, this.#from);
    const written = this.#last.then(() => this.#write(mail.octets, fileName(message.subject)));
    this.#last = Promise.allSettled([written]);
    try {
      await written;
    } catch (error) {
      throw asStorageError(error);
    }
    return { id: mail.id };
  }

  /** Under the next number; one after the other, so that each number is used once. */
  async #write(octets: Uint8Array, name: string): Promise<void> {
    const numbers = (await this.#names()).map((existing) => Number.parseInt(existing, 10)).filter(Number.isInteger);
    const number = Math.max(0, ...numbers) + 1;
    await this.#files.create(join(this.#folder, `${String(number).padStart(4, '0')}-${name}.eml`), octets);
  }

  async #names(): Promise<readonly string[]> {
    await this.#files.makeFolder(this.#folder);
    return await readdir(this.#folder);
  }
}

/** Letters and digits of the subject; subjects name batches, never mailboxes or people. */
function fileName(subject: string): string {
  const words = subject
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .match(/[a-z0-9]+/g) ?? ['mail'];
  return words.join('-').slice(0, longestName);
}
