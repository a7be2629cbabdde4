import { reportFiles, reportFolder, type ReportFileName } from '../../domain/report/report-files.ts';
import { verificationTail } from '../../domain/report/verification-report.ts';
import type { ObjectStore } from '../../ports/object-store.ts';

type Kept = Pick<ObjectStore, 'get' | 'list'>;

/** What stands around the rows of each part. */
const frames = {
  csv: { headEnd: '\r\n', separator: '', tail: '' },
  json: { headEnd: '[\n', separator: ',\n', tail: verificationTail },
} as const;

/**
 * A report of a removed batch, whose jobs are gone, as it was written last: its parts as one file. undefined: none is
 * kept.
 */
export async function keptReport(
  objects: Kept,
  { batch, report }: { readonly batch: string; readonly report: ReportFileName },
): Promise<AsyncIterable<string> | undefined> {
  const parts = await partsOf(objects, batch, report);
  return parts.length === 0 ? undefined : joined(objects, parts, frames[reportFiles[report].extension]);
}

/** Keys of the parts, in their order: of the removal that was last, where batches of this name were removed before. */
async function partsOf(objects: Kept, batch: string, report: ReportFileName): Promise<readonly string[]> {
  const { stem, extension } = reportFiles[report];
  const name = new RegExp(`^(removed-[^/]+/)?${stem}(?:-(\\d+))?\\.${extension}$`);
  const found: { readonly key: string; readonly removal: string; readonly part: number }[] = [];
  for await (const key of objects.list(reportFolder(batch))) {
    const match = name.exec(key.slice(reportFolder(batch).length));
    if (match !== null) found.push({ key, removal: match[1] ?? notMoved, part: Number(match[2] ?? 1) });
  }
  const last = found.reduce((newest, { removal }) => (removal > newest ? removal : newest), '');
  return found
    .filter(({ removal }) => removal === last)
    .sort((a, b) => a.part - b.part)
    .map(({ key }) => key);
}

/** Behind every time: who removes a batch moves its reports first. */
const notMoved = 'removed-now/';

async function* joined(
  objects: Kept,
  parts: readonly string[],
  frame: (typeof frames)[keyof typeof frames],
): AsyncGenerator<string> {
  let begun = false;
  let anyRow = false;
  for (const key of parts) {
    const octets = await objects.get(key);
    if (octets === undefined) continue;
    const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(octets);
    const head = text.slice(0, text.indexOf(frame.headEnd) + frame.headEnd.length);
    const rows = text.slice(head.length, text.length - frame.tail.length);
    if (!begun) yield head;
    begun = true;
    if (rows === '') continue;
    yield anyRow ? frame.separator + rows : rows;
    anyRow = true;
  }
  yield frame.tail;
}
