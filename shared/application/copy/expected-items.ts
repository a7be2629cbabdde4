/** What the ledger says that the target holds. */
export interface ExpectedItem {
  /** UIDs at the source and at the target. */
  readonly uid: number;
  readonly target: number;
  /** INTERNALDATE. */
  readonly seconds: number;
  readonly flags: readonly string[];
}

const firstRoom = 256;

/**
 * The items that a target folder should hold, at 25 octets each: a folder may have 500,000 of them, and as objects they
 * took 250 octets each, which was most of the program's memory. Filled first, then asked.
 */
export class ExpectedItems {
  #count = 0;
  #targets = new Uint32Array(firstRoom);
  #uids = new Uint32Array(firstRoom);
  #seconds = new Float64Array(firstRoom);
  #flags = new Uint32Array(firstRoom);
  #seen = new Uint8Array(0);
  /** Sets of flags, few in any folder: each is kept once. */
  readonly #flagSets: (readonly string[])[] = [];
  readonly #flagNumbers = new Map<string, number>();
  /** Positions by target UID, ascending; made when the first question comes. */
  #order: Uint32Array | undefined;

  add(item: ExpectedItem): void {
    if (this.#count === this.#targets.length) this.#grow();
    const at = this.#count;
    this.#targets[at] = item.target;
    this.#uids[at] = item.uid;
    this.#seconds[at] = item.seconds;
    this.#flags[at] = this.#flagNumber(item.flags);
    this.#count += 1;
    this.#order = undefined;
  }

  /** The item of a target UID, which from now on counts as seen; of two with the same UID the one that came later. */
  see(target: number): ExpectedItem | undefined {
    const at = this.#find(target);
    if (at === undefined) return undefined;
    this.#seen[at] = 1;
    return this.#item(at);
  }

  /** Lowest UID at the target; Infinity where there is no item. */
  lowest(): number {
    return this.#targetAt(this.#sorted(), 0) ?? Infinity;
  }

  wasSeen(target: number): boolean {
    const at = this.#find(target);
    return at !== undefined && this.#seen[at] === 1;
  }

  /** Those that nobody saw, in the order of their UIDs at the target. */
  *unseen(): Generator<ExpectedItem, void, undefined> {
    const order = this.#sorted();
    for (const [place, at] of order.entries()) {
      if (this.#targets[at] === this.#targetAt(order, place + 1) || this.#seen[at] === 1) continue;
      yield this.#item(at);
    }
  }

  /** How many name an item at the target that a later one names too. */
  namedTwice(): number {
    const order = this.#sorted();
    return order.reduce(
      (sum, at, place) => (this.#targets[at] === this.#targetAt(order, place + 1) ? sum + 1 : sum),
      0,
    );
  }

  #item(at: number): ExpectedItem {
    return {
      uid: this.#uids[at] ?? 0,
      target: this.#targets[at] ?? 0,
      seconds: this.#seconds[at] ?? 0,
      flags: this.#flagSets[this.#flags[at] ?? 0] ?? [],
    };
  }

  /** Position of the last item of that UID. */
  #find(target: number): number | undefined {
    const order = this.#sorted();
    let low = 0;
    let high = order.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#targetAt(order, middle) ?? Infinity) <= target) low = middle + 1;
      else high = middle;
    }
    return this.#targetAt(order, low - 1) === target ? order[low - 1] : undefined;
  }

  #targetAt(order: Uint32Array, place: number): number | undefined {
    const at = order[place];
    return at === undefined ? undefined : this.#targets[at];
  }

  #sorted(): Uint32Array {
    if (this.#order === undefined) {
      this.#order = positionsByValue(this.#targets.subarray(0, this.#count));
      this.#seen = new Uint8Array(this.#count);
    }
    return this.#order;
  }

  #grow(): void {
    // By `transfer` the memory of what was smaller is given back at once, not when V8 looks for garbage.
    const room = this.#targets.length * 2;
    this.#targets = new Uint32Array(this.#targets.buffer.transfer(room * Uint32Array.BYTES_PER_ELEMENT));
    this.#uids = new Uint32Array(this.#uids.buffer.transfer(room * Uint32Array.BYTES_PER_ELEMENT));
    this.#flags = new Uint32Array(this.#flags.buffer.transfer(room * Uint32Array.BYTES_PER_ELEMENT));
    this.#seconds = new Float64Array(this.#seconds.buffer.transfer(room * Float64Array.BYTES_PER_ELEMENT));
  }

  #flagNumber(flags: readonly string[]): number {
    const name = flags.join(' ');
    const known = this.#flagNumbers.get(name);
    if (known !== undefined) return known;
    this.#flagNumbers.set(name, this.#flagSets.length);
    return this.#flagSets.push([...flags]) - 1;
  }
}

/**
 * Positions of values, ascending by value; of equal ones the one that came first stays first. As numbers of 64 bits, the
 * value above the position, they are sorted where they lie: with a function that compares two, V8 sorts a copy of them in
 * its heap, 10 MB for 500,000.
 */
function positionsByValue(values: Uint32Array): Uint32Array {
  // All processors that Node runs on here keep the lower half first.
  const halves = new Uint32Array(2 * values.length);
  for (const [at, value] of values.entries()) {
    halves[2 * at] = at;
    halves[2 * at + 1] = value;
  }
  new BigUint64Array(halves.buffer).sort();
  const positions = new Uint32Array(values.length);
  for (let place = 0; place < positions.length; place += 1) positions[place] = halves[2 * place] ?? 0;
  halves.buffer.transfer(0);
  return positions;
}
