import { isDeepStrictEqual } from 'node:util';
import { theService } from '../domain/audit.ts';
import { mailboxLimit } from '../domain/connection-shares.ts';
import { tlsSettings, type Endpoint } from '../domain/endpoint.ts';
import { parseEndpoint, type SettingProblem } from '../domain/parse-endpoint.ts';
import type { EndpointCheck } from '../ports/endpoint-probe.ts';
import type { Services } from './services.ts';
import { isOver } from './remove-endpoint.ts';
import { noteAudit } from './audit-verb.ts';
import { patientProbe } from './patient-probe.ts';
import { sameTarget } from './probe-storage.ts';
import { testEndpoint, type EndpointTest, type TestMailbox } from './test-endpoint.ts';

export interface EndpointRequest {
  /** The endpoint file as parsed JSON; the door has read `tls.caFile` into `tls.ca`. */
  readonly definition: unknown;
  /** Connects before it stores. */
  readonly test: boolean;
  /** Mailboxes with which an administrator's sign-in is tried. */
  readonly mailboxes?: readonly TestMailbox[] | undefined;
  /** @default the service itself */
  readonly by?: string | undefined;
}

export type EndpointPut =
  | { readonly outcome: 'stored'; readonly endpoint: Endpoint; readonly checks: readonly EndpointCheck[] }
  | { readonly outcome: 'invalid'; readonly problems: readonly SettingProblem[] }
  /** A server could not be reached or does not accept what the file says; nothing was stored. */
  | { readonly outcome: 'failed'; readonly endpoint: Endpoint; readonly checks: readonly EndpointCheck[] };

/** Stores an endpoint, replacing one of the same name; batches that run take its limits from their next slice on. */
export async function putEndpoint(
  services: Pick<Services, 'store' | 'endpointProbe' | 'workflow' | 'clock'>,
  request: EndpointRequest,
): Promise<EndpointPut> {
  const parsed = parseEndpoint(request.definition);
  if (parsed.outcome === 'invalid') return parsed;
  const problems = tlsSettings(parsed.endpoint)
    .filter(({ tls }) => tls.caFile !== undefined && tls.ca === undefined)
    .map(({ at }) => ({ setting: `${at}.caFile`, message: 'the file of certificate authorities was not read' }));
  if (problems.length > 0) return { outcome: 'invalid', problems };
  const found = await withAddress(services, await withKnown(services, parsed.endpoint));
  if (found.outcome === 'failed') return { ...found, endpoint: parsed.endpoint };
  const { endpoint } = found;
  const { mailboxes } = request;
  const tested = request.test ? await testEndpoint(services, { endpoint, mailboxes }) : untested;
  if (!tested.ok) return { outcome: 'failed', endpoint, checks: tested.checks };
  const keeps = tested.keeps ?? endpoint.target.keeps;
  const stored: Endpoint = keeps === undefined ? endpoint : { ...endpoint, target: { ...endpoint.target, keeps } };
  await noteChange(services, stored, request.by ?? theService);
  await services.store.putEndpoint(stored);
  await openMore(services, endpoint);
  return { outcome: 'stored', endpoint: stored, checks: tested.checks };
}

/** In the trail of every batch that it may still matter to; before it is stored, as with every verb. */
async function noteChange(
  { store, clock }: Pick<Services, 'store' | 'clock'>,
  endpoint: Endpoint,
  who: string,
): Promise<void> {
  const before = await store.getEndpoint(endpoint.name);
  const changed = before === undefined ? [] : changedSettings(before, endpoint);
  if (changed.length === 0) return;
  for (const { name, endpoint: used, status } of await store.listBatches()) {
    if (used !== endpoint.name || isOver(status)) continue;
    await noteAudit({ store, clock }, { batch: name, who, verb: 'endpoint', detail: changed.join(', ') });
  }
}

/** Names alone: values may be certificates of many lines. */
function changedSettings(before: object, after: object, path = ''): readonly string[] {
  const was = new Map<string, unknown>(Object.entries(before));
  const is = new Map<string, unknown>(Object.entries(after));
  return [...new Set([...was.keys(), ...is.keys()])].flatMap((name): readonly string[] => {
    const one = was.get(name);
    const other = is.get(name);
    if (isDeepStrictEqual(one, other)) return [];
    const inner = isSettings(one) && isSettings(other);
    return inner ? changedSettings(one, other, `${path}${name}.`) : [`${path}${name}`];
  });
}

function isSettings(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const untested: EndpointTest = { ok: true, checks: [], keeps: undefined };

/** What was found out of the same servers stays known, unless the file says it itself. */
async function withKnown({ store }: Pick<Services, 'store'>, endpoint: Endpoint): Promise<Endpoint> {
  const before = await store.getEndpoint(endpoint.name);
  if (before === undefined) return endpoint;
  const known = withKnownAddress(before, endpoint);
  const keeps = endpoint.target.keeps ?? (sameTarget(before, endpoint) ? before.target.keeps : undefined);
  return keeps === undefined ? known : { ...known, target: { ...known.target, keeps } };
}

/** A mailbox is known by its server's name: Autodiscover is asked once, whatever it would say later. */
function withKnownAddress({ source: before }: Endpoint, endpoint: Endpoint): Endpoint {
  const { source } = endpoint;
  if (source.kind !== 'exchange' || before.kind !== 'exchange' || source.ewsUrl !== '') return endpoint;
  if (before.autodiscover?.toLowerCase() !== source.autodiscover?.toLowerCase()) return endpoint;
  return { ...endpoint, source: { ...source, ewsUrl: before.ewsUrl } };
}

async function withAddress(
  services: Pick<Services, 'endpointProbe' | 'clock'>,
  endpoint: Endpoint,
): Promise<
  | { readonly outcome: 'found'; readonly endpoint: Endpoint }
  | { readonly outcome: 'failed'; readonly checks: readonly EndpointCheck[] }
> {
  const { source } = endpoint;
  if (source.kind !== 'exchange' || source.ewsUrl !== '') return { outcome: 'found', endpoint };
  const found = await patientProbe(services).discover(endpoint);
  if (found.outcome === 'failed') return found;
  return { outcome: 'found', endpoint: { ...endpoint, source: { ...source, ewsUrl: found.ewsUrl } } };
}

/**
 * Slots follow the endpoint at the next slice, but a Map that runs opens no more mailboxes than it was told at its
 * beginning. Asked for every running batch and not only where the number grew: so a put that broke off here is mended
 * by the next one.
 */
async function openMore({ store, workflow }: Pick<Services, 'store' | 'workflow'>, endpoint: Endpoint): Promise<void> {
  for (const batch of await store.listBatches()) {
    if (batch.endpoint !== endpoint.name || batch.run === null) continue;
    await workflow.raiseConcurrency(batch.run.execution, mailboxLimit(endpoint, batch.pass));
  }
}
