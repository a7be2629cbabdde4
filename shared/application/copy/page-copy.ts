import {
  canonicalDigest,
  canonicalForm,
  fingerprint,
  FingerprintKey,
  ItemDigester,
  type ItemDigest,
} from '../../domain/item-digest.ts';
import { ConflictError } from '../../domain/errors.ts';
import { writableInternalDate } from '../../domain/internal-date.ts';
import type { ItemRecord } from '../../domain/ledger.ts';
import type { ItemListing, TargetProfile } from '../../domain/mail.ts';
import type { ResolvedOptions } from '../../domain/options.ts';
import type { ItemSink, UnreadableItem } from '../../ports/mail-source.ts';
import type { PageWriter, WriteOutcome } from '../../ports/mail-target.ts';
import type { CopyContext } from './copy-context.ts';
import { inWords, lossyRecord } from './losses.ts';
import type { AlreadyThere, Page, PageItem } from './page.ts';

/** A page whose octets were all read and whose fate at the target is known. */
export interface CopiedPage {
  readonly page: Page;
  readonly records: readonly ItemRecord[];
  /** False where the source delivered the items in another order than that of their UIDs, in which the records are. */
  readonly inOrder: boolean;
}

/** What was learnt of an item while it was read. */
interface ReadItem {
  readonly digest: ItemDigest;
  readonly fingerprint: string;
  readonly certain: boolean;
}

/** The system flags of RFC 9051 section 2.3.2 that a client may set. */
const systemFlags = ['\\seen', '\\answered', '\\flagged', '\\deleted', '\\draft'];

/**
 * Copies one page: streams its items from the source's socket to the target's. `begun` resolves when the intent that
 * names the page is durable: not an octet is sent before.
 */
export async function copyPage(context: CopyContext, page: Page, sending: PageSending): Promise<CopiedPage> {
  const { maxItemBytes } = context.options;
  const wanted = page.items.filter(
    (item) => item.skip === null && !page.already.has(item.listing.uid) && !page.stops.has(item.listing.uid),
  );
  if (wanted.length === 0) {
    await sending.begun;
    return { page, records: page.items.map((item) => recordOf(page, item, { maxItemBytes })), inOrder: true };
  }
  const sink = new PageSink(context, page, sending);
  const uids = wanted.map((item) => item.listing.uid);
  const { unreadable } = await context.source
    .readItems(page.folder.source, { uidValidity: page.folder.state.uidValidity, uids }, sink)
    .catch((error: unknown) => {
      // Pages behind this one wait for the target's sending side: kept, they and whoever waits for them wait for ever.
      sink.giveWay();
      throw error;
    });
  const outcomes = await sink.finish();
  const unreadables = new Map(unreadable.map((item) => [item.uid, item]));
  return {
    page,
    records: page.items.map((item) =>
      recordOf(page, item, {
        maxItemBytes,
        read: sink.read.get(item.listing.uid),
        outcome: outcomes.get(item.listing.uid),
        unreadable: unreadables.get(item.listing.uid),
      }),
    ),
    inOrder: sink.sent.every((uid, at) => uid > (sink.sent[at - 1] ?? 0)),
  };
}

export interface PageSending {
  /** Resolves when the intent that names the page is durable. */
  readonly begun: Promise<void>;
  readonly baton: WritingBaton;
  /** Called before the first octet is sent. */
  readonly sends: () => void;
}

/** The slice was told to end before anything of this page was sent. */
export class SliceEndsError extends Error {
  override readonly name = 'SliceEndsError';
}

/** The folder that a page was written to is not the one of the plan any more. */
export function madeAnew(): ConflictError {
  const message = 'A target folder was made anew while messages were written to it (its UIDVALIDITY changed).';
  return new ConflictError({ code: 'FOLDER_CHANGED', message });
}

/** True where the server refused the page as a whole, or what one command held of it: which item is to blame, only singles tell. */
export function refusedAsWhole(copied: CopiedPage): boolean {
  return copied.records.some(wasRefusedWithOthers);
}

