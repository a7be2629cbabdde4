import {
  fileName,
  reportFiles,
  reportFolder,
  reportKey,
  type ReportFileName,
} from '../../domain/report/report-files.ts';
import type { ObjectStore } from '../../ports/object-store.ts';

/** What stands around the rows of a report; each part is complete in itself. */
export interface ReportFrame {
  readonly head: string;
  readonly separator: string;
  readonly tail: string;
}

/**
 * Octets after which a report goes on in a next part: an object is put as a whole, so this is what bounds memory
 * (500,000 skipped items are about 80 MB). Mail systems and spreadsheets like no larger files either.
 */
const partOctets = 16 * 1024 * 1024;
const firstOctets = 64 * 1024;

/** Writes one report of a batch to reports/<batch>/, in parts where it is long. */
export class PartWriter {
  readonly #objects: Pick<ObjectStore, 'put' | 'list'>;
  readonly #report: { readonly batch: string; readonly name: ReportFileName; readonly frame: ReportFrame };
  readonly #partOctets: number;
  /** Used for one part after the other, as garbage of this size piles up faster than it is collected. */
  #buffer = Buffer.alloc(firstOctets);
  #octets = 0;
  #rows = 0;
  #part = 1;

  constructor(
    objects: Pick<ObjectStore, 'put' | 'list'>,
    report: { readonly batch: string; readonly name: ReportFileName; readonly frame: ReportFrame },
    most = partOctets,
  ) {
    this.#objects = objects;
    this.#report = report;
    this.#partOctets = most;
    this.#append(report.frame.head);
  }

  async add(row: string): Promise<void> {
    if (this.#octets + Buffer.byteLength(row) > this.#partOctets && this.#rows > 0) await this.#endPart();
    if (this.#rows > 0) this.#append(this.#report.frame.separator);
    this.#append(row);
    this.#rows += 1;
  }

  /** Puts the last part; parts that a longer report of an earlier pass left behind become empty ones. */
  async end(): Promise<void> {
    await this.#endPart();
    const { batch, name, frame } = this.#report;
    const kept = new Set(Array.from({ length: this.#part - 1 }, (_, index) => fileName(name, index + 1)));
    const { stem, contentType } = reportFiles[name];
    for await (const key of this.#objects.list(`${reportFolder(batch)}${stem}-`))
      if (!kept.has(key.slice(reportFolder(batch).length)))
        await this.#objects.put(key, new TextEncoder().encode(frame.head + frame.tail), contentType);
  }

  async #endPart(): Promise<void> {
    const { batch, name, frame } = this.#report;
    this.#append(frame.tail);
    const octets = this.#buffer.subarray(0, this.#octets);
    await this.#objects.put(reportKey(batch, name, this.#part), octets, reportFiles[name].contentType);
    this.#octets = 0;
    this.#rows = 0;
    this.#part += 1;
    this.#append(frame.head);
  }

  #append(text: string): void {
    const needed = this.#octets + Buffer.byteLength(text);
    if (needed > this.#buffer.length) {
      const larger = Buffer.alloc(Math.max(needed, 2 * this.#buffer.length));
      this.#buffer.copy(larger, 0, 0, this.#octets);
      this.#buffer = larger;
    }
    this.#octets += this.#buffer.write(text, this.#octets, 'utf8');
  }
}
