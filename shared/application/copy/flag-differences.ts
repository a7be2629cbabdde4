/** How an item's flags at the target differ from those that were written, beyond what the rules allow. */
export interface FlagDifference {
  /** In words; names flags, of which none is a secret. */
  readonly detail: string;
  /** Only marks that somebody gave who answered or starred the message: nothing that was copied is lost. */
  readonly ofAReader: boolean;
}

/** Marks that only a person gives, and that take nothing away. */
const ofReaders = ['\\answered', '\\flagged'];

/**
 * Compares by version 2 of the list in docs/verification.md. Allowed: \Recent; \Seen that was not written, since reading
 * a copied message is what the copy is for (a test log-in does it); keywords that were not written, since servers,
 * filters and clients mark what they meet ($HasAttachment, Junk, $MDNSent). What was written and is gone is never
 * allowed, nor is a \Deleted that nobody copied: what carries it is about to be lost.
 *
 * Flags compare without regard to case or order (RFC 9051 section 2.3.2).
 */
export function compareFlags(written: readonly string[], found: readonly string[]): FlagDifference | null {
  const before = new Set(written.map(lower));
  const now = new Set(found.map(lower));
  const lost = written.filter((flag) => !now.has(lower(flag)) && lower(flag) !== '\\recent');
  const given = found.filter((flag) => !before.has(lower(flag)) && isDifference(lower(flag)));
  if (lost.length === 0 && given.length === 0) return null;
  const gone = lost.length === 0 ? [] : [`${named(lost)} no longer set`];
  const more = given.length === 0 ? [] : [`${named(given)} set since`];
  return {
    detail: [...gone, ...more].join('; '),
    ofAReader: lost.length === 0 && given.every((flag) => ofReaders.includes(lower(flag))),
  };
}

function isDifference(flag: string): boolean {
  return flag.startsWith('\\') && flag !== '\\recent' && flag !== '\\seen';
}

/** A few are enough to see what happened; a message may carry hundreds of keywords. */
function named(flags: readonly string[]): string {
  return flags.slice(0, 5).join(' ');
}

function lower(flag: string): string {
  return flag.toLowerCase();
}
