import type { Endpoint } from '../domain/endpoint.ts';
import type { EndpointCheck, ProbeMailboxes } from '../ports/endpoint-probe.ts';
import type { Services } from './services.ts';

export interface EndpointTest {
  /** No check failed; warnings may be left. */
  readonly ok: boolean;
  readonly checks: readonly EndpointCheck[];
}

/** Connects to both servers of an endpoint and says of every step how it went. */
export async function testEndpoint(
  { endpointProbe }: Pick<Services, 'endpointProbe'>,
  request: { readonly endpoint: Endpoint; readonly mailboxes?: ProbeMailboxes | undefined },
): Promise<EndpointTest> {
  const checks = await endpointProbe.probe(request.endpoint, request.mailboxes ?? {});
  return { ok: !checks.some(({ result }) => result === 'fail'), checks };
}
