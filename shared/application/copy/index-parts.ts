import { createHash } from 'node:crypto';
import type { ItemRecord } from '../../domain/ledger.ts';
import { LedgerIndex, type IndexPart } from '../../domain/ledger-index.ts';
import type { LedgerHead } from '../../domain/pair.ts';
import type { ObjectStore } from '../../ports/object-store.ts';
import { readObject, storeOnce } from './ledger.ts';

/** Records of one object: read and written as a unit (2 MB), so that 500,000 items never lie in memory at once. */
const recordsPerPart = 5_000;

export async function readIndex(objects: ObjectStore, head: LedgerHead | null): Promise<LedgerIndex | null> {
  if (head === null) return null;
  return LedgerIndex.parse(JSON.parse((await readObject(objects, head)).toString('utf8')));
}

/** The records of one folder, ascending by UID, a part at a time. */
export async function* readParts(
  objects: ObjectStore,
  parts: readonly IndexPart[],
): AsyncGenerator<readonly ItemRecord[], void, undefined> {
  for (const part of parts) {
    const lines = (await readObject(objects, part.head)).toString('utf8').split('\n');
    // Their hash was checked: they have the shape that a worker of ours gave them (see HashedSegment).
    yield lines.filter((line) => line !== '').map((line) => JSON.parse(line) as ItemRecord);
  }
}

/** Writes records, ascending by UID, into parts of a folder's index. */
export class PartWriter {
  readonly parts: IndexPart[] = [];
  readonly #objects: ObjectStore;
  readonly #prefix: string;
  /** Encoded as they come: as text a record takes a third of the memory. */
  #lines: string[] = [];
  #first = 0;
  #last = 0;

  constructor(objects: ObjectStore, prefix: string) {
    this.#objects = objects;
    this.#prefix = prefix;
  }

  async add(records: readonly ItemRecord[]): Promise<void> {
    for (const record of records) {
      if (this.#lines.length === 0) this.#first = record.uid;
      this.#lines.push(jsonLine(record));
      this.#last = record.uid;
      if (this.#lines.length === recordsPerPart) await this.flush();
    }
  }

  async flush(): Promise<void> {
    const items = this.#lines.length;
    if (items === 0) return;
    const object = linesObject(`${this.#prefix}-${String(this.parts.length)}.jsonl`, this.#lines);
    this.#lines = [];
    await storeOnce(this.#objects, object);
    this.parts.push({ head: object.head, first: this.#first, last: this.#last, items });
  }
}

/** A write-once object of JSON lines. */
export function encodeLines(
  key: string,
  values: readonly unknown[],
): { readonly head: LedgerHead; readonly octets: Buffer } {
  return linesObject(key, values.map(jsonLine));
}

function linesObject(key: string, lines: readonly string[]): { readonly head: LedgerHead; readonly octets: Buffer } {
  const octets = Buffer.from(lines.join(''));
  return { head: { key, sha256: createHash('sha256').update(octets).digest('base64') }, octets };
}

function jsonLine(value: unknown): string {
  return `${JSON.stringify(value)}\n`;
}
