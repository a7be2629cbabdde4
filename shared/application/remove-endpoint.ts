import type { Services } from './services.ts';

export type EndpointRemoval =
  | { readonly outcome: 'removed' | 'not-found' }
  /** Names of the batches that still use it. */
  | { readonly outcome: 'in-use'; readonly batches: readonly string[] };

/** Removes an endpoint that no batch needs any more. */
export async function removeEndpoint(
  { store }: Pick<Services, 'store'>,
  request: { readonly endpoint: string },
): Promise<EndpointRemoval> {
  if ((await store.getEndpoint(request.endpoint)) === undefined) return { outcome: 'not-found' };
  const batches = (await store.listBatches())
    .filter((batch) => batch.endpoint === request.endpoint && !isOver(batch.status))
    .map(({ name }) => name);
  if (batches.length > 0) return { outcome: 'in-use', batches };
  await store.removeEndpoint(request.endpoint);
  return { outcome: 'removed' };
}

/** Of a batch: nothing more happens to it. */
export function isOver(status: string): boolean {
  return status === 'Completed' || status === 'CompletedWithErrors';
}
