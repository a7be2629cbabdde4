import { setFlagsFromString } from 'node:v8';
import { giveBackMemory } from '../shared/adapters/garbage.ts';

/**
 * Calls of a function before V8 compiles it for the third time (TurboFan, on its own threads), which pays only for what
 * runs for minutes: later than by default, it saves a copy of seconds a tenth of its processor time. The default is what
 * `node --print-flag-values` shows for Node 24.
 */
const calls = { byDefault: 10_000, inShortWork: 50_000 };
/**
 * Percent by which the heap may grow until V8 looks for garbage. What a copy holds is 20 MB at any time, and by default V8
 * lets 250 MB of garbage lie about (500,000 messages: 330 MB resident by default, 180 MB so). Looking costs a copy of seconds
 * a thirtieth of its processor time, so it is put off there; but by default until after that time it would come too late:
 * what the heap has taken by then it keeps (230 MB).
 */
const heapGrowth = { byDefault: 0, inShortWork: 100, inLongWork: 50 };
const shortWorkMs = 5_000;

let settled = false;

/**
 * Settings of V8 for a process that copies, given once and only when the first copy begins: Node compiles its own modules
 * anew that are loaded under other settings than its binary was made with (20 ms at the start of a command). At the
 * process's end they are put back, because what V8 compiled is kept for the next process under the settings' mark
 * (bin/run-program.mjs). They have these names in V8 13, the one of Node 24.
 */
export function settleV8ForCopying(): void {
  if (settled || !process.versions.v8.startsWith('13.')) return;
  settled = true;
  setCallsUntilTurbofan(calls.inShortWork);
  setHeapGrowth(heapGrowth.inShortWork);
  setTimeout(() => {
    setCallsUntilTurbofan(calls.byDefault);
    setHeapGrowth(heapGrowth.inLongWork);
    giveBackMemory();
  }, shortWorkMs).unref();
  process.prependListener('exit', () => {
    setCallsUntilTurbofan(calls.byDefault);
    setHeapGrowth(heapGrowth.byDefault);
  });
}

function setCallsUntilTurbofan(count: number): void {
  setFlagsFromString(`--invocation-count-for-turbofan=${count}`);
}

function setHeapGrowth(percent: number): void {
  setFlagsFromString(`--heap-growing-percent=${percent}`);
}
