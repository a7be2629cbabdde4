import type { Batch } from '../domain/batch.ts';
import type { Endpoint } from '../domain/endpoint.ts';
import { ConfigurationError } from '../domain/errors.ts';
import type { Services } from './services.ts';

/** The endpoint that a batch goes through. ConfigurationError ENDPOINT_NOT_FOUND. */
export async function endpointOf(store: Services['store'], batch: Pick<Batch, 'endpoint'>): Promise<Endpoint> {
  const endpoint = await store.getEndpoint(batch.endpoint);
  if (endpoint !== undefined) return endpoint;
  const message = `There is no endpoint ${batch.endpoint} any more.`;
  throw new ConfigurationError({ code: 'ENDPOINT_NOT_FOUND', message });
}
