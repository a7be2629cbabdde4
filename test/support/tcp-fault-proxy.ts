import { connect, createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';

export type Direction = 'to-server' | 'to-client';

/** What a cut looks like to the two ends: an orderly end (FIN) or a reset (RST). The server gets what was passed on before. */
export type CutStyle = 'close' | 'reset';

export type Fault = {
  readonly direction: Direction;
  readonly style?: CutStyle;
  /** Cut this many connections, then work as before (default 1). */
  readonly times?: number;
} & (
  | /** Once this many bytes of one connection have passed in the direction; what comes after is not passed on. */
    { readonly afterBytes: number }
  | {
      /**
       * When this text would pass in the direction, across chunks too; neither it nor anything after it is passed on.
       * `OK Append` to the client: the server has stored the message and nobody hears of it. Plain connections only.
       */
      readonly onText: string;
      /** Let the text pass this often on a connection before the cut (default 0). */
      readonly skip?: number;
    }
);

export type ProxyCounters = {
  readonly connections: number;
  readonly open: number;
  readonly refused: number;
  readonly cuts: number;
  readonly bytesToServer: number;
  readonly bytesToClient: number;
  /** How often a client spoke after the server had: what a delay on the line is multiplied by. */
  readonly roundTrips: number;
};

export type Delay = { readonly toServerMs: number; readonly toClientMs: number };

type ArmedFault = { readonly fault: Fault; left: number };

/** Bytes that may be under way in one direction: about what a gigabit line of 40 ms holds, twice. */
const IN_FLIGHT_BYTES = 10 << 20;

/** A TCP proxy on loopback between a client and a server that is slow, breaks or refuses when told to. */
export class TcpFaultProxy {
  readonly #server: Server;
  readonly #target: { readonly port: number; readonly host: string };
  readonly #links = new Set<Link>();
  #faults: ArmedFault[] = [];
  #delay: Delay = { toServerMs: 0, toClientMs: 0 };
  #refusing = false;
  #stalled = false;
  readonly #totals = { connections: 0, refused: 0, cuts: 0, bytesToServer: 0, bytesToClient: 0, roundTrips: 0 };

  private constructor(target: { readonly port: number; readonly host: string }) {
    this.#target = target;
    this.#server = createServer({ noDelay: true, allowHalfOpen: true }, (client) => this.#accept(client));
  }

  static async start(targetPort: number, targetHost = '127.0.0.1'): Promise<TcpFaultProxy> {
    const proxy = new TcpFaultProxy({ port: targetPort, host: targetHost });
    await new Promise<void>((resolve, reject) => {
      proxy.#server.once('error', reject);
      proxy.#server.listen(0, '127.0.0.1', resolve);
    });
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Holds back every chunk for so many milliseconds, in order; several may be under way, as on a long line. */
  setDelay(delay: Delay): void {
    this.#delay = delay;
  }

  /** Arms a fault for the connections that are open and those to come. */
  cut(fault: Fault): void {
    this.#faults.push({ fault, left: fault.times ?? 1 });
  }

  /** Disarms every fault, ends a stall and accepts connections again. */
  heal(): void {
    this.#faults = [];
    this.#refusing = false;
    this.unstall();
  }

  /** Passes nothing on and closes nothing: a dead line. */
  stall(): void {
    this.#stalled = true;
    for (const link of this.#links) link.update();
  }

  unstall(): void {
    this.#stalled = false;
    for (const link of this.#links) link.update();
  }

  /** Resets every new connection; those that are open live on. */
  refuse(refusing = true): void {
    this.#refusing = refusing;
  }

  /** Cuts every open connection now. */
  dropAll(style: CutStyle = 'reset'): void {
    for (const link of this.#links) link.cut(style);
  }

  counters(): ProxyCounters {
    return { ...this.#totals, open: this.#links.size };
  }

  /** Octets that went over it, either way. */
  passed(): number {
    return this.#totals.bytesToServer + this.#totals.bytesToClient;
  }

  async stop(): Promise<void> {
    this.dropAll();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #accept(client: Socket): void {
    if (this.#refusing) {
      this.#totals.refused += 1;
      client.on('error', () => undefined);
      client.resetAndDestroy();
      return;
    }
    this.#totals.connections += 1;
    const server = connect({ ...this.#target, noDelay: true, allowHalfOpen: true });
    let lastSpoke: Direction = 'to-client';
    const link = new Link(client, server, {
      delayMs: (direction) => (direction === 'to-server' ? this.#delay.toServerMs : this.#delay.toClientMs),
      stalled: () => this.#stalled,
      faults: () => this.#faults.filter(({ left }) => left > 0),
      cutBy: (armed) => {
        armed.left -= 1;
        this.#totals.cuts += 1;
      },
      spoke: (direction, bytes) => {
        if (direction === 'to-server') this.#totals.bytesToServer += bytes;
        else this.#totals.bytesToClient += bytes;
        if (direction === 'to-server' && lastSpoke === 'to-client') this.#totals.roundTrips += 1;
        lastSpoke = direction;
      },
      ended: () => this.#links.delete(link),
    });
    this.#links.add(link);
  }
}

type LinkRules = {
  readonly delayMs: (direction: Direction) => number;
  readonly stalled: () => boolean;
  readonly faults: () => readonly ArmedFault[];
  readonly cutBy: (armed: ArmedFault) => void;
  readonly spoke: (direction: Direction, bytes: number) => void;
  readonly ended: () => void;
};

/** One client connection and the one to the server that belongs to it. */
class Link {
  readonly #client: Socket;
  readonly #server: Socket;
  readonly #rules: LinkRules;
  readonly #lanes: readonly Lane[];
  #ended = false;

  constructor(client: Socket, server: Socket, rules: LinkRules) {
    this.#client = client;
    this.#server = server;
    this.#rules = rules;
    const cut = (armed: ArmedFault): void => {
      rules.cutBy(armed);
      this.cut(armed.fault.style ?? 'reset');
    };
    this.#lanes = [
      new Lane({ direction: 'to-server', from: client, to: server, rules, cut }),
      new Lane({ direction: 'to-client', from: server, to: client, rules, cut }),
    ];
    for (const socket of [client, server]) {
      // Either end may vanish at any time; the other then sees the same.
      socket.on('error', () => this.cut('reset'));
      socket.on('close', () => this.#closed());
    }
  }

  update(): void {
    for (const lane of this.#lanes) lane.pump();
  }

  cut(style: CutStyle): void {
    if (this.#ended) return;
    for (const lane of this.#lanes) lane.stop();
    if (style === 'reset') this.#client.resetAndDestroy();
    else this.#client.destroySoon();
    // An orderly end towards the server: what the proxy has passed on is to arrive, as it would from a lost client.
    this.#server.destroySoon();
    this.#end();
  }

  #closed(): void {
    if (!this.#client.destroyed || !this.#server.destroyed) return;
    for (const lane of this.#lanes) lane.stop();
    this.#end();
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#rules.ended();
  }
}

type LaneEnds = {
  readonly direction: Direction;
  readonly from: Socket;
  readonly to: Socket;
  readonly rules: LinkRules;
  readonly cut: (armed: ArmedFault) => void;
};

/** One direction of a link: a queue of chunks, each with the time at which it may go on. */
class Lane {
  readonly #ends: LaneEnds;
  readonly #queue: { readonly bytes: Buffer; readonly dueAt: number }[] = [];
  readonly #seen = new Map<ArmedFault, number>();
  #queued = 0;
  #passed = 0;
  #tail = '';
  #finished = false;
  #stopped = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(ends: LaneEnds) {
    this.#ends = ends;
    ends.from.on('data', (bytes: Buffer) => this.#take(bytes));
    ends.from.on('end', () => {
      this.#finished = true;
      this.pump();
    });
    ends.to.on('drain', () => this.pump());
  }

  stop(): void {
    this.#stopped = true;
    this.#queue.length = 0;
    clearTimeout(this.#timer);
  }

  /** Passes on what is due. */
  pump(): void {
    clearTimeout(this.#timer);
    const { to, from, rules } = this.#ends;
    while (!this.#stopped && !rules.stalled()) {
      const next = this.#queue[0];
      if (next === undefined) {
        if (this.#finished && !to.writableEnded) to.end();
        break;
      }
      const early = next.dueAt - performance.now();
      if (early > 0.5) {
        this.#timer = setTimeout(() => this.pump(), early);
        break;
      }
      if (to.writableNeedDrain) break;
      this.#queue.shift();
      this.#queued -= next.bytes.length;
      this.#pass(next.bytes);
    }
    if (this.#queued < IN_FLIGHT_BYTES && from.isPaused()) from.resume();
  }

  #take(bytes: Buffer): void {
    if (this.#stopped) return;
    const { direction, from, rules } = this.#ends;
    rules.spoke(direction, bytes.length);
    this.#queue.push({ bytes, dueAt: performance.now() + rules.delayMs(direction) });
    this.#queued += bytes.length;
    if (this.#queued >= IN_FLIGHT_BYTES) from.pause();
    this.pump();
  }

  #pass(bytes: Buffer): void {
    const cut = this.#firstCut(bytes);
    this.#passed += bytes.length;
    this.#tail = (this.#tail + bytes.subarray(-256).toString('latin1')).slice(-256);
    const allowed = cut === undefined ? bytes : bytes.subarray(0, cut.at);
    if (allowed.length > 0) this.#ends.to.write(allowed);
    if (cut !== undefined) this.#ends.cut(cut.armed);
  }

  /** The earliest place in the chunk at which a fault strikes. */
  #firstCut(bytes: Buffer): { readonly armed: ArmedFault; readonly at: number } | undefined {
    let first: { armed: ArmedFault; at: number } | undefined;
    for (const armed of this.#ends.rules.faults()) {
      if (armed.fault.direction !== this.#ends.direction) continue;
      const at = this.#strikesAt(armed, bytes);
      if (at !== undefined && (first === undefined || at < first.at)) first = { armed, at };
    }
    return first;
  }

  #strikesAt(armed: ArmedFault, bytes: Buffer): number | undefined {
    const { fault } = armed;
    if ('afterBytes' in fault) {
      const at = fault.afterBytes - this.#passed;
      return at < bytes.length ? Math.max(0, at) : undefined;
    }
    // The beginning of the text may have gone out with the chunk before; then its rest is what is held back.
    const carried = this.#tail.slice(-(fault.onText.length - 1) || this.#tail.length);
    const text = carried + bytes.toString('latin1');
    for (let at = text.indexOf(fault.onText); at !== -1; at = text.indexOf(fault.onText, at + 1)) {
      const seen = this.#seen.get(armed) ?? 0;
      if (seen >= (fault.skip ?? 0)) return Math.max(0, at - carried.length);
      this.#seen.set(armed, seen + 1);
    }
    return undefined;
  }
}
