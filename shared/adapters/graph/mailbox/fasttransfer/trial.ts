import { Turns } from '../../../turns.ts';

/** Whether what is imported comes out right; until that is known, one item is imported at a time. */
export class Trial {
  outcome: 'unknown' | 'right' | 'wrong' = 'unknown';
  readonly #turns = new Turns();

  /** Undefined: it was found out before that nothing comes out right. */
  run<T>(work: () => Promise<T | undefined>): Promise<T | undefined> {
    const attempt = (): Promise<T | undefined> => (this.outcome === 'wrong' ? Promise.resolve(undefined) : work());
    return this.outcome === 'unknown' ? this.#turns.take(attempt) : attempt();
  }

  /** The first item decides; of a later one that comes out wrong only this one is written another way. */
  note(outcome: 'right' | 'wrong'): void {
    if (this.outcome === 'unknown') this.outcome = outcome;
  }
}
