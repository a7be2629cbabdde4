import type { Batch } from '../domain/batch.ts';
import { mergeOptions, parseOptions, resolveOptions, type ResolvedOptions } from '../domain/options.ts';
import type { BatchStore } from '../ports/batch-store.ts';

/** The options of a batch, its endpoint's defaults included, with the built-in defaults for what nobody set. */
export async function effectiveOptions(
  store: Pick<BatchStore, 'getEndpoint'>,
  batch: Pick<Batch, 'endpoint' | 'type' | 'options'>,
): Promise<ResolvedOptions> {
  const endpoint = await store.getEndpoint(batch.endpoint);
  return optionsOf(batch.type, [endpoint?.defaults ?? {}, batch.options]);
}

/** Options as written, by level: endpoint, batch, row. The later level wins. */
export function optionsOf(type: Batch['type'], levels: readonly Readonly<Record<string, unknown>>[]): ResolvedOptions {
  return resolveOptions(type, mergeOptions(...levels.map((written) => parseOptions(written).options)));
}