/** One of the items of such a command. */
export function wasRefusedWithOthers(record: ItemRecord): boolean {
  return record.text === wholePageRefused;
}

const wholePageRefused = 'The server refused the page as a whole.';

/**
 * Who writes to the target at the moment. A source delivers page after page, but a page that missed an item asks for it
 * again behind what the next page has asked for: it must not keep the sending side meanwhile, or each waits for the other.
 */
export interface WritingBaton {
  holder: { giveWay(): void } | undefined;
}

/**
 * Why an item that the source delivered is not sent: its literal is larger than the limit although its listing was not,
 * or is nothing although its listing was more (what servers send of messages that they cannot read).
 */
type Dropped = 'too-large' | 'withheld';

/** The target's side of a page while the source streams. */
class PageSink implements ItemSink {
  readonly read = new Map<number, ReadItem>();
  readonly #context: CopyContext;
  readonly #page: Page;
  readonly #sending: PageSending;
  readonly #listings: ReadonlyMap<number, ItemListing>;
  /** UIDs at the source, in the order in which their items were sent. */
  readonly sent: number[] = [];
  readonly #dropped = new Map<number, Dropped>();
  readonly #key: FingerprintKey;
  #writer: PageWriter | undefined;
  /** Outcomes of the writers that were ended, in the order of `sent`. */
  readonly #ended: Promise<readonly WriteOutcome[]>[] = [];
  #current:
    | { readonly uid: number; readonly digester: ItemDigester; readonly dropped: boolean; readonly empty: boolean }
    | undefined;

  constructor(context: CopyContext, page: Page, sending: PageSending) {
    this.#context = context;
    this.#page = page;
    this.#sending = sending;
    this.#listings = new Map(page.items.map((item) => [item.listing.uid, item.listing]));
    this.#key = new FingerprintKey(Buffer.from(context.lease.pass.fingerprintKey, 'base64'));
  }

