import type { Batch } from '../domain/batch.ts';
import { mergeOptions, parseOptions, resolveOptions, type ResolvedOptions } from '../domain/options.ts';
import type { BatchStore } from '../ports/batch-store.ts';

/** The options of a batch, its endpoint's defaults included, with the built-in defaults for what nobody set. */
export async function effectiveOptions(
  store: Pick<BatchStore, 'getEndpoint'>,
  batch: Pick<Batch, 'endpoint' | 'type' | 'options'>,
): Promise<ResolvedOptions> {
  const endpoint = await store.getEndpoint(batch.endpoint);
  return resolveOptions(
    batch.type,
    mergeOptions(parseOptions(endpoint?.defaults ?? {}).options, parseOptions(batch.options).options),
  );
}
