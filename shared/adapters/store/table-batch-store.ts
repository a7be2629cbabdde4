import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { AuditEntry } from '../../domain/audit.ts';
import { Batch } from '../../domain/batch.ts';
import { Endpoint } from '../../domain/endpoint.ts';
import { ConflictError } from '../../domain/errors.ts';
import { KeptNumbers } from '../../domain/kept-numbers.ts';
import { MailRecord } from '../../domain/mail-record.ts';
import { MailboxJob } from '../../domain/mailbox-job.ts';
import { PairItem } from '../../domain/pair.ts';
import { RemovedBatch } from '../../domain/removed-batch.ts';
import { TimelineEntry } from '../../domain/timeline.ts';
import type { BatchStore } from '../../ports/batch-store.ts';
import { absent, all, any, equal, less } from './state-table.ts';
import type { Attributes, ItemKey, StateTable, StoredItem } from './state-table.ts';

/** What a pair keeps between pages is written with every page: it must not grow with the mailbox. */
const pairItemLimit = 4096;

/** Items in flight at a time where many are read or written one by one. */
const parallel = 50;

/** A mail is sent once, and once more where the first sending was cut off. */
const mailAttempts = 2;

/** What a slot item holds; `expiresAt` (epoch seconds) is the table's time-to-live attribute. */
const Slot = z.object({ holder: z.string(), until: z.int(), expiresAt: z.int() });
/** A lapsed slot is of no use; a day leaves time to look at it. */
const slotKeptSeconds = 86_400;

const Claim = z.object({ batch: z.string() });
const ClaimMark = z.object({ key: z.string() });
const SealedPassword = z.object({ sealed: z.string() });
/** `stamp` is another one after every write: the definition itself has nothing that a condition could compare. */
const StoredEndpoint = z
  .looseObject({ stamp: z.string().default('') })
  .transform(({ stamp, ...endpoint }) => ({ stamp, endpoint: Endpoint.parse(endpoint) }));
const StoredMail = MailRecord.extend({ claim: z.string().optional() });

const partitions = {
  endpoints: 'ENDPOINTS',
  batches: 'BATCHES',
  numbers: 'NUMBERS',
  removedBatches: 'REMOVED',
  batch: (name: string) => `BATCH#${name}`,
  /** Apart from the batch's own: it outlives them. */
  audit: (batch: string) => `AUDIT#${batch}`,
  timeline: (batch: string) => `TIMELINE#${batch}`,
  endpoint: (name: string) => `ENDPOINT#${name}`,
  claim: (key: string) => `CLAIM#${key}`,
  pair: (id: string) => `PAIR#${id}`,
};
const endpointKey = (name: string): ItemKey => ({ partition: partitions.endpoints, sort: name });
const batchKey = (name: string): ItemKey => ({ partition: partitions.batches, sort: name });
const numbersKey = (batch: string): ItemKey => ({ partition: partitions.numbers, sort: batch });
const jobKey = (batch: string, id: string): ItemKey => ({ partition: partitions.batch(batch), sort: `JOB#${id}` });
const claimKey = (key: string): ItemKey => ({ partition: partitions.claim(key), sort: 'CLAIM' });
const claimMarkKey = (batch: string, key: string): ItemKey => ({
  partition: partitions.batch(batch),
  sort: `CLAIM#${key}`,
});
const pairKey = (id: string): ItemKey => ({ partition: partitions.pair(id), sort: 'PASS' });
const slotKey = (endpoint: string, slot: number): ItemKey => ({
  partition: partitions.endpoint(endpoint),
  sort: `SLOT#${String(slot).padStart(3, '0')}`,
});
const mailKey = (mail: Pick<MailRecord, 'batch' | 'kind' | 'occasion'>): ItemKey => ({
  partition: partitions.batch(mail.batch),
  sort: `MAIL#${mail.kind}#${mail.occasion}`,
});
const removedBatchKey = (name: string): ItemKey => ({ partition: partitions.removedBatches, sort: name });
/** By time first, so that a query reads them in order. */
const auditKey = ({ batch, at, id }: Pick<AuditEntry, 'batch' | 'at' | 'id'>): ItemKey => ({
  partition: partitions.audit(batch),
  sort: `${at}#${id}`,
});
/** Encoded, an id has no `#`: no job's prefix is the beginning of another's. */
const timelinePrefix = (job: string) => `${encodeURIComponent(job)}#`;
const timelineKey = (batch: string, job: string, version: number): ItemKey => ({
  partition: partitions.timeline(batch),
  sort: timelinePrefix(job) + String(version).padStart(10, '0'),
});
const passwordKey = (context: string): ItemKey => ({ partition: context, sort: 'PASSWORD' });

