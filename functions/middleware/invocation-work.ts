import { AsyncLocalStorage } from 'node:async_hooks';

/** Of the invocation for which something is being done: aborted once its answer was given before the work was through. */
const present = new AsyncLocalStorage<AbortSignal>();

export function asWorkOf<Result>(signal: AbortSignal, work: () => Result): Result {
  return present.run(signal, work);
}

/** Nobody is told: the answer was given. */
class LeftBehindError extends Error {
  override readonly name = 'LeftBehindError';
}

/**
 * The port, for as long as the invocation lasts that uses it. Lambda freezes the process with the answer, and thaws it for
 * the next invocation, be it hours later: a loop over thousands of mailboxes that had no time to come to its end would go
 * on there, with what somebody asked for who may have asked for the opposite since.
 */
export function withinInvocation<Port extends object>(port: Port): Port {
  return new Proxy(port, {
    get: (target, name): unknown => {
      const member: unknown = Reflect.get(target, name);
      if (typeof member !== 'function') return member;
      return (...given: unknown[]): unknown => {
        if (present.getStore()?.aborted === true) throw new LeftBehindError('The invocation that asks this is over.');
        return Reflect.apply(member, target, given);
      };
    },
  });
}
