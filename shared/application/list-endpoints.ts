import type { Endpoint } from '../domain/endpoint.ts';
import type { Services } from './services.ts';

/** All endpoints by name; their secrets are references. */
export async function listEndpoints({ store }: Pick<Services, 'store'>): Promise<readonly Endpoint[]> {
  return [...(await store.listEndpoints())].sort((a, b) => (a.name < b.name ? -1 : 1));
}
