import { setTimeout as sleep } from 'node:timers/promises';

/** Looks until it is so; fails when it is not after as long as no machine takes for it. */
export async function until(isSo: () => boolean, withinMs = 20_000): Promise<void> {
  const deadline = performance.now() + withinMs;
  while (!isSo()) {
    if (performance.now() > deadline)
      throw new Error(`It did not happen within ${String(withinMs)} ms: ${String(isSo)}`);
    await sleep(1);
  }
}
