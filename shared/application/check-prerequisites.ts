import { mayMoveBatch, moveBatch } from '../domain/batch-transitions.ts';
import type { Batch, BatchRun } from '../domain/batch.ts';
import { isDue, isToBePrepared } from '../domain/due-jobs.ts';
import { mailboxLimit } from '../domain/connection-shares.ts';
import { loginModeOf, type Endpoint } from '../domain/endpoint.ts';
import type { MailboxJob } from '../domain/mailbox-job.ts';
import type { DeploymentProbe } from '../ports/deployment-probe.ts';
import type { EndpointCheck, ProbeMailboxes } from '../ports/endpoint-probe.ts';
import { batchOfRun, changeBatchOfRun, leave, positionOf, runWasTaken, type Position } from './batch-run.ts';
import { endpointOf } from './endpoint-of.ts';
import { sourceCredentials, targetCredentials } from './mailbox-credentials.ts';
import { directoryFindings } from './prepare/directory-findings.ts';
import { noteKeeps, probeStorage } from './probe-storage.ts';
import type { Services } from './services.ts';

type CheckServices = Pick<
  Services,
  'store' | 'sealer' | 'endpointProbe' | 'clock' | 'log' | 'sourceDirectory' | 'targetDirectory'
> & {
  /** Absent where the service runs on one machine: there is nothing to ask. */
  readonly deploymentProbe?: DeploymentProbe;
};

/** A server that is just being restarted is given this long before it counts as unreachable. */
const secondLookAfterMs = 5_000;
/** A slot whose checker was killed is free again after this long. */
const slotKeptMs = 90_000;

/**
 * Looks at both servers, and at what the service itself runs on, before the first mailbox is opened. What no mailbox could get past (no such host, a certificate
 * that is not accepted, a server that cannot be reached in a batch that never synced anything) fails the batch; a
 * refused sign-in is one mailbox's trouble and only a warning here.
 */
export async function checkPrerequisites(services: CheckServices, position: Position): Promise<Position> {
  const { store, clock, log } = services;
  const batch = await batchOfRun(store, position);
  if (batch === undefined) return leave(position, runWasTaken);
  const findings = await lookAtAll(services, batch, await lookAtJobs(store, batch));
  const failed = findings.find(({ result }) => result === 'fail');

  const saved = await changeBatchOfRun(store, position, (present) => {
    const checked: Batch = { ...present, checks: findings.map(shown) };
    if (failed === undefined || !mayMoveBatch(present, 'fail'))
      return { ...checked, run: { ...present.run, phase: isLeaving(present) ? 'settle' : afterChecks(present) } };
    const reason = `${failed.evidence} ${failed.fix}`.trim();
    const failedBatch = moveBatch(checked, 'fail', { reason, now: clock.now() });
    return { ...failedBatch, errorCode: failed.code, run: { ...present.run, phase: 'rest' } };
  });
  if (saved === undefined || saved.run === null) return leave(position, runWasTaken);
  if (failed !== undefined) log.warn('A prerequisite stops a batch', { batch: batch.name, code: failed.code });
  return positionOf({ ...saved, run: saved.run }, saved.status === 'Failed' ? 'fail' : saved.run.phase);
}

/** Staged: target mailboxes and forwarding first. */
function afterChecks({ type }: Batch): BatchRun['phase'] {
  return type === 'staged' ? 'prepare' : 'synchronise';
}

/** Somebody stops or removes it. */
function isLeaving({ status }: Batch): boolean {
  return status === 'Stopping' || status === 'Removing';
}

interface JobsSeen {
  /** The first mailbox that is due; its sign-in is tried. */
  readonly first: MailboxJob | undefined;
  /** Number of mailboxes that are due. */
  readonly due: number;
  readonly everSynced: boolean;
  /** EmailAddresses of those that are to be prepared, in the order of their rows. */
  readonly toPrepare: readonly string[];
}

async function lookAtJobs(store: Services['store'], batch: Batch): Promise<JobsSeen> {
  let first: MailboxJob | undefined;
  let due = 0;
  let everSynced = false;
  const toPrepare: MailboxJob[] = [];
  for await (const job of store.jobs(batch.name)) {
    everSynced ||= job.syncedAt !== null;
    if (isToBePrepared(job, batch)) toPrepare.push(job);
    if (!isDue(job, batch)) continue;
    due += 1;
    if (first === undefined || job.row < first.row) first = job;
  }
  toPrepare.sort((a, b) => a.row - b.row);
  return { first, due, everSynced, toPrepare: toPrepare.map(({ mailbox }) => mailbox) };
}

/** A check as it is shown, with the code that a failed one leaves on the batch. */
type Finding = Batch['checks'][number] & Pick<EndpointCheck, 'code'>;

