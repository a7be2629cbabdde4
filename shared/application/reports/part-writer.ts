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
const chunkLength = 64 * 1024;

/** Writes one report of a batch to reports/<batch>/, in parts where it is long. */
export class PartWriter {
  readonly #objects: Pick<ObjectStore, 'put' | 'list'>;
  readonly #report: { readonly batch: string; readonly name: ReportFileName; readonly frame: ReportFrame };
  readonly #partOctets: number;
  #chunks: Uint8Array[] = [];
  #octets = 0;
  #text: string;
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
    this.#text = report.frame.head;
  }

  async add(row: string): Promise<void> {
    if (this.#octets + this.#text.length + row.length > this.#partOctets && this.#rows > 0) await this.#endPart();
    this.#text += (this.#rows === 0 ? '' : this.#report.frame.separator) + row;
    this.#rows += 1;
    if (this.#text.length >= chunkLength) this.#encode();
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
    this.#text += frame.tail;
    this.#encode();
    await this.#objects.put(
      reportKey(batch, name, this.#part),
      Buffer.concat(this.#chunks),
      reportFiles[name].contentType,
    );
    this.#chunks = [];
    this.#octets = 0;
    this.#text = frame.head;
    this.#rows = 0;
    this.#part += 1;
  }

  #encode(): void {
    const octets = Buffer.from(this.#text, 'utf8');
    this.#chunks.push(octets);
    this.#octets += octets.length;
    this.#text = '';
  }
}
