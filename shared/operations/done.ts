import type { Refused } from '../application/audit-verb.ts';
import { refusal } from './refusal.ts';

/** What a verb came to; throws what it refused. */
export function done<Outcome extends { readonly outcome: string }>(result: Outcome | Refused): Outcome {
  if (isRefused(result)) throw refusal(result.code, result.reason);
  return result;
}

function isRefused(result: { readonly outcome: string }): result is Refused {
  return result.outcome === 'refused';
}
