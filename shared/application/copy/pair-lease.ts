import { randomUUID } from 'node:crypto';
import { ConflictError, isKnownError, TransientError } from '../../domain/errors.ts';
import type { PairItem, PassState } from '../../domain/pair.ts';
import type { Services } from '../services.ts';

type LeaseServices = Pick<Services, 'store' | 'clock' | 'settings' | 'log'>;

/**
 * The one lease of a pair while this worker holds it, and the only way to write the pair's PASS item. Every write is one
 * conditional update with absolute values (IF token = mine AND ledgerHead = the one I know), so that a write repeated by
 * an SDK changes nothing, and a worker that lost its lease can write nothing at all.
 */
export class PairLease {
  readonly #services: LeaseServices;
  readonly #lost = new AbortController();
  readonly #freed = new AbortController();
  readonly #ended = AbortSignal.any([this.#lost.signal, this.#freed.signal]);
  #pair: PairItem;
  /** Until when the lease is known to be ours: what the last write that was answered said. */
  #until: number;
  /** Writes are sent one after the other: each names the ledger head that the one before left. */
  #writing: Promise<unknown> = Promise.resolve();

  private constructor(services: LeaseServices, pair: PairItem) {
    this.#services = services;
    this.#pair = pair;
    this.#until = pair.leaseUntil;
  }

  /** undefined: another worker holds it. */
  static async take(
    services: LeaseServices,
    request: { readonly id: string; readonly source: string; readonly target: string },
  ): Promise<PairLease | undefined> {
    const now = services.clock.now();
    const pair = await services.store.takeLease({
      ...request,
      holder: randomUUID(),
      now,
      leaseUntil: now + services.settings.leaseMs,
    });
    return pair === undefined ? undefined : new PairLease(services, pair);
  }

  get pair(): PairItem {
    return this.#pair;
  }

  /** The pass in hand; a slice has made one before anything asks for it. */
  get pass(): PassState {
    if (this.#pair.pass === null) throw new Error('The pair has no pass yet');
    return this.#pair.pass;
  }

  /** Aborts when the lease is lost: the worker closes its sockets before a successor settles what it left. */
  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  /**
   * Renews every `renewMs`; `alongside` renews what belongs to the same worker (its slot). A worker whose renewals are not
   * answered stops before its lease ends, whatever it is doing: its successor counts from then.
   */
  startRenewing(alongside: () => Promise<void>): void {
    void this.#renewing(alongside);
    void this.#watching();
  }

  async #renewing(alongside: () => Promise<void>): Promise<void> {
    const { clock, settings } = this.#services;
    for (;;) {
      await clock.sleep(settings.renewMs, this.#ended);
      if (this.#ended.aborted) return;
      await this.#renew(alongside);
    }
  }

  async #renew(alongside: () => Promise<void>): Promise<void> {
    const { clock, settings, store } = this.#services;
    const until = clock.now() + settings.leaseMs;
    try {
      await store.renewLease(this.#pair.id, this.#pair.token, until);
      this.#until = Math.max(this.#until, until);
      await alongside();
    } catch (error) {
      // A store that does not answer for a moment is no loss yet: the next renewal comes before the lease ends.
      if (error instanceof TransientError) return;
      this.#services.log.warn('A lease could not be renewed: the worker stops', {
        pair: this.#pair.id,
        error: isKnownError(error) ? error.code : String(error),
      });
      this.#lost.abort(error);
    }
  }

  /**
   * Throws when the lease may be another's by now, and the sockets are closed then: to be called before octets are sent.
   * Where the whole process was frozen (SIGSTOP, a Lambda between two calls) this is the first to find out.
   */
  assertHeld(): void {
    if (!this.#lost.signal.aborted && this.#services.clock.now() >= this.#last) this.#giveUp();
    this.#lost.signal.throwIfAborted();
  }

  /** The sockets are closed a part of a renewal's time before another worker may take the lease. */
  get #last(): number {
    return this.#until - this.#services.settings.renewMs / 3;
  }

  async #watching(): Promise<void> {
    const { clock } = this.#services;
    while (clock.now() < this.#last) {
      await clock.sleep(this.#last - clock.now(), this.#ended);
      if (this.#ended.aborted) return;
    }
    this.#giveUp();
  }

  #giveUp(): void {
    this.#services.log.warn('A lease could not be renewed in time: the worker stops', { pair: this.#pair.id });
    this.#lost.abort(
      new ConflictError({ code: 'LEASE_LOST', message: 'The lease of this mailbox could not be renewed in time.' }),
    );
  }

  /** Changes the PASS item; a failed condition rejects with ConflictError LEASE_LOST and ends the worker. */
  update(
    change: Partial<Pick<PairItem, 'ledgerHead' | 'index'>> & { readonly pass?: Partial<PassState> },
  ): Promise<void> {
    return this.#write({ leaseUntil: this.#services.clock.now() + this.#services.settings.leaseMs }, change);
  }

  /** Begins a pass: the only write that replaces the whole of it. */
  begin(pass: PassState): Promise<void> {
    return this.update({ pass });
  }

  /**
   * Frees the lease. Nothing may be written through it afterwards. What came of the slice does not depend on it: a lease
   * that another has by now, or that the store does not free, ends by itself.
   */
  async free(): Promise<void> {
    this.#freed.abort();
    if (this.#lost.signal.aborted) return;
    try {
      await this.#write({ leaseUntil: 0 }, {});
    } catch (error) {
      if (!isKnownError(error)) throw error;
      this.#services.log.info('A lease was not freed', { pair: this.#pair.id, error: error.code });
    }
  }

  #write(
    lease: { readonly leaseUntil: number },
    change: Partial<Pick<PairItem, 'ledgerHead' | 'index'>> & { readonly pass?: Partial<PassState> },
  ): Promise<void> {
    const write = this.#writing.then(async () => {
      const { pass, ...rest } = change;
      const next: PairItem = {
        ...this.#pair,
        ...rest,
        ...lease,
        ...(pass === undefined ? {} : { pass: mergePass(this.#pair.pass, pass) }),
      };
      try {
        this.#pair = await this.#services.store.savePair(next, this.#pair.ledgerHead);
        this.#until = Math.max(this.#until, lease.leaseUntil);
      } catch (error) {
        this.#lost.abort(error);
        throw error;
      }
    });
    this.#writing = write.catch(() => undefined);
    return write;
  }
}

function mergePass(current: PassState | null, change: Partial<PassState>): PassState {
  if (current !== null) return { ...current, ...change };
  return change as PassState;
}
