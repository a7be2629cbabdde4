import type { Endpoint } from '../../domain/endpoint.ts';
import { isKnownError } from '../../domain/errors.ts';
import { withoutPrefix } from '../../domain/routing-address.ts';
import { newMailGoes } from '../prepare/directory-findings.ts';
import type { Services } from '../services.ts';

type ExplainServices = Pick<Services, 'store'> & Partial<Pick<Services, 'sourceDirectory'>>;

/** As many mailboxes as are looked up, and as many old values as are named. */
const sampled = 200;
const named = 20;
/** Whoever waits for the notice is at a keyboard, and on AWS behind an API that waits for 29 s. */
const patienceMs = 12_000;

/** What starting a staged batch does to people's new mail, in sentences; nothing for other types. */
export async function explainStart(
  services: ExplainServices,
  request: { readonly batch: string },
): Promise<readonly string[] | undefined> {
  const batch = await services.store.getBatch(request.batch);
  if (batch === undefined) return undefined;
  const endpoint = await services.store.getEndpoint(batch.endpoint);
  if (batch.type !== 'staged' || endpoint === undefined) return [];
  const people: string[] = [];
  for await (const job of services.store.jobs(batch.name))
    if (!['Failed', 'Skipped'].includes(job.status)) people.push(job.mailbox);
  return [
    newMailGoes(endpoint, people.length),
    ...(await oldValues(services, endpoint, people.slice(0, sampled))),
    `Forwarding is set at the source as soon as a mailbox is there; \`stagecoach batch stop ${batch.name} --rollback\` puts the old values back.`,
  ];
}

/** What starting any batch of the endpoint will do; nothing for other types. */
export function explainEndpoint({ type }: Pick<Endpoint, 'type'>): readonly string[] {
  if (type !== 'staged') return [];
  return [
    'Starting a batch of this endpoint sends the new mail of its people to their new mailboxes: targetAddress is set in the directory of the source. The old values are kept, shown before the start, and put back by `batch stop --rollback`.',
  ];
}

async function oldValues(
  { sourceDirectory }: ExplainServices,
  endpoint: Endpoint,
  people: readonly string[],
): Promise<readonly string[]> {
  if (sourceDirectory === undefined) return ['Who forwards elsewhere now is listed by the check "forwarding".'];
  try {
    const directory = await sourceDirectory(endpoint).open(AbortSignal.timeout(patienceMs));
    try {
      const old: string[] = [];
      for (const address of people) {
        const found = await directory.findRecipient(address);
        const value = found.outcome === 'found' ? found.recipient.targetAddress : null;
        if (value !== null) old.push(`${address} to ${withoutPrefix(value)}`);
      }
      if (old.length === 0) return ['None of them forwards anywhere now.'];
      const more = old.length > named ? ` and ${String(old.length - named)} more` : '';
      return [`Now forwarded, and to be replaced: ${old.slice(0, named).join(', ')}${more}.`];
    } finally {
      await directory.close();
    }
  } catch (error) {
    // A notice is no check: whether the directory can be reached is told by the prerequisites.
    if (!isKnownError(error)) throw error;
    return [`Who forwards elsewhere now could not be seen: ${error.message}`];
  }
}
