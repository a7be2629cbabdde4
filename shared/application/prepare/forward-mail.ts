import { moveJob } from '../../domain/job-transitions.ts';
import type { JobForwarding, JobPreparation } from '../../domain/job-preparation.ts';
import type { MailboxJob } from '../../domain/mailbox-job.ts';
import { domainOf } from '../../domain/batch-file/smtp-address.ts';
import { targetAddressOf, withoutPrefix } from '../../domain/routing-address.ts';
import type { PrepareInput, PrepareOutput } from '../../domain/workflow-steps.ts';
import type { OpenSourceDirectory } from '../../ports/source-directory.ts';
import { changeJob } from '../change-job.ts';
import { openPassword, passwordContext } from '../sealed-password.ts';
import { carryOutOfOffice } from './carry-out-of-office.ts';
import { isSame } from './judge-recipients.ts';
import { mayBeStale, notReplicated } from './replication-lag.ts';
import type { Services } from '../services.ts';
import { prepareMailbox, RowError, type PrepareServices, type Preparing } from './prepare-mailbox.ts';

/** The row's password is opened here, and so is the source mailbox for its out-of-office switch. */
export type ForwardServices = PrepareServices & Pick<Services, 'sealer' | 'outOfOfficeSource'>;

/**
 * The last step of a mailbox's preparation, once its target mailbox is there: the row's password, the out-of-office
 * switch, and then forwarding. The old forwarding value is journalled in the job before the directory is written; the
 * directory is written by compare-and-set against that value. Run again at any point it finds what it did and goes on.
 */
export function forwardMail(
  services: ForwardServices,
  input: PrepareInput,
  invocation: { readonly signal: AbortSignal },
): Promise<PrepareOutput> {
  return prepareMailbox(services, input, invocation.signal, (preparing) => forward(services, preparing));
}

async function forward(services: ForwardServices, preparing: Preparing): Promise<MailboxJob> {
  const { preparation } = preparing.job;
  if (preparation === undefined || preparation.readyAt === null) return preparing.job;
  const withPassword = await setPassword(services, preparing, preparation);
  const carried = await carryOutOfOffice(services, { ...preparing, job: withPassword });
  const forwarded = await setForwarding(services, { ...preparing, job: carried });
  return await conclude(services, forwarded);
}

/** Where the password was set and the answer was lost, it is set once more: moments later, to the same. */
async function setPassword(
  services: ForwardServices,
  { job, endpoint, signal }: Preparing,
  preparation: JobPreparation,
): Promise<MailboxJob> {
  if (preparation.passwordSet) return job;
  const password = await openPassword(services, passwordContext(job, 'source'));
  if (password === undefined) return job;
  const directory = services.targetDirectory(endpoint);
  const { domains } = await directory.organisation(signal);
  const domain = domainOf(preparation.targetUser);
  const isFederated = domains.some(({ name, isFederated: elsewhere }) => elsewhere && isSame(name, domain));
  if (!isFederated)
    await directory.setPassword(
      preparation.targetId,
      { password, forceChange: job.forceChangePassword ?? false },
      signal,
    );
  const warning = isFederated
    ? ['FEDERATED_PASSWORD_CHANGE: Password and ForceChangePassword are ignored, the user signs in elsewhere.']
    : [];
  return await changePreparation(services, job, (known) => ({
    ...known,
    passwordSet: true,
    warnings: [...known.warnings, ...warning],
  }));
}

async function setForwarding(services: PrepareServices, preparing: Preparing): Promise<MailboxJob> {
  const { job, endpoint, signal } = preparing;
  const { preparation } = job;
  if (preparation === undefined || preparation.routingAddress === null) return job;
  const next = targetAddressOf(preparation.routingAddress);
  const directory = await services.sourceDirectory(endpoint).open(signal);
  try {
    const journalled = await journal(services, job, { next, directory });
    const { forwarding, status } = journalled;
    // What could not be journalled, since the mailbox was stopped meanwhile, is not written either.
    if (forwarding?.state !== 'intended' || status !== 'Provisioning') return journalled;
    const { sourceId: id, before } = forwarding;
    const outcome = await directory.setForwarding({ id, expected: before, next });
    if (outcome.outcome !== 'conflict')
      return await noteForwarding(services, journalled, { ...forwarding, state: 'set' });
    await noteForwarding(services, journalled, { ...forwarding, state: 'left', actual: outcome.actual });
    throw conflict(job, outcome.actual);
  } finally {
    await directory.close();
  }
}