/**
 * The batch store, once, over any state table. Every write is one conditional write of one item; where its condition
 * fails, the item that stands there is compared with what was to be written, because an SDK repeats a request whose
 * reply was lost and the first one may have taken place.
 */
export class TableBatchStore implements BatchStore {
  readonly #state: StateTable;
  readonly #passwords: StateTable;
  #lastWriteNumber = 0;

  /** `passwords` is a table of its own: backups of the state hold no password, sealed or not. */
  constructor(tables: { readonly state: StateTable; readonly passwords: StateTable }) {
    this.#state = tables.state;
    this.#passwords = tables.passwords;
  }

  async putEndpoint(endpoint: Endpoint): Promise<void> {
    await this.#state.put(endpointKey(endpoint.name), stamped(endpoint));
  }

  async replaceEndpoint(seen: Endpoint, next: Endpoint): Promise<boolean> {
    const key = endpointKey(seen.name);
    const present = parsed(StoredEndpoint, await this.#state.get(key));
    if (present === undefined || !same(present.endpoint, seen)) return false;
    const write = await this.#state.put(key, stamped(next), equal('stamp', present.stamp));
    return write.outcome === 'written' || same(parsed(StoredEndpoint, write.item)?.endpoint, next);
  }

  async getEndpoint(name: string): Promise<Endpoint | undefined> {
    return parsed(StoredEndpoint, await this.#state.get(endpointKey(name)))?.endpoint;
  }

  async listEndpoints(): Promise<readonly Endpoint[]> {
    const found = await allOf(this.#state.query(partitions.endpoints, ''), StoredEndpoint);
    return found.map(({ endpoint }) => endpoint);
  }

  async removeEndpoint(name: string): Promise<void> {
    await this.#state.remove(endpointKey(name));
  }

  async createBatch(batch: Batch): Promise<void> {
    const write = await this.#state.put(batchKey(batch.name), batch, absent);
    if (write.outcome === 'refused' && !same(parsed(Batch, write.item), batch)) {
      throw new ConflictError({ code: 'BATCH_EXISTS', message: `There is a batch named ${batch.name} already.` });
    }
  }

  async getBatch(name: string): Promise<Batch | undefined> {
    return parsed(Batch, await this.#state.get(batchKey(name)));
  }

  async listBatches(): Promise<readonly Batch[]> {
    return await allOf(this.#state.query(partitions.batches, ''), Batch);
  }

  async saveBatch(batch: Batch): Promise<Batch> {
    const next = { ...batch, version: batch.version + 1 };
    const write = await this.#state.put(batchKey(batch.name), next, equal('version', batch.version));
    if (write.outcome === 'refused' && !same(parsed(Batch, write.item), next)) {
      throw stateChanged(`batch ${batch.name}`);
    }
    return next;
  }

  async removeBatch(name: string): Promise<void> {
    await this.#state.remove(numbersKey(name));
    await this.#state.remove(batchKey(name));
  }

  async keptNumbers(): Promise<ReadonlyMap<string, KeptNumbers>> {
    const kept = new Map<string, KeptNumbers>();
    for await (const page of this.#state.query(partitions.numbers, ''))
      for (const { key, item } of page) kept.set(key.sort, KeptNumbers.parse(item));
    return kept;
  }

  async keepNumbers(batch: string, numbers: KeptNumbers): Promise<void> {
    await this.#state.put(numbersKey(batch), numbers);
  }

  async createJob(job: MailboxJob): Promise<{ readonly outcome: 'created' | 'exists'; readonly job: MailboxJob }> {
    const write = await this.#state.put(jobKey(job.batch, job.id), job, absent);
    if (write.outcome === 'written') return { outcome: 'created', job };
    const found = MailboxJob.parse(write.item);
    return { outcome: same(found, job) ? 'created' : 'exists', job: found };
  }

  async getJob(batch: string, id: string): Promise<MailboxJob | undefined> {
    return parsed(MailboxJob, await this.#state.get(jobKey(batch, id)));
  }

  async *jobs(batch: string, from = ''): AsyncIterable<MailboxJob> {
    for await (const page of this.#state.query(partitions.batch(batch), 'JOB#', `JOB#${from}`)) {
      for (const { item } of page) yield MailboxJob.parse(item);
    }
  }

  async saveJob(job: MailboxJob): Promise<MailboxJob> {
    const next = { ...job, version: job.version + 1 };
    const write = await this.#state.put(jobKey(job.batch, job.id), next, equal('version', job.version));
    if (write.outcome === 'refused' && !same(parsed(MailboxJob, write.item), next)) {
      throw stateChanged(`mailbox job ${job.id} of batch ${job.batch}`);
    }
    return next;
  }

  async removeJob(batch: string, id: string): Promise<void> {
    await this.#removeAll(this.#state.query(partitions.timeline(batch), timelinePrefix(id)));
    await this.#state.remove(jobKey(batch, id));
  }

  async putTimelineEntry(batch: string, job: string, entry: TimelineEntry): Promise<void> {
    await this.#state.put(timelineKey(batch, job, entry.version), entry);
  }

  async *timelineOf(batch: string, job: string): AsyncIterable<TimelineEntry> {
    for await (const page of this.#state.query(partitions.timeline(batch), timelinePrefix(job))) {
      for (const { item } of page) yield TimelineEntry.parse(item);
    }
  }

  async appendAudit(entry: AuditEntry): Promise<void> {
    const write = await this.#state.put(auditKey(entry), entry, absent);
    if (write.outcome === 'refused' && !same(parsed(AuditEntry, write.item), entry)) {
      throw stateChanged(`the audit trail of batch ${entry.batch}`);
    }
  }

  async *auditOf(batch: string): AsyncIterable<AuditEntry> {
    for await (const page of this.#state.query(partitions.audit(batch), '')) {
      for (const { item } of page) yield AuditEntry.parse(item);
    }
  }

  async removeAudit(batch: string): Promise<void> {
    await this.#removeAll(this.#state.query(partitions.audit(batch), ''));
  }

  async putRemovedBatch(batch: RemovedBatch): Promise<void> {
    await this.#state.put(removedBatchKey(batch.name), batch);
  }

  async listRemovedBatches(): Promise<readonly RemovedBatch[]> {
    return await allOf(this.#state.query(partitions.removedBatches, ''), RemovedBatch);
  }

  async dropRemovedBatch(name: string): Promise<void> {
    await this.#state.remove(removedBatchKey(name));
  }

  async #removeAll(pages: AsyncIterable<readonly StoredItem[]>): Promise<void> {
    for await (const items of groups(pages)) {
      await Promise.all(items.map(({ key }) => this.#state.remove(key)));
    }
  }

  /**
   * Two items, as a write is one item: first a mark under the batch, by which its claims are found, then the claim
   * itself, which alone decides. A mark whose claim another batch holds is left: `claimsOf` looks at the claims, and
   * removing the mark could take away that of a later attempt which succeeded.
   */
  async claim(
    key: string,
    batch: string,
  ): Promise<{ readonly outcome: 'held' } | { readonly outcome: 'held-by-other'; readonly batch: string }> {
    await this.#state.put(claimMarkKey(batch, key), { key });
    const free = any(absent, equal('batch', batch));
    const write = await this.#state.put(claimKey(key), { batch }, free);
    if (write.outcome === 'written') return { outcome: 'held' };
    const holder = parsed(Claim, write.item)?.batch;
    // The holder released it between the refusal and the look at the item.
    if (holder === undefined) return await this.claim(key, batch);
    return holder === batch ? { outcome: 'held' } : { outcome: 'held-by-other', batch: holder };
  }

  async release(key: string, batch: string): Promise<void> {
    await this.#state.remove(claimKey(key), equal('batch', batch));
  }

  async *claimsOf(batch: string): AsyncIterable<string> {
    const held = async (key: string) => parsed(Claim, await this.#state.get(claimKey(key)))?.batch === batch;
    for await (const marks of groups(this.#state.query(partitions.batch(batch), 'CLAIM#'))) {
      const keys = marks.map(({ item }) => ClaimMark.parse(item).key);
      const holds = await Promise.all(keys.map(held));
      yield* keys.filter((_, position) => holds[position]);
    }
  }

  async getPair(id: string): Promise<PairItem | undefined> {
    return parsed(PairItem, await this.#state.get(pairKey(id)));
  }

  async takeLease(request: {
    readonly id: string;
    readonly source: string;
    readonly target: string;
    readonly holder: string;
    readonly now: number;
    readonly leaseUntil: number;
  }): Promise<PairItem | undefined> {
    const { id, source, target, holder, leaseUntil } = request;
    const newPair = { schema: 1, id, source, target, pass: null, ledgerHead: null, index: null } as const;
    const write = await this.#state.update(
      pairKey(id),
      {
        add: { token: 1 },
        set: { holder, leaseUntil, writeNumber: 0 },
        initial: { ...(newPair satisfies Omit<PairItem, 'token' | 'holder' | 'leaseUntil'>), head: headText(null) },
      },
      any(absent, less('leaseUntil', request.now)),
    );
    const pair = parsed(PairItem, write.item);
    if (write.outcome === 'written') return pair;
    // Ours already, and the reply was lost: `holder` is unique to this attempt.
    return pair?.holder === holder && pair.leaseUntil === leaseUntil ? pair : undefined;
  }

  async savePair(pair: PairItem, expectedHead: PairItem['ledgerHead']): Promise<PairItem> {
    const size = Buffer.byteLength(JSON.stringify(pair));
    if (size > pairItemLimit) {
      throw new RangeError(`The item of pair ${pair.id} would have ${size} octets; the limit is ${pairItemLimit}.`);
    }
    const writeNumber = this.#nextWriteNumber();
    const write = await this.#state.put(
      pairKey(pair.id),
      { ...pair, head: headText(pair.ledgerHead), writeNumber },
      all(equal('token', pair.token), equal('head', headText(expectedHead)), less('writeNumber', writeNumber)),
    );
    if (write.outcome === 'written') return pair;
    const found = parsed(PairItem, write.item);
    // A renewal may have run between our write, whose reply was lost, and its repetition.
    if (found !== undefined && same({ ...found, leaseUntil: pair.leaseUntil }, pair)) return found;
    throw leaseLost(pair.id);
  }

  async renewLease(id: string, token: number, leaseUntil: number): Promise<void> {
    const longer = all(equal('token', token), less('leaseUntil', leaseUntil));
    const write = await this.#state.update(pairKey(id), { set: { leaseUntil } }, longer);
    if (write.outcome === 'written') return;
    const found = parsed(PairItem, write.item);
    // As long already: a later renewal came first, or our own took place and its reply was lost.
    if (found?.token !== token || found.leaseUntil < leaseUntil) throw leaseLost(id);
  }

  /**
   * Rises with every call in this process: a request that the SDK gave up, and repeated, may still arrive after the next
   * write of the same holder, which has the same token and often the same head, and must not undo it. The one clock that
   * other processes share comes first, so that a second store in the place of this one goes on above it.
   */
  #nextWriteNumber(): number {
    const microseconds = Math.floor((performance.timeOrigin + performance.now()) * 1000);
    this.#lastWriteNumber = Math.max(this.#lastWriteNumber + 1, microseconds);
    return this.#lastWriteNumber;
  }

  async takeSlot(request: {
    readonly endpoint: string;
    readonly slots: number;
    readonly holder: string;
    readonly now: number;
    readonly until: number;
  }): Promise<number | undefined> {
    const { endpoint, holder } = request;
    const taken = await this.#slots(endpoint);
    const own = [...taken].filter(([, slot]) => slot.holder === holder).map(([number]) => number);
    for (const number of [...own, ...freeSlots(taken, request)]) {
      if (number >= request.slots || !(await this.#takeSlot(number, request))) continue;
      await Promise.all(
        own.filter((other) => other !== number).map((other) => this.releaseSlot(endpoint, other, holder)),
      );
      return number;
    }
    return undefined;
  }

  async #takeSlot(
    number: number,
    request: { readonly endpoint: string; readonly holder: string; readonly now: number; readonly until: number },
  ): Promise<boolean> {
    const { endpoint, holder, now, until } = request;
    const expiresAt = Math.ceil(until / 1000) + slotKeptSeconds;
    const free = any(absent, less('until', now), equal('holder', holder));
    const write = await this.#state.put(slotKey(endpoint, number), { holder, until, expiresAt }, free);
    return write.outcome === 'written';
  }

  async #slots(endpoint: string): Promise<ReadonlyMap<number, z.infer<typeof Slot>>> {
    const slots = new Map<number, z.infer<typeof Slot>>();
    for await (const page of this.#state.query(partitions.endpoint(endpoint), 'SLOT#')) {
      for (const { key, item } of page) slots.set(Number(key.sort.slice('SLOT#'.length)), Slot.parse(item));
    }
    return slots;
  }

  async releaseSlot(endpoint: string, slot: number, holder: string): Promise<void> {
    await this.#state.remove(slotKey(endpoint, slot), equal('holder', holder));
  }

  async slotsInUse(endpoint: string, now: number): Promise<number> {
    const slots = await this.#slots(endpoint);
    return [...slots.values()].filter((slot) => slot.until >= now).length;
  }

  async endAllLeases(): Promise<void> {
    for await (const slots of groups(this.#state.scan(partitions.endpoint('')))) {
      await Promise.all(slots.map(({ key }) => this.#state.remove(key)));
    }
    for await (const pairs of groups(this.#state.scan(partitions.pair('')))) {
      const held = pairs.filter(({ item }) => item['leaseUntil'] !== 0);
      await Promise.all(held.map(({ key }) => this.#state.update(key, { set: { leaseUntil: 0 } })));
    }
  }

  async putSealedPassword(context: string, sealed: string): Promise<void> {
    await this.#passwords.put(passwordKey(context), { sealed });
  }

  async getSealedPassword(context: string): Promise<string | undefined> {
    return parsed(SealedPassword, await this.#passwords.get(passwordKey(context)))?.sealed;
  }

  async removeSealedPassword(context: string): Promise<void> {
    await this.#passwords.remove(passwordKey(context));
  }

  async claimMail(mail: MailRecord, now: number, openForMs: number): Promise<'send' | 'repeat' | 'done'> {
    // Tells our own write from that of another who claims the same mail in the same millisecond.
    const claim = randomUUID();
    const claimed = { ...mail, outcome: 'claimed', claimedAt: now, attempts: 1, claim };
    const first = await this.#state.put(mailKey(mail), claimed, absent);
    if (first.outcome === 'written') return 'send';
    const found = parsed(StoredMail, first.item);
    if (found?.claim === claim) return 'send';
    if (found === undefined) return await this.claimMail(mail, now, openForMs);
    const open = found.outcome === 'claimed' && found.claimedAt + openForMs <= now && found.attempts < mailAttempts;
    if (!open) return 'done';
    const again = { ...claimed, attempts: found.attempts + 1 };
    const second = await this.#state.put(
      mailKey(mail),
      again,
      all(equal('outcome', 'claimed'), equal('attempts', found.attempts)),
    );
    return second.outcome === 'written' || second.item?.['claim'] === claim ? 'repeat' : 'done';
  }

  /** A mail that was sent stays sent, even where an earlier, slower attempt reports a failure after it. */
  async recordMail(mail: MailRecord): Promise<void> {
    const { outcome, detail, ...rest } = mail;
    const unsent = any(absent, equal('outcome', 'claimed'), equal('outcome', 'failed'));
    await this.#state.update(
      mailKey(mail),
      { set: { outcome, detail }, initial: rest },
      outcome === 'sent' ? undefined : unsent,
    );
  }

  async mailsOf(batch: string): Promise<readonly MailRecord[]> {
    return await allOf(this.#state.query(partitions.batch(batch), 'MAIL#'), MailRecord);
  }

  async removeMails(batch: string): Promise<void> {
    await this.#removeAll(this.#state.query(partitions.batch(batch), 'MAIL#'));
  }
}

/** Free slots in an order of chance, so that many takers at once do not all try the same one first. */
function freeSlots(
  taken: ReadonlyMap<number, { readonly until: number }>,
  { slots, now }: { readonly slots: number; readonly now: number },
): readonly number[] {
  const free = Array.from({ length: slots }, (_, number) => number).filter((number) => {
    const slot = taken.get(number);
    return slot === undefined || slot.until < now;
  });
  const start = Math.floor(Math.random() * free.length);
  return [...free.slice(start), ...free.slice(0, start)];
}

function stamped(endpoint: Endpoint): Attributes {
  return { ...endpoint, stamp: randomUUID() };
}

/** The head of the ledger as an attribute that a condition can compare. */
function headText(head: PairItem['ledgerHead']): string {
  return head === null ? '' : `${head.key} ${head.sha256}`;
}

function parsed<Schema extends z.ZodType>(schema: Schema, item: Attributes | undefined): z.infer<Schema> | undefined {
  return item === undefined ? undefined : schema.parse(item);
}

async function allOf<Schema extends z.ZodType>(
  pages: AsyncIterable<readonly StoredItem[]>,
  schema: Schema,
): Promise<z.infer<Schema>[]> {
  const found: z.infer<Schema>[] = [];
  for await (const page of pages) found.push(...page.map(({ item }) => schema.parse(item)));
  return found;
}

/** The items of the pages in groups that are small enough to be worked on at a time. */
async function* groups(pages: AsyncIterable<readonly StoredItem[]>): AsyncIterable<readonly StoredItem[]> {
  for await (const page of pages) {
    for (let start = 0; start < page.length; start += parallel) yield page.slice(start, start + parallel);
  }
}

/** Equal as stored: what is undefined is not there. */
function same(found: unknown, wanted: unknown): boolean {
  return found !== undefined && isDeepStrictEqual(plain(found), plain(wanted));
}

function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

function stateChanged(what: string): ConflictError {
  return new ConflictError({ code: 'STATE_CHANGED', message: `Somebody else changed ${what} in the meantime.` });
}

function leaseLost(pair: string): ConflictError {
  return new ConflictError({ code: 'LEASE_LOST', message: `Another worker has taken the lease of pair ${pair}.` });
}
