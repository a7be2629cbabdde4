import { describe, expect, it } from '@jest/globals';
import { ListingsAhead } from '../../../shared/application/copy/listings-ahead.ts';
import { pageLimits } from '../../../shared/application/copy/page.ts';
import { listedAhead, PagePlanner } from '../../../shared/application/copy/page-planner.ts';
import type { PassPlan, PlannedFolder } from '../../../shared/application/copy/pass-plan.ts';
import type { FolderState, SourceFolder } from '../../../shared/domain/mail.ts';

const limits = { ...pageLimits, listing: 1_000 };
const date = '01-Jan-2020 00:00:00 +0000';

function folderOf(id: string, messages: number): { readonly source: SourceFolder; readonly state: FolderState } {
  return {
    source: { id, path: [id], selectable: true },
    state: { uidValidity: 7, uidNext: 3 * messages + 1, messages },
  };
}

const folders = [
  folderOf('INBOX', 2_400),
  folderOf('empty', 0),
  folderOf('large', 4_000),
  ...Array.from({ length: 80 }, (_, at) => folderOf(`folder ${String(at)}`, 20)),
];

/** Every third UID is taken. */
class Source {
  readonly asked: string[] = [];

  listItems(folder: SourceFolder, { from, to }: { readonly from: number; readonly to: number }) {
    this.asked.push(`${folder.id} ${String(from)}:${String(to)}`);
    const uids = Array.from({ length: to - from + 1 }, (_, at) => from + at).filter((uid) => uid % 3 === 0);
    return Promise.resolve(uids.map((uid) => ({ uid, size: 100, internalDate: date, flags: [] })));
  }
}

function planOf(some: typeof folders): PassPlan {
  const planned = some.map(({ source, state }): PlannedFolder => ({
    source: { ...source, path: [...source.path], role: undefined },
    state,
    from: 1,
    target: { id: source.id, path: [...source.path] },
    targetState: { uidValidity: 1, uidNext: 1, messages: 0 },
    baseline: 1,
    why: null,
    previous: null,
    rekey: null,
    changed: true,
    targetChanged: true,
  }));
  return {
    schema: 1,
    pair: 'pair',
    prefix: 'ledger/pair/1',
    startedAt: '2026-01-01T00:00:00.000Z',
    folders: planned,
    refused: [],
    elsewhere: [],
    leftOut: [],
    cutOff: null,
  };
}

async function pagesOf(listings: Pick<ListingsAhead, 'listItems'>, some: typeof folders) {
  const planner = new PagePlanner({
    source: listings,
    plan: planOf(some),
    rules: { options: { receivedAfter: null, receivedBefore: null, skipDeleted: false }, maxItemBytes: undefined },
    limits,
    cursor: { folder: 0, below: Number.MAX_SAFE_INTEGER, page: 0 },
  });
  const pages: unknown[] = [];
  for (let page = await planner.next(); page !== undefined; page = await planner.next())
    pages.push([page.folder.source.id, page.from, page.to, page.items.length]);
  return pages;
}

describe('Listings asked for before there is a plan', () => {
  it('are those that are asked for first with one, and are asked for once', async () => {
    const [plain, ahead] = [new Source(), new Source()];
    const listings = new ListingsAhead(ahead, limits);

    listings.ask(folders);
    const begun = [...ahead.asked];
    const pages = await pagesOf(listings, folders);

    expect(pages).toEqual(await pagesOf(plain, folders));
    expect(begun.length).toBeGreaterThan(3);
    expect(plain.asked).toEqual(expect.arrayContaining(begun));
    expect(ahead.asked.toSorted()).toEqual(plain.asked.toSorted());
  });

  it('hold no more items than a planner lists ahead, and leave out folders that are gone', () => {
    const source = new Source();
    const many = Array.from({ length: 100 }, (_, at) => folderOf(`f${String(at)}`, 900));

    new ListingsAhead(source, limits).ask([{ ...folderOf('gone', 10), state: 'missing' }, ...many]);

    expect(source.asked.length).toBe(Math.ceil(listedAhead / 901));
    expect(source.asked.every((range) => range.startsWith('f'))).toBe(true);
  });

  it('mean nothing in a folder that was made anew since, and are gone once they were taken', async () => {
    const source = new Source();
    const listings = new ListingsAhead(source, limits);
    const { source: folder, state } = folderOf('a', 10);
    listings.ask([{ source: folder, state }]);
    const range = { uidValidity: 7, from: 1, to: 30 };

    await listings.listItems(folder, { ...range, uidValidity: 8 });
    expect(source.asked).toHaveLength(2);
    await listings.listItems(folder, range);
    expect(source.asked).toHaveLength(2);
    await listings.listItems(folder, range);
    expect(source.asked).toHaveLength(3);
  });
});
