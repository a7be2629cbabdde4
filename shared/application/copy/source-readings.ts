import { z } from 'zod';
import { isKnownError } from '../../domain/errors.ts';
import { blamed, givenUp } from './blame.ts';
import type { CopyContext } from './copy-context.ts';
import { DigestedItem, DigestingSink, type Dated } from './digest-items.ts';
import { readNamed, storeNamed } from './ledger.ts';
import type { PassPlan, PlannedFolder } from './pass-plan.ts';

const Readings = z.array(z.object({ folder: z.int(), items: z.array(DigestedItem) }));

interface FolderOfPlan {
  readonly folder: PlannedFolder;
  readonly folderIndex: number;
}

/**
 * Source items that were read, whole, to find out whether the target has them. They are kept until a page is committed:
 * so each attempt comes further than the one before, however soon the line to the source breaks.
 */
export class SourceReadings {
  readonly #context: CopyContext;
  readonly #plan: PassPlan;
  /** By the number of the folder in the plan, and by UID. */
  readonly #readings: Map<number, ReadonlyMap<number, DigestedItem>>;
  /** Of the object that has all of them; null: there is none, or some were read since. */
  #key: string | null;

  private constructor(
    context: CopyContext,
    plan: PassPlan,
    { key, kept }: { readonly key: string | null; readonly kept: z.infer<typeof Readings> },
  ) {
    this.#context = context;
    this.#plan = plan;
    this.#readings = new Map(kept.map(({ folder, items }) => [folder, new Map(items.map((item) => [item.uid, item]))]));
    this.#key = key;
  }

  static async load(context: CopyContext, plan: PassPlan): Promise<SourceReadings> {
    const key = context.lease.pass.digested ?? null;
    const kept = key === null ? [] : await readNamed(context.services.objects, key, Readings);
    return new SourceReadings(context, plan, { key, kept });
  }

  /**
   * Reads what was not read yet, but for items that were given up; what is gone is left out. Where the line breaks over an
   * item it is blamed: what stops the copying of a page must not stop, each time, whoever finds out what became of it.
   */
  async digest(place: FolderOfPlan, items: readonly Dated[]): Promise<DigestedItem[]> {
    const { folderIndex } = place;
    const { pass } = this.#context.lease;
    const { suspect } = pass;
    const known = this.#of(folderIndex);
    const hopeless = givenUp(pass, folderIndex);
    // As they come from a server: the one after the last that came is the one that it broke over.
    const unread = items.filter(({ uid }) => !hopeless.has(uid) && !known.has(uid)).sort((a, b) => a.uid - b.uid);
    // Alone, since a line that breaks may take with it what came before: an item is not to be blamed for those behind it.
    const isSuspect = ({ uid }: Dated): boolean => suspect?.folder === folderIndex && suspect.uid === uid;
    await this.#read(place, unread.filter(isSuspect));
    await this.#read(
      place,
      unread.filter((item) => !isSuspect(item)),
    );
    return items.flatMap(({ uid }) => this.#of(folderIndex).get(uid) ?? []);
  }

  async #read({ folder, folderIndex }: FolderOfPlan, items: readonly Dated[]): Promise<void> {
    if (items.length === 0) return;
    const sink = new DigestingSink(this.#context, items);
    const request = { uidValidity: folder.state.uidValidity, uids: items.map(({ uid }) => uid) };
    try {
      await this.#context.source.readItems(folder.source, request, sink);
    } catch (error) {
      this.#add(folderIndex, sink.digested);
      const broke = isKnownError(error) && ['SOURCE_CONNECTION_LOST', 'SERVER_MISBEHAVES'].includes(error.code);
      await this.#leave(folderIndex, broke && !this.#context.signal.aborted ? sink.uid : undefined);
      throw error;
    }
    this.#add(folderIndex, sink.digested);
  }

  #of(folder: number): ReadonlyMap<number, DigestedItem> {
    return this.#readings.get(folder) ?? new Map<number, DigestedItem>();
  }

  #add(folder: number, items: readonly DigestedItem[]): void {
    if (items.length === 0) return;
    this.#key = null;
    this.#readings.set(folder, new Map([...this.#of(folder), ...items.map((item) => [item.uid, item] as const)]));
  }

  /** What was read is kept whatever ended the reading, a slice's time too; `over`: the item that the line broke over. */
  async #leave(folder: number, over: number | undefined): Promise<void> {
    const { lease } = this.#context;
    if (lease.lost.aborted) return;
    const blame = over === undefined ? {} : blamed(lease.pass, { folder, uid: over });
    const digested = await this.keep();
    if (over === undefined && digested === (lease.pass.digested ?? null)) return;
    await lease.update({ pass: { ...blame, digested } });
  }

  /** Stores them for the PASS item to name, where any were read since; null: there are none. */
  async keep(): Promise<string | null> {
    if (this.#key !== null || this.#readings.size === 0) return this.#key;
    const { lease, services } = this.#context;
    const readings = [...this.#readings].map(([folder, items]) => ({ folder, items: [...items.values()] }));
    const name = `${this.#plan.prefix}/digested-${String(lease.pair.token)}`;
    this.#key = await storeNamed(services.objects, name, readings);
    return this.#key;
  }
}
