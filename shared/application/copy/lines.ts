import type { CopyContext } from './copy-context.ts';
import type { WritingBaton } from './page-copy.ts';
import type { Page, PageLimits } from './page.ts';

/** Octets of a page that take as long as one more item: what one answer of a server costs. */
const octetsAnItem = 16_384;

/** One connection to each server: what is read from the one is written to the other, page behind page. */
export class Line {
  /** The slice's, with the mailboxes of these connections. */
  readonly context: CopyContext;
  readonly baton: WritingBaton = { holder: undefined };
  /** How much it has to do, in octets. */
  load = 0;
  #end: Promise<unknown> = Promise.resolve();

  constructor(context: CopyContext) {
    this.context = context;
  }

  /** Counts the page as something to do until `work` is through. */
  carry<Result>(page: Page, work: () => Promise<Result>): Promise<Result> {
    const { items, octets } = weightOf(page);
    const cost = octets + items * octetsAnItem;
    this.load += cost;
    return work().finally(() => {
      this.load -= cost;
    });
  }

  /** Runs `work` when all that was begun on this line before is through; not at all where something of it failed. */
  behind<Result>(work: () => Promise<Result>): Promise<Result> {
    const run = this.#end.then(work);
    this.#end = run;
    return run;
  }
}

/** The lines of one slice: one at first, and more where there is enough to do and the servers let us. */
export class Lines {
  readonly #context: CopyContext;
  readonly #lines: Line[];
  /** A server has refused one more. */
  #refused = false;

  constructor(context: CopyContext) {
    this.#context = context;
    this.#lines = [new Line(context)];
  }

  /** The line that has the least to do. */
  choose(): Line {
    const [first, ...others] = this.#lines;
    if (first === undefined) throw new Error('No line at all');
    return others.reduce((least, line) => (line.load < least.load ? line : least), first);
  }

  /**
   * Opens what these pages, which are to be in flight together, are worth: signing in takes some round trips, which a
   * handful of new messages does not.
   */
  async widen(pages: readonly Page[]): Promise<void> {
    const { connections, connectMore } = this.#context;
    if (this.#lines.length === connections || this.#refused) return;
    const wanted = Math.min(connections, worthOf(pages, limitsOverLines(this.#context))) - this.#lines.length;
    if (wanted <= 0) return;
    const opened = await Promise.all(Array.from({ length: wanted }, () => connectMore()));
    for (const mailboxes of opened) {
      if (mailboxes === undefined) this.#refused = true;
      else this.#lines.push(new Line({ ...this.#context, ...mailboxes }));
    }
  }
}

/** At most one line a page, and a quarter of a full page for each. */
function worthOf(pages: readonly Page[], limits: PageLimits): number {
  const busy = pages.map(weightOf).filter(({ items }) => items > 0);
  const items = busy.reduce((sum, page) => sum + page.items, 0);
  const octets = busy.reduce((sum, page) => sum + page.octets, 0);
  return Math.min(busy.length, Math.ceil(Math.max((4 * items) / limits.items, (4 * octets) / limits.octets)));
}

/** What is to be read and written of a page. */
function weightOf({ items, already }: Page): { readonly items: number; readonly octets: number } {
  const wanted = items.filter(({ listing, skip }) => skip === null && !already.has(listing.uid));
  return { items: wanted.length, octets: wanted.reduce((sum, { listing }) => sum + listing.size, 0) };
}

/**
 * Where each message waits for the target, a page takes as long as it has messages, whatever their size: smaller ones
 * divide better among the lines, and those behind a long one need not wait for its commit.
 */
export function limitsOverLines({ limits, connections, target }: CopyContext): PageLimits {
  const { multiAppend, nonSyncLiterals } = target.profile;
  if (multiAppend && nonSyncLiterals) return limits;
  return { ...limits, items: Math.ceil(limits.items / connections) };
}
