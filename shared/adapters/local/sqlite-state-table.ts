import { closeSync, fsyncSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { StatementSync } from 'node:sqlite';
import { assertNever } from '../../domain/assert-never.ts';
import type {
  Attributes,
  Change,
  Condition,
  ItemKey,
  StateTable,
  StoredItem,
  WriteOutcome,
} from '../store/state-table.ts';
import { asStorageError } from './storage-error.ts';

/** Writes that share a commit; more wait for the next one, so that the event loop is not held for long. */
const writesPerCommit = 500;
/** Items read at a time: no statement stays open while the reader does something else. */
const itemsPerPage = 500;

interface PendingWrite {
  /** Runs inside the transaction. */
  readonly apply: () => WriteOutcome;
  readonly resolve: (outcome: WriteOutcome) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * A database file with state tables in it. Writes that are asked for in the same turn of the event loop share one
 * commit, and so one flush of the disk: importing a batch file is not bound by it.
 */
export class SqliteFile {
  readonly #database: DatabaseSync;
  #pending: PendingWrite[] = [];
  #scheduled = false;

  private constructor(database: DatabaseSync) {
    this.#database = database;
  }

  /** Opens the file, or makes it, readable by its owner alone. */
  static open(path: string): SqliteFile {
    // SQLite gives the -wal and -shm files the permissions of the file itself.
    closeSync(openSync(path, 'a', 0o600));
    const database = new DatabaseSync(path);
    try {
      setUp(database);
    } catch (error) {
      database.close();
      throw asStorageError(error);
    }
    flushFolder(dirname(path));
    return new SqliteFile(database);
  }

  table(name: 'state' | 'passwords'): StateTable {
    try {
      this.#database.exec(`
        CREATE TABLE IF NOT EXISTS ${name} (
          partition TEXT NOT NULL, sort TEXT NOT NULL, item TEXT NOT NULL, PRIMARY KEY (partition, sort)
        ) WITHOUT ROWID
      `);
    } catch (error) {
      throw asStorageError(error);
    }
    return new SqliteStateTable(this.#database, name, (apply) => this.#write(apply));
  }

  /** Commits what is pending, then closes. */
  close(): void {
    while (this.#pending.length > 0) this.#commit();
    this.#database.close();
  }

  #write(apply: () => WriteOutcome): Promise<WriteOutcome> {
    return new Promise((resolve, reject) => {
      this.#pending.push({ apply, resolve, reject });
      this.#schedule();
    });
  }

  #schedule(): void {
    if (this.#scheduled || this.#pending.length === 0) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#commit();
      this.#schedule();
    });
  }

  #commit(): void {
    const writes = this.#pending.splice(0, writesPerCommit);
    if (writes.length === 0) return;
    try {
      this.#database.exec('BEGIN IMMEDIATE');
      const outcomes = writes.map((write) => write.apply());
      this.#database.exec('COMMIT');
      outcomes.forEach((outcome, position) => writes[position]?.resolve(outcome));
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
      for (const write of writes) write.reject(asStorageError(error));
    }
  }
}

function setUp(database: DatabaseSync): void {
  // In WAL mode synchronous=FULL flushes the log on every commit, which then survives a power cut (sqlite.org/pragma.html,
  // "synchronous"). With a rollback journal it takes EXTRA, and three to five times as long.
  database.exec(`
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    PRAGMA fullfsync = ON;
    PRAGMA checkpoint_fullfsync = ON;
    PRAGMA secure_delete = ON;
    PRAGMA busy_timeout = 5000;
  `);
}

class SqliteStateTable implements StateTable {
  readonly #write: (apply: () => WriteOutcome) => Promise<WriteOutcome>;
  readonly #get: StatementSync;
  readonly #put: StatementSync;
  readonly #remove: StatementSync;
  readonly #range: StatementSync;

  constructor(database: DatabaseSync, name: string, write: (apply: () => WriteOutcome) => Promise<WriteOutcome>) {
    this.#write = write;
    this.#get = database.prepare(`SELECT item FROM ${name} WHERE partition = ? AND sort = ?`);
    this.#put = database.prepare(`INSERT OR REPLACE INTO ${name} (partition, sort, item) VALUES (?, ?, ?)`);
    this.#remove = database.prepare(`DELETE FROM ${name} WHERE partition = ? AND sort = ?`);
    this.#range = database.prepare(`
      SELECT partition, sort, item FROM ${name}
      WHERE (partition, sort) > (?, ?) AND partition <= ?
      ORDER BY partition, sort LIMIT ${String(itemsPerPage)}
    `);
  }

  async get(key: ItemKey): Promise<Attributes | undefined> {
    try {
      return await Promise.resolve(this.#read(key));
    } catch (error) {
      throw asStorageError(error);
    }
  }

  async put(key: ItemKey, item: Attributes, condition?: Condition): Promise<WriteOutcome> {
    const text = JSON.stringify(item);
    return await this.#write(() => {
      const found = condition === undefined ? undefined : this.#read(key);
      if (condition !== undefined && !holds(condition, found)) return { outcome: 'refused', item: found };
      this.#put.run(key.partition, key.sort, text);
      return { outcome: 'written', item };
    });
  }

  async update(key: ItemKey, change: Change, condition?: Condition): Promise<WriteOutcome> {
    return await this.#write(() => {
      const found = this.#read(key);
      if (condition !== undefined && !holds(condition, found)) return { outcome: 'refused', item: found };
      const item = changed(found, change);
      this.#put.run(key.partition, key.sort, JSON.stringify(item));
      return { outcome: 'written', item };
    });
  }

  async remove(key: ItemKey, condition?: Condition): Promise<WriteOutcome> {
    return await this.#write(() => {
      const found = this.#read(key);
      if (condition !== undefined && !holds(condition, found)) return { outcome: 'refused', item: found };
      this.#remove.run(key.partition, key.sort);
      return { outcome: 'written', item: found ?? {} };
    });
  }

  async *query(partition: string, prefix: string, from = prefix): AsyncIterable<readonly StoredItem[]> {
    for await (const page of this.#pages({ partition, sort: from }, partition)) {
      const items = page.filter(({ key }) => key.sort.startsWith(prefix));
      if (items.length > 0) yield items;
      if (items.length < page.length) return;
    }
  }

  scan(prefix: string): AsyncIterable<readonly StoredItem[]> {
    return this.#pages({ partition: prefix, sort: '' }, `${prefix}\u{10FFFF}`);
  }

  /** Items at or after `from` up to the partition `last`, in the order of their UTF-8 octets, as DynamoDB's. */
  async *#pages(from: ItemKey, last: string): AsyncIterable<readonly StoredItem[]> {
    const first = await this.get(from);
    if (first !== undefined) yield [{ key: from, item: first }];
    let after: ItemKey | undefined = from;
    while (after !== undefined) {
      const page = this.#page(after, last);
      if (page.length > 0) yield page;
      after = page.length < itemsPerPage ? undefined : page.at(-1)?.key;
    }
  }

  #page(after: ItemKey, last: string): readonly StoredItem[] {
    try {
      return this.#range.all(after.partition, after.sort, last).map((row) => ({
        key: { partition: textOf(row['partition']), sort: textOf(row['sort']) },
        item: itemOf(row['item']),
      }));
    } catch (error) {
      throw asStorageError(error);
    }
  }

  #read(key: ItemKey): Attributes | undefined {
    const row = this.#get.get(key.partition, key.sort);
    return row === undefined ? undefined : itemOf(row['item']);
  }
}

function textOf(column: unknown): string {
  if (typeof column !== 'string') throw new TypeError('A key in the state database is not a text.');
  return column;
}

function itemOf(column: unknown): Attributes {
  const item: unknown = JSON.parse(textOf(column));
  if (!isAttributes(item)) throw new TypeError('An item in the state database is not an object.');
  return item;
}

function isAttributes(value: unknown): value is Attributes {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function changed(found: Attributes | undefined, { initial, set, add }: Change): Attributes {
  const item: Record<string, unknown> = { ...initial, ...found, ...set };
  for (const [attribute, amount] of Object.entries(add ?? {})) {
    const before = item[attribute];
    item[attribute] = (typeof before === 'number' ? before : 0) + amount;
  }
  return item;
}

function holds(condition: Condition, item: Attributes | undefined): boolean {
  switch (condition.is) {
    case 'absent':
      return item === undefined;
    case 'equal':
      return item?.[condition.attribute] === condition.value;
    case 'less': {
      const value = item?.[condition.attribute];
      return typeof value === 'number' && value < condition.than;
    }
    case 'any':
      return condition.of.some((one) => holds(one, item));
    case 'all':
      return condition.of.every((one) => holds(one, item));
    default:
      return assertNever(condition);
  }
}

/** A file that is new in a folder survives a power cut only when the folder is flushed too. */
function flushFolder(path: string): void {
  const folder = openSync(path, 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
