import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Octets that are read between two collections. */
const collectEvery = 16 * 1024 * 1024;

type Collector = (options: { readonly type: 'minor' | 'major'; readonly flavor?: 'last-resort' }) => void;

let collector: Collector | undefined;
let read = 0;

/**
 * To be told of octets that were read into buffers of their own. V8 sees the small objects and not the 16 to 64 KB behind
 * each, and looks for garbage after 64 MB of them: a message of 150 MB by TLS took 195 MB of memory, and takes 150 MB
 * with a look at the newest objects (a millisecond) every so often.
 */
export function noteReadBuffer(octets: number): void {
  read += octets;
  if (read < collectEvery) return;
  read = 0;
  collect({ type: 'minor' });
}

/**
 * Gives back to the system what the heap has taken and does not need, which V8 keeps for later otherwise: 50 MB of a
 * process that has copied small messages for 5 seconds.
 */
export function giveBackMemory(): void {
  collect({ type: 'major', flavor: 'last-resort' });
}

function collect(options: Parameters<Collector>[0]): void {
  collector ??= exposedCollector();
  collector(options);
}

/** `gc` of V8, without the flag that would show it to the whole program. */
function exposedCollector(): Collector {
  setFlagsFromString('--expose-gc');
  const exposed: unknown = runInNewContext('gc');
  setFlagsFromString('--no-expose-gc');
  if (typeof exposed !== 'function') throw new Error('V8 shows no collector of garbage');
  return (options) => void Reflect.apply(exposed, undefined, [options]);
}
