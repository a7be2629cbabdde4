import type { Batch } from './batch.ts';

/** Mail 1 goes once for each time that mailboxes were prepared: an execution that repeats a lost one sends none. */
export function preparedOccasion({ passNumber, preparingSince }: Pick<Batch, 'passNumber' | 'preparingSince'>): string {
  const pass = `pass-${String(passNumber)}`;
  return preparingSince === undefined ? pass : `${pass}-${String(Date.parse(preparingSince))}`;
}
