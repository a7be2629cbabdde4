import type { MailSource } from '../../../shared/ports/mail-source.ts';
import type { MailTarget } from '../../../shared/ports/mail-target.ts';
import type { CopyHarness } from './copy-harness.ts';

/** What a commit left behind. */
export interface Commit {
  /** Items that the pass has settled by now. */
  readonly items: number;
  readonly phase: string;
  /** Octets of the PASS item. */
  readonly passItem: number;
  readonly wallMs: number;
  /** User and system time of this process. */
  readonly cpuMs: number;
  readonly residentMegabytes: number;
  /** JavaScript objects and buffers, garbage included. */
  readonly heapMegabytes: number;
  readonly bufferMegabytes: number;
}

export interface Watched {
  readonly commits: readonly Commit[];
  /** Most items that one listing of a folder returned, at either side, and how many listings there were. */
  readonly listings: { readonly largest: number; readonly calls: number };
  /** Objects read. */
  readonly objectsRead: () => number;
}

/**
 * Looks over a copy's shoulder: wraps what a harness calls, before its first slice. The wrapped calls do what they did.
 */
export function watchCopy(harness: CopyHarness): Watched {
  const commits: Commit[] = [];
  const listings = { largest: 0, calls: 0 };
  let objectsRead = 0;
  const { store, services } = harness;
  const savePair = store.savePair.bind(store);
  store.savePair = async (pair, expectedHead) => {
    const saved = await savePair(pair, expectedHead);
    const { user, system } = process.cpuUsage();
    const { rss, heapUsed, external } = process.memoryUsage();
    commits.push({
      items: pair.pass?.counters.total ?? 0,
      phase: pair.pass?.phase ?? 'none',
      passItem: Buffer.byteLength(JSON.stringify(pair)),
      wallMs: performance.now(),
      cpuMs: (user + system) / 1000,
      residentMegabytes: rss / 2 ** 20,
      heapMegabytes: heapUsed / 2 ** 20,
      bufferMegabytes: external / 2 ** 20,
    });
    return saved;
  };
  const listed = async <Item>(items: Promise<readonly Item[]>): Promise<readonly Item[]> => {
    listings.calls += 1;
    const found = await items;
    listings.largest = Math.max(listings.largest, found.length);
    return found;
  };
  const { mailSource, mailTarget, objects } = services;
  const get = objects.get.bind(objects);
  objects.get = (key, version) => {
    objectsRead += 1;
    return get(key, version);
  };
  Object.assign(services, {
    mailSource: (endpoint: Parameters<typeof mailSource>[0]): MailSource => ({
      open: async (...args) => {
        const mailbox = await mailSource(endpoint).open(...args);
        const listItems = mailbox.listItems.bind(mailbox);
        mailbox.listItems = (folder, range) => listed(listItems(folder, range));
        return mailbox;
      },
    }),
    mailTarget: (endpoint: Parameters<typeof mailTarget>[0]): MailTarget => ({
      open: async (...args) => {
        const mailbox = await mailTarget(endpoint).open(...args);
        const listItems = mailbox.listItems.bind(mailbox);
        mailbox.listItems = (folder, range) => listed(listItems(folder, range));
        return mailbox;
      },
    }),
  });
  return { commits, listings, objectsRead: () => objectsRead };
}
