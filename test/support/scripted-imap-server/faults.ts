/** Something the server is about to do, in the order in which it does it. A fault may take its place. */
export type ServerEvent = {
  /** 1, 2, 3 ... over all connections since the start or the last `forget`. */
  readonly number: number;
  /** 1, 2, 3 ... */
  readonly connection: number;
} & ServerStep;

export type ServerStep =
  | { readonly kind: 'connected' }
  /** The first line of a command has come; nothing of it has been done. */
  | { readonly kind: 'command'; readonly name: string; readonly line: string }
  /** A literal of an APPEND: announced, half received, received. */
  | { readonly kind: 'literal-in'; readonly at: 'begin' | 'inside' | 'end'; readonly size: number }
  /** All of an APPEND has come; its messages are about to be stored. */
  | { readonly kind: 'store'; readonly mailbox: string; readonly messages: number }
  /** A literal of a FETCH: about to be sent, half sent, sent. */
  | { readonly kind: 'literal-out'; readonly at: 'begin' | 'inside' | 'end'; readonly uid: number }
  /** The command has been done; its tagged reply is about to be sent. */
  | { readonly kind: 'reply'; readonly name: string; readonly status: 'OK' | 'NO' | 'BAD' };

export type Fault =
  /** The connection breaks here, both ways. */
  | { readonly do: 'cut' }
  /** The command is not done but answered; at `reply`: done, and answered with this all the same. */
  | { readonly do: 'answer'; readonly status: 'NO' | 'BAD'; readonly text: string }
  /** BYE, then the connection ends. */
  | { readonly do: 'bye'; readonly text: string }
  /** Nothing happens on this connection any more, and it stays open. */
  | { readonly do: 'stall' }
  /** Goes on after this long, by the server's clock. */
  | { readonly do: 'wait'; readonly ms: number }
  /** At `store`: the connection breaks, and the messages are stored this much later all the same. */
  | { readonly do: 'cut-and-store-later'; readonly ms: number }
  /** At `store`: the connection breaks, and the messages are stored when `when` resolves. */
  | { readonly do: 'cut-and-store-when'; readonly when: Promise<unknown> }
  /** At `store`: only the first ones are stored (RFC 3502 broken); then the connection breaks, or the answer is NO. */
  | { readonly do: 'store-some'; readonly messages: number; readonly then: 'cut' | 'NO' }
  /** Lets a test act at this point (deliver mail, alter flags) and goes on. */
  | { readonly do: 'call'; readonly action: () => void };

/** Decides which fault, if any, takes an event's place, and remembers what happened. */
export class FaultPlan {
  readonly #rules: { readonly matches: (event: ServerEvent) => boolean; readonly fault: Fault; left: number }[] = [];
  #events: ServerEvent[] = [];
  #decide: ((event: ServerEvent) => Fault | undefined) | undefined;
  #count = 0;

  /** Everything that happened since the start or the last `forget`. */
  get events(): readonly ServerEvent[] {
    return this.#events;
  }

  /** At the n-th event from the start or the last `forget`. */
  at(number: number, fault: Fault): this {
    return this.when((event) => event.number === number, fault);
  }

  /** At the first events that match, `times` times. */
  when(matches: (event: ServerEvent) => boolean, fault: Fault, times = 1): this {
    this.#rules.push({ matches, fault, left: times });
    return this;
  }

  /** At the n-th command of this name (`APPEND`, `UID FETCH`) from now on, before it is done. */
  atCommand(name: string, nth: number, fault: Fault): this {
    let seen = 0;
    return this.when((event) => {
      if (event.kind !== 'command' || event.name !== name) return false;
      seen += 1;
      return seen === nth;
    }, fault);
  }

  /** From now on this function alone decides, and nothing is remembered: for runs of any length. */
  decideBy(decide: (event: ServerEvent) => Fault | undefined): void {
    this.#decide = decide;
  }

  /** Counts from 1 again; rules that were not used are dropped. */
  forget(): void {
    this.#events = [];
    this.#count = 0;
    this.#rules.length = 0;
  }

  meet(connection: number, step: ServerStep): Fault | undefined {
    this.#count += 1;
    const event: ServerEvent = { number: this.#count, connection, ...step };
    if (this.#decide !== undefined) return this.#decide(event);
    this.#events.push(event);
    // Every rule looks at every event: rules that count must see them all.
    const due = this.#rules.filter((rule) => rule.matches(event) && rule.left > 0);
    const [rule] = due;
    if (rule === undefined) return undefined;
    rule.left -= 1;
    return rule.fault;
  }
}
