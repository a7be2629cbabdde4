import { isDeepStrictEqual } from 'node:util';
import { assertNever } from '../../../shared/domain/assert-never.ts';
import type {
  Attributes,
  Change,
  Condition,
  ItemKey,
  StateTable,
  StoredItem,
  WriteOutcome,
} from '../../../shared/adapters/store/state-table.ts';

/** A state table that forgets; items go through JSON, as they do in a real one. */
export class MemoryStateTable implements StateTable {
  readonly #items = new Map<string, StoredItem>();

  get(key: ItemKey): Promise<Attributes | undefined> {
    return Promise.resolve(this.#find(key));
  }

  put(key: ItemKey, item: Attributes, condition?: Condition): Promise<WriteOutcome> {
    return this.#write(key, condition, () => item);
  }

  update(key: ItemKey, change: Change, condition?: Condition): Promise<WriteOutcome> {
    return this.#write(key, condition, (found) => {
      const item: Record<string, unknown> = { ...change.initial, ...found, ...change.set };
      for (const [attribute, amount] of Object.entries(change.add ?? {}))
        item[attribute] = Number(item[attribute] ?? 0) + amount;
      return item;
    });
  }

  remove(key: ItemKey, condition?: Condition): Promise<WriteOutcome> {
    const found = this.#find(key);
    if (condition !== undefined && !holds(condition, found))
      return Promise.resolve({ outcome: 'refused', item: found });
    this.#items.delete(nameOf(key));
    return Promise.resolve({ outcome: 'written', item: found ?? {} });
  }

  async *query(partition: string, prefix: string, from = prefix): AsyncIterable<readonly StoredItem[]> {
    const isBehind = ({ sort }: ItemKey) => Buffer.compare(Buffer.from(sort), Buffer.from(from)) >= 0;
    yield this.#select((key) => key.partition === partition && key.sort.startsWith(prefix) && isBehind(key));
    await Promise.resolve();
  }

  async *scan(prefix: string): AsyncIterable<readonly StoredItem[]> {
    yield this.#select((key) => key.partition.startsWith(prefix));
    await Promise.resolve();
  }

  #select(fits: (key: ItemKey) => boolean): readonly StoredItem[] {
    return [...this.#items.values()]
      .filter(({ key }) => fits(key))
      .sort((a, b) => (a.key.sort < b.key.sort ? -1 : 1))
      .map(({ key, item }) => ({ key, item: plain(item) }));
  }

  #find(key: ItemKey): Attributes | undefined {
    const stored = this.#items.get(nameOf(key));
    return stored === undefined ? undefined : plain(stored.item);
  }

  #write(
    key: ItemKey,
    condition: Condition | undefined,
    next: (found: Attributes | undefined) => Attributes,
  ): Promise<WriteOutcome> {
    const found = this.#find(key);
    if (condition !== undefined && !holds(condition, found))
      return Promise.resolve({ outcome: 'refused', item: found });
    const item = plain(next(found));
    this.#items.set(nameOf(key), { key, item });
    return Promise.resolve({ outcome: 'written', item });
  }
}

function nameOf(key: ItemKey): string {
  return JSON.stringify([key.partition, key.sort]);
}

function plain(item: Attributes): Attributes {
  return JSON.parse(JSON.stringify(item)) as Attributes;
}

function holds(condition: Condition, item: Attributes | undefined): boolean {
  switch (condition.is) {
    case 'absent':
      return item === undefined;
    case 'equal':
      return item !== undefined && isDeepStrictEqual(item[condition.attribute], condition.value);
    case 'less':
      return item !== undefined && Number(item[condition.attribute]) < condition.than;
    case 'any':
      return condition.of.some((one) => holds(one, item));
    case 'all':
      return condition.of.every((one) => holds(one, item));
    default:
      return assertNever(condition);
  }
}
