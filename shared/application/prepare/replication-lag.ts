import { TransientError } from '../../domain/errors.ts';
import type { JobForwarding } from '../../domain/job-preparation.ts';

/**
 * Domain controllers of other sites are told every 180 minutes unless somebody set another interval
 * (https://learn.microsoft.com/windows-server/identity/ad-ds/plan/determining-the-interval).
 */
const replicatedAfterMs = 180 * 60_000;

interface Look {
  /** Domain controller that was asked, and what it says targetAddress is. */
  readonly server: string;
  readonly shown: string | null;
  readonly now: number;
}

/**
 * Whether another domain controller than the one that was written to may just not know it yet. To take its old value for
 * the truth would note a forwarding as put back that is set, or as found that is about to go.
 */
export function mayBeStale(journal: JobForwarding, { server, shown, now }: Look): boolean {
  if (journal.server === undefined || journal.server === server) return false;
  if (now - Date.parse(journal.at) >= replicatedAfterMs) return false;
  switch (journal.state) {
    // Intended: it was written, or was not; only the new value tells.
    case 'intended':
    case 'set':
    case 'found':
      return !isSame(shown, journal.next);
    case 'put-back':
      return !isSame(shown, journal.before);
    case 'left':
      return journal.actual !== undefined && !isSame(shown, journal.actual);
  }
}

/** Passes by itself, or at once where the endpoint names the domain controller that was written to. */
export function notReplicated({ server: written }: JobForwarding, server: string): TransientError {
  const message = `${server} answers now, and does not know yet what was written at ${written ?? 'another one'}: name one domain controller in directory.url.`;
  return new TransientError({ code: 'DIRECTORY_NOT_REPLICATED', message });
}

function isSame(one: string | null, other: string | null): boolean {
  return one?.toLowerCase() === other?.toLowerCase();
}
