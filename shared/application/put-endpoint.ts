import type { Endpoint } from '../domain/endpoint.ts';
import { parseEndpoint, type SettingProblem } from '../domain/parse-endpoint.ts';
import type { EndpointCheck } from '../ports/endpoint-probe.ts';
import type { Services } from './services.ts';
import { testEndpoint } from './test-endpoint.ts';

export interface EndpointRequest {
  /** The endpoint file as parsed JSON; the door has read `tls.caFile` into `tls.ca`. */
  readonly definition: unknown;
  /** Connects before it stores. */
  readonly test: boolean;
}

export type EndpointPut =
  | { readonly outcome: 'stored'; readonly endpoint: Endpoint; readonly checks: readonly EndpointCheck[] }
  | { readonly outcome: 'invalid'; readonly problems: readonly SettingProblem[] }
  /** A server could not be reached or does not accept what the file says; nothing was stored. */
  | { readonly outcome: 'failed'; readonly endpoint: Endpoint; readonly checks: readonly EndpointCheck[] };

/** Stores an endpoint, replacing one of the same name. */
export async function putEndpoint(
  services: Pick<Services, 'store' | 'endpointProbe'>,
  request: EndpointRequest,
): Promise<EndpointPut> {
  const parsed = parseEndpoint(request.definition);
  if (parsed.outcome === 'invalid') return parsed;
  const { endpoint } = parsed;
  const problems = (['source', 'target'] as const)
    .filter((side) => endpoint[side].tls.caFile !== undefined && endpoint[side].tls.ca === undefined)
    .map((side) => ({ setting: `${side}.tls.caFile`, message: 'the file of certificate authorities was not read' }));
  if (problems.length > 0) return { outcome: 'invalid', problems };
  const tested = request.test ? await testEndpoint(services, { endpoint }) : { ok: true, checks: [] };
  if (!tested.ok) return { outcome: 'failed', endpoint, checks: tested.checks };
  await services.store.putEndpoint(endpoint);
  return { outcome: 'stored', endpoint, checks: tested.checks };
}
