import type { FaultTiming } from '../http/played-faults.ts';

/** A fault that is played: at the next requests that fit. */
export interface PlayedFault extends FaultTiming {
  /** GET, POST, …; every one by default. */
  readonly method?: string | undefined;
  /** Part of the path, or a pattern of it; `/users/…` of Graph also inside a batch. */
  readonly path?: string | RegExp | undefined;
  /** An answer in place of the handling, with an empty body unless `code` is given. */
  readonly status?: number | undefined;
  readonly code?: string | undefined;
  /** Seconds, sent as Retry-After. */
  readonly retryAfter?: number | undefined;
  /** The connection is cut: `before` the request is handled, or `after` it was done and before its answer. */
  readonly drop?: 'before' | 'after' | undefined;
}

export function fits({ method, path }: PlayedFault, actualMethod: string, actualPath: string): boolean {
  if (method !== undefined && method !== actualMethod) return false;
  if (path === undefined) return true;
  return typeof path === 'string' ? actualPath.includes(path) : path.test(actualPath);
}
