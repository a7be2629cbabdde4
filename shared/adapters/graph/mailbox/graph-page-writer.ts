import { ItemRefusedError } from '../../../domain/errors.ts';
import type { ItemEnvelope } from '../../../domain/mail.ts';
import type { PageWriter, WriteOutcome } from '../../../ports/mail-target.ts';
import { shortTextWithoutAddresses } from '../../short-text.ts';
import type { FolderItems } from './folder-items.ts';
import type { ItemToWrite, WrittenItem } from './item-collection.ts';
import { lossInWords } from './loss-words.ts';
import type { WritingRoom } from './writing-room.ts';

interface CollectedItem {
  readonly envelope: ItemEnvelope;
  readonly chunks: Buffer[];
  readonly leave: () => void;
}

type Attempt =
  | { readonly kind: 'written'; readonly item: WrittenItem }
  /** Its user had deleted what was written of it before. */
  | { readonly kind: 'deleted' }
  | { readonly kind: 'refused'; readonly error: ItemRefusedError };

/**
 * One page of one folder. An item is collected in memory, since Graph wants it taken apart; several are written side by
 * side. After the first error that is not the item's own nothing more is begun: the window is settled then.
 */
export class GraphPageWriter implements PageWriter {
  readonly #items: FolderItems;
  readonly #room: WritingRoom;
  readonly #attempts: Promise<Attempt>[] = [];
  #current: CollectedItem | undefined;
  #failure: { readonly error: unknown } | undefined;
  /** Ids of what was in the folder when first asked for. */
  #there: Promise<ReadonlySet<string>> | undefined;

  constructor(items: FolderItems, room: WritingRoom) {
    this.#items = items;
    this.#room = room;
  }

  async begin(envelope: ItemEnvelope): Promise<void> {
    const leave = await this.#room.enter(envelope.size);
    this.#current = { envelope, chunks: [], leave };
  }

  write(octets: Uint8Array): void {
    // The source may use its buffer again.
    this.#begun().chunks.push(Buffer.from(octets));
  }

  end(): void {
    const { envelope, chunks, leave } = this.#begun();
    this.#current = undefined;
    const attempt = this.#attempt({ envelope, octets: Buffer.concat(chunks) }).finally(leave);
    // Met by `finish`.
    attempt.catch(() => undefined);
    this.#attempts.push(attempt);
  }

  /** Every item's call is answered, or given up, when it settles: nothing of the page is on its way any more. */
  async finish(): Promise<readonly WriteOutcome[]> {
    this.#current?.leave();
    const settled = await Promise.allSettled(this.#attempts);
    const attempts = settled.map((attempt) => {
      if (attempt.status === 'rejected') throw this.#failure?.error ?? attempt.reason;
      return attempt.value;
    });
    const made = attempts.flatMap((attempt) => (attempt.kind === 'written' ? [attempt.item] : []));
    const { kept } = await this.#items.replace(made);
    const { uids, uidValidity } = await this.#items.note(
      made.map(({ id, created, changeKey, key }) => ({ id, created, changeKey, ...(key === '' ? {} : { key }) })),
    );
    const uidOf = new Map(made.map(({ id }, at) => [id, uids[at]]));
    return attempts.map((attempt) => {
      if (attempt.kind === 'refused') return refusal(attempt.error);
      if (attempt.kind === 'deleted')
        return { outcome: 'written', uid: undefined, uidValidity, losses: [lossInWords('deleted-at-target')] };
      const { id, losses } = attempt.item;
      const all = kept.has(id) ? [...losses, 'both-kept'] : losses;
      return { outcome: 'written', uid: uidOf.get(id), uidValidity, losses: all.map(lossInWords) };
    });
  }

  async #attempt(item: ItemToWrite): Promise<Attempt> {
    try {
      return await this.#room.write(() => this.#write(item));
    } catch (error) {
      if (error instanceof ItemRefusedError) return { kind: 'refused', error };
      this.#failure ??= { error };
      throw error;
    }
  }

  async #write(item: ItemToWrite): Promise<Attempt> {
    if (this.#failure !== undefined) throw this.#failure.error;
    const { collection, halfDone } = this.#items;
    const key = collection.keyOf(item);
    const there = (): Promise<ReadonlySet<string>> => (this.#there ??= this.#items.idsThere());
    const fate = key === '' ? 'none' : await this.#items.fateOf(key, there);
    if (fate === 'deleted') return { kind: 'deleted' };
    const written = await collection.write(item, halfDone);
    return {
      kind: 'written',
      item: fate === 'moved' ? { ...written, losses: [...written.losses, 'both-kept'] } : written,
    };
  }

  #begun(): CollectedItem {
    if (this.#current === undefined) throw new Error('A page was written to before an item was begun.');
    return this.#current;
  }
}

function refusal({ code, message }: ItemRefusedError): WriteOutcome {
  return {
    outcome: 'refused',
    code: code === 'ITEM_TOO_LARGE' ? 'ITEM_TOO_LARGE' : 'ITEM_REFUSED',
    text: shortTextWithoutAddresses(message),
    atomic: false,
  };
}
