import type { EndpointCheck, EndpointProbe } from '../ports/endpoint-probe.ts';
import type { Services } from './services.ts';

/** Milliseconds before each further look. */
const pausesMs = [500, 2_000] as const;
/** Whoever asks by way of the API waits for 30 s in all. */
const longestMs = 8_000;

/**
 * Looks again where what failed may succeed by itself: a connection that was reset, a server that asks to wait or is just
 * being restarted. What a side that is well said at the first look counts. Test messages are tried again by whoever
 * writes them, since what a lost connection left there has to be removed first.
 */
export function patientProbe({ endpointProbe, clock }: Pick<Services, 'clock' | 'endpointProbe'>): EndpointProbe {
  const patiently = async <Result>(
    look: () => Promise<Result>,
    checksOf: (result: Result) => readonly EndpointCheck[],
    merge: (before: Result, now: Result) => Result,
  ): Promise<Result> => {
    const began = clock.now();
    let result: Result = await look();
    for (const pause of pausesMs) {
      if (!checksOf(result).some(mayPass) || clock.now() - began + pause > longestMs) break;
      await clock.sleep(pause);
      result = merge(result, await look());
    }
    return result;
  };
  const all = (checks: readonly EndpointCheck[]): readonly EndpointCheck[] => checks;
  return {
    probe: (endpoint, mailboxes) => patiently(() => endpointProbe.probe(endpoint, mailboxes), all, bySide),
    discover: (endpoint) =>
      patiently(
        () => endpointProbe.discover(endpoint),
        (found) => (found.outcome === 'failed' ? found.checks : []),
        (_, now) => now,
      ),
    probeDirectories: (endpoint, sample) =>
      patiently(() => endpointProbe.probeDirectories(endpoint, sample), all, bySide),
    probeStorage: (endpoint, mailbox) => endpointProbe.probeStorage(endpoint, mailbox),
  };
}

/** True where a later look may find it well by itself. */
export function mayPass({ transient, result }: EndpointCheck): boolean {
  return transient && result === 'fail';
}

function bySide(before: readonly EndpointCheck[], now: readonly EndpointCheck[]): readonly EndpointCheck[] {
  const again = new Set(before.filter(mayPass).map(({ side }) => side));
  const sides = [...new Set(before.map(({ side }) => side))];
  return sides.flatMap((side) => (again.has(side) ? now : before).filter((check) => check.side === side));
}