  begin(item: { readonly uid: number; readonly size: number }): void | Promise<void> {
    const { maxItemBytes, lease } = this.#context;
    lease.assertHeld();
    const tooLarge = maxItemBytes !== undefined && this.#octetsAtSource(item.size) > maxItemBytes;
    const empty = item.size === 0;
    const withheld = empty && (this.#listings.get(item.uid)?.size ?? 0) > 0;
    const dropped = tooLarge || withheld;
    this.#current = { uid: item.uid, digester: new ItemDigester(item.size), dropped, empty };
    if (tooLarge) this.#dropped.set(item.uid, 'too-large');
    if (withheld) this.#dropped.set(item.uid, 'withheld');
    if (dropped) return;
    if (this.#writer !== undefined) return this.#beginItem(this.#writer, item);
    return this.#beginWriter().then((writer) => this.#beginItem(writer, item));
  }

  /** An item that is no mail travels as base64 within base64: limits are meant for what it is, not for how it travels. */
  #octetsAtSource(size: number): number {
    const { itemClass = 'mail' } = this.#page.folder.source;
    return itemClass === 'mail' ? size : Math.floor((size * 9) / 16);
  }

  async #beginWriter(): Promise<PageWriter> {
    const { lease, signal, target } = this.#context;
    const { begun, baton, sends } = this.#sending;
    await begun;
    // A stop takes effect within a page, however many are in flight. One taken apart is at the target in part already.
    if (!this.#page.oneByOne && this.sent.length === 0 && !(await this.#context.mayBegin())) {
      throw new SliceEndsError('The slice is to end.');
    }
    // A zombie's successor settles what was sent; what is not sent yet must not be sent any more.
    signal.throwIfAborted();
    lease.assertHeld();
    sends();
    baton.holder?.giveWay();
    baton.holder = this;
    const octets = this.#page.items.reduce((sum, { listing }) => sum + listing.size, 0);
    const folder = { ...this.#page.folder.target, selectable: true };
    this.#writer = target.beginPage(folder, { items: this.#page.items.length, octets });
    return this.#writer;
  }

  chunk(octets: Uint8Array): void | Promise<void> {
    const current = this.#current;
    if (current === undefined) throw new Error('Octets before an item');
    this.#context.lease.assertHeld();
    current.digester.update(octets);
    if (current.dropped) return;
    return this.#writer?.write(current.digester.isCanonical ? octets : withoutNul(octets));
  }

  end(): void | Promise<void> {
    const current = this.#current;
    if (current === undefined) throw new Error('The end of no item');
    this.#context.lease.assertHeld();
    this.#current = undefined;
    if (this.#dropped.get(current.uid) === 'withheld') return;
    // RFC 3502 section 6.3.11: a zero-length literal cancels an APPEND, so that nothing at all cannot be stored. A
    // message without a single octet is stored as one empty line.
    const filler = current.empty && !current.dropped ? this.#writer?.write(Buffer.from('\r\n')) : undefined;
    this.#keep(current.uid, current.digester.finish(), current.empty);
    if (current.dropped) return;
    return filler instanceof Promise ? filler.then(() => this.#writer?.end()) : this.#writer?.end();
  }

  /** What the target said of each item that was sent, by source UID. */
  async finish(): Promise<Map<number, WriteOutcome | Dropped>> {
    const outcomes = new Map<number, WriteOutcome | Dropped>(this.#dropped);
    this.#context.lease.assertHeld();
    this.giveWay();
    const written = (await Promise.all(this.#ended)).flat();
    if (written.length !== this.sent.length)
      throw new Error('The target answered another number of items than were sent');
    this.sent.forEach((uid, at) => {
      const outcome = written[at];
      if (outcome?.outcome === 'written') this.#checkFolder(outcome.uidValidity);
      if (outcome !== undefined) outcomes.set(uid, outcome);
    });
    return outcomes;
  }

  /** A folder that was made anew takes what was meant for the old one; the UIDs that it gave mean nothing there. */
  #checkFolder(uidValidity: number | undefined): void {
    if (uidValidity === undefined || uidValidity === this.#page.folder.targetState.uidValidity) return;
    throw madeAnew();
  }

  /** Ends what is being written; an item that comes later begins anew. */
  giveWay(): void {
    const { baton } = this.#sending;
    if (baton.holder === this) baton.holder = undefined;
    const writer = this.#writer;
    this.#writer = undefined;
    if (writer === undefined) return;
    const ended = writer.finish();
    // Met by `finish`; a page that was given up leaves it to settling.
    ended.catch(() => undefined);
    this.#ended.push(ended);
  }

  #beginItem(writer: PageWriter, item: { readonly uid: number; readonly size: number }): void | Promise<void> {
    const listing = this.#listings.get(item.uid);
    if (listing === undefined) throw new Error('The source delivered an item that nobody asked for');
    this.sent.push(item.uid);
    return writer.begin({
      internalDate: writableInternalDate(listing.internalDate),
      flags: writableFlags(listing.flags, this.#context.target.profile.keywords),
      size: item.size === 0 ? 2 : item.size,
    });
  }

  #keep(uid: number, digest: ItemDigest, empty: boolean): void {
    const internalDate = this.#listings.get(uid)?.internalDate ?? '';
    const { value, certain } = fingerprint(digest.header, internalDate, this.#key);
    const asSent = empty ? { canonical: canonicalOf(Buffer.from('\r\n')) } : {};
    this.read.set(uid, { digest: { ...digest, ...asSent, header: noHeader }, fingerprint: value, certain });
  }
}

const noHeader = '';

function canonicalOf(octets: Buffer): string {
  const digester = new ItemDigester();
  digester.update(octets);
  return canonicalDigest(digester.finish());
}

/** NUL may not stand in a literal (RFC 9051 section 4.3.1); its place is kept, since the length is announced already. */
function withoutNul(octets: Uint8Array): Uint8Array {
  if (!octets.includes(0)) return octets;
  return octets.map((octet) => (octet === 0 ? 0x80 : octet));
}

/** RFC 9051 section 9, `atom`: what else stood in a command could be taken for its end, and the message for commands. */
const atom = /^[!#$&'+-[^-z|}~]+$/;

/** \Recent is the server's own; keywords only where the target keeps them, and a command can carry them. */
export function writableFlags(flags: readonly string[], keywords: boolean): readonly string[] {
  return flags.filter((flag) =>
    flag.startsWith('\\') ? systemFlags.includes(flag.toLowerCase()) : keywords && atom.test(flag),
  );
}

/** What the target can show of them once they were written. */
export function shownFlags(
  flags: readonly string[],
  { keywords, marksDeleted }: Pick<TargetProfile, 'keywords' | 'marksDeleted'>,
): readonly string[] {
  const written = writableFlags(flags, keywords);
  return marksDeleted === false ? written.filter((flag) => flag.toLowerCase() !== '\\deleted') : written;
}

interface Findings {
  readonly maxItemBytes: ResolvedOptions['maxItemBytes'];
  readonly read?: ReadItem | undefined;
  readonly outcome?: WriteOutcome | Dropped | undefined;
  readonly unreadable?: UnreadableItem | undefined;
}

/** How an item of a page ended, as the ledger keeps it. */
function recordOf(page: Page, { listing, skip }: PageItem, findings: Findings): ItemRecord {
  const { read, outcome, unreadable } = findings;
  const base = {
    uid: listing.uid,
    size: read?.digest.size ?? listing.size,
    internalDate: listing.internalDate,
    flags: [...listing.flags],
    ...(read === undefined ? {} : digestsOf(read)),
  };
  // What is at the target is copied, also where a later listing would leave it out (\Deleted since, say).
  const there = page.already.get(listing.uid);
  if (there?.doubtful === true) return { ...base, ...knownOf(there), outcome: 'doubtful', code: 'DOUBTFUL_ITEM' };
  if (there !== undefined) return { ...base, ...knownOf(there), outcome: 'copied', ...lossyRecord(there.losses) };
  if (skip === 'ITEM_TOO_LARGE') return { ...base, ...tooLarge(base.size, findings.maxItemBytes) };
  if (skip !== null) {
    const text = skip === 'ITEM_NOT_MAIL' ? { text: shortened(listing.notMail ?? '') } : {};
    return { ...base, outcome: 'skipped', code: skip, ...text };
  }
  if (page.stops.has(listing.uid)) return { ...base, outcome: 'failed', code: 'ITEM_STOPS_WORKER' };
  if (outcome === 'too-large') return { ...base, ...tooLarge(base.size, findings.maxItemBytes) };
  if (outcome === 'withheld') {
    const text = `The server says that it has ${String(listing.size)} octets, and sends none.`;
    return { ...base, outcome: 'failed', code: 'ITEM_UNREADABLE', text };
  }
  if (unreadable !== undefined)
    return {
      ...base,
      outcome: 'failed',
      code: unreadable.code ?? 'ITEM_UNREADABLE',
      text: shortened(unreadable.text),
    };
  if (outcome === undefined) return { ...base, outcome: 'vanished', code: 'ITEM_VANISHED' };
  if (outcome.outcome === 'written') {
    const target = outcome.uid === undefined ? {} : { target: outcome.uid };
    return { ...base, outcome: 'copied', ...target, ...lossyRecord(inWords(outcome.losses)) };
  }
  const text = outcome.atomic && page.items.length > 1 ? wholePageRefused : shortened(outcome.text);
  return { ...base, outcome: 'failed', code: outcome.code, text };
}

/** Left out as told where the admin's own maxItemBytes says so; what only the target refuses could not be copied. */
function tooLarge(size: number, maxItemBytes: ResolvedOptions['maxItemBytes']): Pick<ItemRecord, 'outcome' | 'code'> {
  const told = maxItemBytes !== 'auto' && size > maxItemBytes;
  return { outcome: told ? 'skipped' : 'failed', code: 'ITEM_TOO_LARGE' };
}

function digestsOf(read: ReadItem): Pick<ItemRecord, 'sha256' | 'canonical' | 'fingerprint' | 'certain'> {
  const { sha256, canonical } = read.digest;
  return {
    sha256,
    ...(canonical === undefined ? {} : { canonical }),
    fingerprint: read.fingerprint,
    ...(read.certain ? {} : { certain: false }),
  };
}

function knownOf(there: AlreadyThere): Partial<ItemRecord> {
  return {
    ...(there.target === undefined ? {} : { target: there.target }),
    ...(there.from === undefined ? {} : { from: there.from }),
    ...(there.sha256 === undefined ? {} : { sha256: there.sha256 }),
    ...(there.canonical === undefined ? {} : { canonical: there.canonical }),
    ...(there.fingerprint === undefined ? {} : { fingerprint: there.fingerprint }),
    ...(there.certain === undefined || there.certain ? {} : { certain: false }),
    ...(there.flags === undefined ? {} : { flags: [...there.flags] }),
  };
}

function shortened(text: string): string {
  return text.replace(/\s+/g, ' ').slice(0, 200);
}

/** An item read whole: for those that a server refuses as they are. */
async function readWhole(context: CopyContext, page: Page, uid: number): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  const delivered: number[] = [];
  await context.source.readItems(
    page.folder.source,
    { uidValidity: page.folder.state.uidValidity, uids: [uid] },
    {
      begin: (item) => {
        delivered.push(item.uid);
      },
      chunk: (octets) => {
        chunks.push(Buffer.from(octets));
      },
      end: () => undefined,
    },
  );
  return delivered.length > 0 ? Buffer.concat(chunks) : undefined;
}

/** Largest item that is held in memory to be sent in another way. */
const secondTryLimit = 32 * 1024 * 1024;

/**
 * How an item is sent that was refused as it is: in canonical form, since bare LF is what servers refuse most (Cyrus
 * does), then without its keywords (too long, or more than a folder may have); the verification names these.
 */
export const otherWays = ['in canonical form', 'without keywords'] as const;

/**
 * Writes one item in another way, where that makes a difference; with keywords once more as it is, since they must not
 * be lost to a moment's refusal. ItemRefusedError is not thrown: the record says how it ended.
 */
export async function writeAgain(
  context: CopyContext,
  page: Page,
  { record, way }: { readonly record: ItemRecord; readonly way: (typeof otherWays)[number] },
): Promise<ItemRecord> {
  const flags = writableFlags(record.flags, context.target.profile.keywords);
  const system = writableFlags(record.flags, false);
  const hasKeywords = system.length < flags.length;
  const differs = hasKeywords || (way === 'in canonical form' && record.canonical !== undefined);
  if (!differs || record.size > secondTryLimit) return record;
  const octets = await readWhole(context, page, record.uid);
  if (octets === undefined) return record;
  const form = canonicalForm(octets);
  const folder = { ...page.folder.target, selectable: true };
  const writer = context.target.beginPage(folder, { items: 1, octets: form.length });
  const internalDate = writableInternalDate(record.internalDate);
  await writer.begin({ internalDate, flags: way === 'without keywords' ? system : flags, size: form.length });
  await writer.write(form);
  await writer.end();
  const [outcome] = await writer.finish();
  if (outcome?.outcome !== 'written') return record;
  const { code, text, ...kept } = record;
  context.services.log.info(`An item was accepted ${way}`, { uid: record.uid, code, text });
  const target = outcome.uid === undefined ? {} : { target: outcome.uid };
  return {
    ...kept,
    ...digestsOfReading(octets),
    outcome: 'copied',
    ...target,
    ...lossyRecord(inWords(outcome.losses)),
  };
}

/** This reading may have given other octets than the one before. */
function digestsOfReading(octets: Buffer): Pick<ItemRecord, 'size' | 'sha256' | 'canonical'> {
  const digester = new ItemDigester();
  digester.update(octets);
  const { size, sha256, canonical = sha256 } = digester.finish();
  return { size, sha256, canonical };
}