async function lookAtAll(
  services: CheckServices,
  batch: Batch,
  { first, due, everSynced, toPrepare }: JobsSeen,
): Promise<readonly Finding[]> {
  if (first === undefined) return [];
  const endpoint = await endpointOf(services.store, batch);
  const checks = await probe(services, endpoint, { batch, first });
  const workers = Math.min(due, endpoint.maxConcurrentMigrations);
  const directories =
    toPrepare.length === 0 ? [] : await directoryFindings(services, { endpoint, addresses: toPrepare, everSynced });
  const own = (await services.deploymentProbe?.probe({ workers })) ?? [];
  return [
    ...checks
      .map((check) => judge(check, everSynced))
      .map((check) => ({ ...check, check: `${check.side}-${check.check}` })),
    ...own.map((check) => ({ ...check, check: `deployment-${check.check}` })),
    ...directories,
  ].map((finding) => overridden(finding, batch));
}

async function probe(
  services: CheckServices,
  endpoint: Endpoint,
  { batch, first }: { readonly batch: Batch; readonly first: MailboxJob },
): Promise<readonly EndpointCheck[]> {
  const { clock } = services;
  const mailboxes = await probeMailboxes(services, endpoint, first);
  const look = { endpoint, mailboxes, holder: `${batch.name}/check` };
  const checks = await lookInSlot(services, look);
  if (!checks.some(({ result, transient }) => result === 'fail' && transient)) return checks;
  await clock.sleep(secondLookAfterMs);
  return await lookInSlot(services, look);
}

interface Look {
  readonly endpoint: Endpoint;
  readonly mailboxes: ProbeMailboxes;
  /** Who holds the slot; the name of no mailbox. */
  readonly holder: string;
}

/**
 * A sign-in opens a mailbox, and so takes one of the endpoint's slots. Where other batches use all of them nobody signs
 * in here: their mailboxes show that it works.
 */
async function lookInSlot(services: CheckServices, look: Look): Promise<readonly EndpointCheck[]> {
  const { store, endpointProbe, clock } = services;
  const { endpoint, mailboxes, holder } = look;
  const now = clock.now();
  const slots = mailboxLimit(endpoint, 'initial');
  const slot = await store.takeSlot({ endpoint: endpoint.name, slots, holder, now, until: now + slotKeptMs });
  if (slot === undefined) return (await endpointProbe.probe(endpoint, {})).map((check) => withoutSlot(check, endpoint));
  try {
    const checks = await endpointProbe.probe(endpoint, mailboxes);
    // Once is enough for a target.
    if (endpoint.target.keeps !== undefined) return checks;
    const storage = await probeStorage(services, endpoint, { mailbox: mailboxes.target, checks });
    if (storage === undefined) return checks;
    await noteKeeps(services, endpoint, storage.keeps);
    return [...checks, storage.check];
  } finally {
    await store.releaseSlot(endpoint.name, slot, holder);
  }
}

function withoutSlot(check: EndpointCheck, endpoint: Endpoint): EndpointCheck {
  if (check.check !== 'sign-in' || check.result !== 'cannot-check') return check;
  const slots = mailboxLimit(endpoint, 'initial');
  return { ...check, evidence: `All ${String(slots)} mailbox slots of ${endpoint.name} are in use.` };
}

/** A side whose password is missing is looked at without signing in: the mailbox's own row says what is wrong. */
async function probeMailboxes(services: CheckServices, endpoint: Endpoint, job: MailboxJob): Promise<ProbeMailboxes> {
  const source = await sourceCredentials(services, job);
  const target = await targetCredentials(services, job);
  const known = (mode: string, password: string | undefined) => mode !== 'user' || password !== undefined;
  return {
    source: known(loginModeOf(endpoint.source), source.password) ? source : undefined,
    target: known(loginModeOf(endpoint.target), target.password) ? target : undefined,
  };
}

/** Softens what must not stop a whole batch. */
function judge(check: EndpointCheck, everSynced: boolean): EndpointCheck {
  if (check.result !== 'fail') return check;
  const isOneMailboxs = ['sign-in', 'mailbox'].includes(check.check) && !isSetting(check);
  // A server that is down tonight will be back: the mailboxes wait for it, and what is synced stays synced.
  const passes = check.transient && everSynced;
  return isOneMailboxs || passes ? { ...check, result: 'warn' } : check;
}

/** A sign-in that failed over the endpoint's own settings: no mailbox can get past it. */
function isSetting(check: EndpointCheck): boolean {
  return check.code === 'SECRET_NOT_FOUND' || check.code === 'ENDPOINT_INVALID';
}

/** Somebody decided to do without it, and said why. */
function overridden(finding: Finding, { overrides }: Pick<Batch, 'overrides'>): Finding {
  const override = overrides.find(({ check }) => check === finding.check);
  if (override === undefined || finding.result !== 'fail') return finding;
  return { ...finding, result: 'warn', evidence: `${finding.evidence} Overridden by ${override.by}: ${override.why}` };
}

function shown({ check, result, evidence, fix }: Finding): Batch['checks'][number] {
  return { check, result, evidence, fix };
}
