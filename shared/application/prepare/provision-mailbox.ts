import { moveJob } from '../../domain/job-transitions.ts';
import type { JobPreparation } from '../../domain/job-preparation.ts';
import type { MailboxJob } from '../../domain/mailbox-job.ts';
import { loopOf, routingAddressOf } from '../../domain/routing-address.ts';
import { waitingReasons } from '../../domain/waiting-reason.ts';
import type { PrepareInput, PrepareOutput } from '../../domain/workflow-steps.ts';
import type { SourceRecipient } from '../../ports/source-directory.ts';
import type { MailboxState, TargetDirectory, TargetRecipient } from '../../ports/target-directory.ts';
import { changeJob } from '../change-job.ts';
import { judgeSource, judgeTarget, type Judged } from './judge-recipients.ts';
import { prepareMailbox, RowError, type PrepareServices, type Preparing } from './prepare-mailbox.ts';

/**
 * Checks both recipients of a mailbox and has its target mailbox made, without waiting for it. Run again at any point it
 * looks again, and assigns nothing twice.
 */
export function provisionMailbox(
  services: PrepareServices,
  input: PrepareInput,
  invocation: { readonly signal: AbortSignal },
): Promise<PrepareOutput> {
  return prepareMailbox(services, input, invocation.signal, (preparing) => provision(services, preparing));
}

async function provision(services: PrepareServices, preparing: Preparing): Promise<MailboxJob> {
  const { store, clock } = services;
  const { job, endpoint, options, signal } = preparing;
  // Since another worker listed it.
  if (job.preparation !== undefined) return job;
  const validating = await changeJob(store, job, (known) =>
    known.status === 'Stopping' || known.status === 'Stopped'
      ? undefined
      : moveJob(known, 'validate', { reason: null, now: clock.now() }),
  );
  if (validating.status !== 'Validating') return validating;

  const forwards = !options.skipForwarding;
  const source = good(await findAtSource(services, preparing, forwards));
  const directory = services.targetDirectory(endpoint);
  const found = await directory.findRecipient(job.mailbox, signal);
  const target = good(judgeTarget(found, { address: job.mailbox, source: source.recipient }));
  const routingAddress = forwards ? routingFor(preparing, target.recipient) : null;

  const provisioning = await changeJob(store, validating, (known) =>
    known.status === 'Validating' ? moveJob(known, 'provision', { reason: null, now: clock.now() }) : undefined,
  );
  if (provisioning.status !== 'Provisioning') return provisioning;
  const licensed = await license(services, preparing, { directory, target: target.recipient });
  const preparation: JobPreparation = {
    ...factsOf(source.recipient, target.recipient, clock.now()),
    ...licensed,
    routingAddress,
    warnings: [...source.warnings, ...target.warnings, ...licensed.warnings],
  };
  const minutes = waitedMinutes(preparation, clock.now());
  return await changeJob(store, provisioning, (known) =>
    known.status === 'Provisioning'
      ? {
          ...known,
          preparation,
          trouble: undefined,
          tryAgainAt: undefined,
          reason: waitingReasons.targetMailbox.say(minutes),
          updatedAt: new Date(clock.now()).toISOString(),
        }
      : undefined,
  );
}

/** Whole minutes for which the target mailbox has been waited for. */
export function waitedMinutes({ waitingSince }: Pick<JobPreparation, 'waitingSince'>, now: number): number {
  return Math.max(0, Math.floor((now - Date.parse(waitingSince)) / 60_000));
}

async function findAtSource(
  services: PrepareServices,
  { job, endpoint, signal }: Preparing,
  forwards: boolean,
): Promise<Judged<SourceRecipient>> {
  const directory = await services.sourceDirectory(endpoint).open(signal);
  try {
    return judgeSource(await directory.findRecipient(job.mailbox), { address: job.mailbox, forwards });
  } finally {
    await directory.close();
  }
}

function good<Recipient>(judged: Judged<Recipient>): Extract<Judged<Recipient>, { outcome: 'good' }> {
  if (judged.outcome === 'bad') throw new RowError(judged.code, judged.message);
  return judged;
}

/** Looked at before anything is changed at the target: a row that cannot be forwarded in the end is told at once. */
function routingFor({ endpoint, job }: Preparing, { proxyAddresses, userPrincipalName }: TargetRecipient): string {
  const { target } = endpoint;
  const deliveryDomain = target.kind === 'exchange-online' ? target.deliveryDomain : undefined;
  const address = routingAddressOf(proxyAddresses, deliveryDomain);
  if (address === undefined) {
    const where = deliveryDomain ?? 'a domain of the tenant (onmicrosoft.com)';
    throw new RowError('ROUTING_ADDRESS_MISSING', `${userPrincipalName} has no address in ${where}.`);
  }
  const loop = loopOf(address, job.mailbox);
  if (loop !== undefined) throw new RowError('FORWARDING_LOOP', loop);
  return address;
}

function factsOf(
  source: SourceRecipient,
  target: TargetRecipient,
  now: number,
): Omit<JobPreparation, 'routingAddress' | 'licence' | 'licensedSince' | 'warnings'> {
  return {
    sourceId: source.id,
    sourceKind: source.kind,
    targetId: target.id,
    targetUser: target.userPrincipalName,
    hasMailboxGuid: source.hasMailboxGuid,
    waitingSince: new Date(now).toISOString(),
    readyAt: null,
    preparedAt: null,
    passwordSet: false,
  };
}

interface Licensing {
  readonly directory: TargetDirectory;
  readonly target: TargetRecipient;
}

/**
 * Gives a licence only where the endpoint names one and the user has none. Without one, a mailbox that is there is
 * migrated into, and one that is not will never come.
 */
async function license(
  services: PrepareServices,
  { endpoint, signal }: Preparing,
  { directory, target }: Licensing,
): Promise<Pick<JobPreparation, 'licence' | 'licensedSince' | 'warnings'>> {
  const now = new Date(services.clock.now()).toISOString();
  if (target.isLicensed) return { licence: 'had', licensedSince: target.licensedSince ?? now, warnings: [] };
  const licence = endpoint.target.kind === 'exchange-online' ? endpoint.target.licence : undefined;
  const user = target.userPrincipalName;
  if (licence === undefined) {
    const state: MailboxState = await directory.mailboxState(target.id, signal);
    if (state.state === 'absent')
      throw new RowError('TARGET_USER_UNLICENSED', `${user} has no mailbox and no licence, and none is to be given.`);
    const warning =
      state.purpose === 'user' ? [`${user} has a mailbox without a licence: it ends 30 days after the move.`] : [];
    return { licence: 'unneeded', licensedSince: now, warnings: warning };
  }
  switch (await directory.assignLicence(target.id, licence, signal)) {
    case 'assigned':
      return { licence: 'assigned', licensedSince: now, warnings: [] };
    case 'already':
      return { licence: 'had', licensedSince: now, warnings: [] };
    case 'exhausted':
      throw new RowError('LICENCES_EXHAUSTED', `No licence ${licence.sku} is left for ${user}.`);
    case 'unknown-sku':
      throw new RowError('LICENCE_UNKNOWN', `The organisation has no licence ${licence.sku}.`);
  }
}
