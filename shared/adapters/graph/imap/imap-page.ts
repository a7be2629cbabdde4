import type { ItemEnvelope } from '../../../domain/mail.ts';
import type { PageWriter, WriteOutcome } from '../../../ports/mail-target.ts';
import { acceptableMessage } from './acceptable-message.ts';

export interface PageEnd {
  /** Flags messages anew; of those that are flagged and were written, where the server told their UIDs. */
  readonly flagAnew: (uids: readonly number[]) => Promise<void>;
}

/**
 * Writes a page to Exchange Online. A message is held until it is whole, since what is changed of it changes its size,
 * which goes in front of it.
 *
 * \Flagged goes with the APPEND, and is taken and given again by STORE behind it: set by APPEND alone, Outlook may not
 * show it (imapsync's FAQ.Office365). A connection that is lost in between leaves the message with its flag.
 */
export class ImapPage implements PageWriter {
  readonly #inner: PageWriter;
  readonly #end: PageEnd;
  readonly #chunks: Buffer[] = [];
  readonly #messages: { readonly isFlagged: boolean; changes: readonly string[] }[] = [];
  #envelope: ItemEnvelope | undefined;

  constructor(inner: PageWriter, end: PageEnd) {
    this.#inner = inner;
    this.#end = end;
  }

  begin(envelope: ItemEnvelope): void {
    this.#envelope = envelope;
    this.#chunks.length = 0;
  }

  write(octets: Uint8Array): void {
    // Chunks are only valid during the call.
    this.#chunks.push(Buffer.from(octets));
  }

  async end(): Promise<void> {
    const envelope = this.#envelope;
    if (envelope === undefined) throw new Error('An item was ended before it was begun.');
    const { octets, changes } = acceptableMessage(Buffer.concat(this.#chunks));
    this.#chunks.length = 0;
    this.#messages.push({ isFlagged: envelope.flags.some(isFlagged), changes });
    // Keywords become categories on every message, or are refused; \Recent is the server's own.
    const flags = envelope.flags.filter((flag) => isTaken(flag));
    await this.#inner.begin({ ...envelope, flags, size: octets.length });
    await this.#inner.write(octets);
    await this.#inner.end();
  }

  async finish(): Promise<readonly WriteOutcome[]> {
    const outcomes = await this.#inner.finish();
    const uids = outcomes.flatMap((outcome, at) =>
      outcome.outcome === 'written' && outcome.uid !== undefined && this.#messages[at]?.isFlagged === true
        ? [outcome.uid]
        : [],
    );
    if (uids.length > 0) await this.#end.flagAnew(uids);
    return outcomes.map((outcome, at) => {
      const changes = this.#messages[at]?.changes ?? [];
      return outcome.outcome === 'written' && changes.length > 0 ? { ...outcome, losses: changes } : outcome;
    });
  }
}

function isFlagged(flag: string): boolean {
  return flag.toLowerCase() === '\\flagged';
}

const taken = ['\\seen', '\\answered', '\\flagged', '\\deleted', '\\draft'];

function isTaken(flag: string): boolean {
  return taken.includes(flag.toLowerCase());
}
