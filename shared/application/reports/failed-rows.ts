import { isBlank } from '../../domain/batch-file/cell-rules.ts';
import type { Batch } from '../../domain/batch.ts';
import type { MailboxJob } from '../../domain/mailbox-job.ts';
import { csvHeader, csvLine } from '../../domain/report/csv.ts';
import {
  cellsOf,
  failedRow,
  failedRowsColumns,
  isOurColumn,
  type FailedLine,
  type FailedRow,
} from '../../domain/report/failed-rows.ts';
import type { ObjectStore } from '../../ports/object-store.ts';
import { batchFileText } from '../read-batch-file/batch-file-text.ts';
import { csvRecords } from '../read-batch-file/csv-records.ts';
import type { ReportFrame } from './part-writer.ts';

type Files = Pick<ObjectStore, 'stream'>;

/** The failed rows by the copy of the batch file in which they stand, and by their number there. */
type RowsByFile = ReadonlyMap<string, ReadonlyMap<number, FailedRow>>;

/** Gathers the failed rows of a batch from its jobs, then reads the rest of each from the kept batch files. */
export class FailedRows {
  readonly #byFile = new Map<string, Map<number, FailedRow>>();
  readonly #withoutFile: FailedRow[] = [];

  add(job: MailboxJob): void {
    const failed = failedRow(job);
    if (failed === null) return;
    const { file, row } = failed.job;
    if (file === null) {
      this.#withoutFile.push(failed);
      return;
    }
    const rows = this.#byFile.get(file) ?? new Map<number, FailedRow>();
    this.#byFile.set(file, rows.set(row, failed));
  }

  /** The file in the order of the batch files and their rows; rows whose file is gone come last. */
  async report(
    objects: Files,
    batch: Pick<Batch, 'files'>,
  ): Promise<{ readonly frame: ReportFrame; readonly rows: AsyncIterable<string> }> {
    const named = [...new Set([...batch.files, ...this.#byFile.keys()])].filter((file) => this.#byFile.has(file));
    const headers = new Map<string, readonly string[]>();
    for (const file of named) {
      const header = await headerOf(objects, file);
      if (header !== undefined) headers.set(file, header);
    }
    const others = named
      .filter((file) => !headers.has(file))
      .flatMap((file) => [...(this.#byFile.get(file)?.values() ?? [])])
      .concat(this.#withoutFile);
    const columns = failedRowsColumns(unionOf([...headers.values(), ...others.map((row) => [...cellsOf(row).keys()])]));
    const rows = failedLines(objects, { headers, byFile: this.#byFile, others });
    return { frame: { head: csvHeader(columns), separator: '', tail: '' }, rows: linesOf(columns, rows) };
  }
}

/** All names once, in the order in which they come; without ours of an earlier failed-rows file. */
function unionOf(headers: readonly (readonly string[])[]): readonly string[] {
  return [...new Set(headers.flat())].filter((name) => !isOurColumn(name));
}

async function* linesOf(
  columns: ReturnType<typeof failedRowsColumns>,
  rows: AsyncIterable<FailedLine>,
): AsyncGenerator<string> {
  for await (const row of rows) yield csvLine(columns, row);
}

async function* failedLines(
  objects: Files,
  found: {
    readonly headers: ReadonlyMap<string, readonly string[]>;
    readonly byFile: RowsByFile;
    readonly others: readonly FailedRow[];
  },
): AsyncGenerator<FailedLine> {
  for (const [file, header] of found.headers)
    yield* rowsOfFile(objects, file, { header, wanted: found.byFile.get(file) });
  for (const failed of found.others) yield { cells: cellsOf(failed), failed };
}

async function* rowsOfFile(
  objects: Files,
  file: string,
  about: { readonly header: readonly string[]; readonly wanted: ReadonlyMap<number, FailedRow> | undefined },
): AsyncGenerator<FailedLine> {
  const { header, wanted } = about;
  // Rows that could not be cut into cells stand in the copy as empty ones, so that the numbers stay.
  let row = -1;
  for await (const cells of recordsOf(objects, file)) {
    row += 1;
    const failed = row === 0 ? undefined : wanted?.get(row);
    if (failed !== undefined) yield { cells: named(header, cells, failed), failed };
  }
}

function named(header: readonly string[], cells: readonly string[], { job }: FailedRow): ReadonlyMap<string, string> {
  const byName = new Map(header.map((name, index) => [name, cells[index] ?? '']));
  // The copy leaves out what may be a password in the wrong column; the job has the address where it is one.
  if (isBlank(byName.get('EmailAddress') ?? '')) byName.set('EmailAddress', job.mailbox);
  return byName;
}

/** undefined: the file is gone. */
async function headerOf(objects: Files, file: string): Promise<readonly string[] | undefined> {
  for await (const cells of recordsOf(objects, file)) return cells;
  return undefined;
}

async function* recordsOf(objects: Files, file: string): AsyncGenerator<readonly string[]> {
  const octets = await objects.stream(file);
  if (octets === undefined) return;
  for await (const { cells } of csvRecords(batchFileText(octets, () => undefined))) yield cells ?? [];
}
