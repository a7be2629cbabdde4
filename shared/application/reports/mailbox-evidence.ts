import type { MailboxJob } from '../../domain/mailbox-job.ts';
import { ItemLine, MailboxVerification } from '../../domain/report/mailbox-report.ts';
import type { ObjectStore } from '../../ports/object-store.ts';
import { mapInOrder } from '../map-in-order.ts';

/** A job with what the copy engine left for its reports. */
export interface MailboxEvidence {
  readonly job: MailboxJob;
  readonly verification: MailboxVerification | null;
  /** Read once. */
  readonly items: AsyncIterable<ItemLine>;
}

/** Objects read at the same time: an S3 request takes about 20 ms, and a batch has up to 50,000 mailboxes. */
const readAhead = 16;

/** Longer lists are streamed when their turn comes instead of being held 16 at a time. */
const mostItemsInMemory = 2_000;

/** The evidence of each job in the jobs' order, in memory that does not grow with the batch or with a mailbox. */
export function evidenceOf(
  objects: Pick<ObjectStore, 'get' | 'stream'>,
  jobs: AsyncIterable<MailboxJob>,
  wanted: { readonly verification: boolean; readonly items: boolean },
): AsyncIterable<MailboxEvidence> {
  return mapInOrder(jobs, readAhead, async (job) => ({
    job,
    verification: wanted.verification ? await verificationOf(objects, job) : null,
    items: wanted.items ? await itemsOf(objects, job) : nothing(),
  }));
}

async function verificationOf(objects: Pick<ObjectStore, 'get'>, job: MailboxJob): Promise<MailboxVerification | null> {
  if (job.verification === null) return null;
  const octets = await objects.get(job.verification.key);
  if (octets === undefined) return null;
  return MailboxVerification.parse(JSON.parse(new TextDecoder().decode(octets)));
}

async function itemsOf(
  objects: Pick<ObjectStore, 'get' | 'stream'>,
  job: MailboxJob,
): Promise<AsyncIterable<ItemLine>> {
  const key = job.itemsReport;
  if (key === null) return nothing();
  const { skipped, failed, doubtful, vanished } = job.items;
  if (skipped + failed + doubtful + vanished > mostItemsInMemory) return streamedItems(objects, key);
  const octets = await objects.get(key);
  return octets === undefined ? nothing() : itemLines(once(octets));
}

async function* streamedItems(objects: Pick<ObjectStore, 'stream'>, key: string): AsyncGenerator<ItemLine> {
  const chunks = await objects.stream(key);
  if (chunks !== undefined) yield* itemLines(chunks);
}

/** JSON lines, one item each. */
async function* itemLines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<ItemLine> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of chunks) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) if (line !== '') yield ItemLine.parse(JSON.parse(line));
  }
  if (rest !== '') yield ItemLine.parse(JSON.parse(rest));
}

// eslint-disable-next-line @typescript-eslint/require-await -- an empty AsyncIterable
async function* nothing(): AsyncGenerator<never> {
  yield* [];
}

// eslint-disable-next-line @typescript-eslint/require-await -- an AsyncIterable of one
async function* once<Value>(value: Value): AsyncGenerator<Value> {
  yield value;
}