/**
 * Looks at the value that is there and writes down what is about to become of it. A journal of ours that is open is
 * gone on with: its old value was true when it was written, and compare-and-set sees whether it still is. It is dated
 * anew, since a roll-back leaves whoever may still be writing his time.
 */
async function journal(
  services: PrepareServices,
  job: MailboxJob,
  { next, directory }: { readonly next: string; readonly directory: OpenSourceDirectory },
): Promise<MailboxJob> {
  const { preparation, forwarding: known } = job;
  if (preparation === undefined) return job;
  const { sourceId } = preparation;
  const { server } = directory;
  const at = new Date(services.clock.now()).toISOString();
  const isOurs = known?.sourceId === sourceId && isSame(known.next, next);
  if (isOurs && known.state === 'intended') return await noteForwarding(services, job, { ...known, at, server });
  const found = await directory.readRecipient(sourceId);
  if (found.outcome !== 'found')
    throw new RowError('SOURCE_ADDRESS_NOT_FOUND', 'The source recipient is gone since it was checked.');
  const { targetAddress } = found.recipient;
  if (isOurs && mayBeStale(known, { server, shown: targetAddress, now: services.clock.now() }))
    throw notReplicated(known, server);
  if (isSame(targetAddress, next)) {
    if (isOurs && known.state === 'set') return job;
    return await noteForwarding(services, job, { state: 'found', sourceId, before: targetAddress, next, at, server });
  }
  // We had set it, and somebody made something else of it than what it was before us: theirs until they undo it.
  const wasSet = isOurs && (known.state === 'set' || known.state === 'left');
  if (wasSet && targetAddress !== known.before) throw conflict(job, targetAddress);
  return await noteForwarding(services, job, { state: 'intended', sourceId, before: targetAddress, next, at, server });
}

function conflict({ mailbox }: MailboxJob, actual: string | null): RowError {
  const now = actual === null ? 'was taken away' : `is ${withoutPrefix(actual)}`;
  return new RowError('FORWARDING_CONFLICT', `The forwarding address of ${mailbox} ${now}: somebody else changed it.`);
}

/** Rejects where the mailbox was stopped meanwhile: what is not journalled is not done. */
async function noteForwarding(
  { store, clock }: PrepareServices,
  job: MailboxJob,
  forwarding: JobForwarding,
): Promise<MailboxJob> {
  const noted = await changeJob(store, job, (known) =>
    forwarding.state === 'intended' && known.status !== 'Provisioning'
      ? undefined
      : { ...known, forwarding, updatedAt: new Date(clock.now()).toISOString() },
  );
  return noted;
}

async function changePreparation(
  { store, clock }: PrepareServices,
  job: MailboxJob,
  change: (preparation: JobPreparation) => JobPreparation,
): Promise<MailboxJob> {
  return await changeJob(store, job, (known) =>
    known.preparation === undefined
      ? undefined
      : { ...known, preparation: change(known.preparation), updatedAt: new Date(clock.now()).toISOString() },
  );
}

async function conclude({ store, clock, log }: PrepareServices, job: MailboxJob): Promise<MailboxJob> {
  const now = clock.now();
  const prepared = await changeJob(store, job, (known) => {
    if (known.status !== 'Provisioning' || known.preparation === undefined) return undefined;
    const preparation = { ...known.preparation, preparedAt: new Date(now).toISOString() };
    return { ...moveJob(known, 'prepared', { reason: null, now }), preparation, trouble: undefined };
  });
  log.info('A mailbox is prepared', { batch: job.batch, row: job.row, forwarding: prepared.forwarding?.state });
  return prepared;
}
