import { mayMoveBatch, moveBatch } from '../domain/batch-transitions.ts';
import { isRunning, type Batch } from '../domain/batch.ts';
import { theService } from '../domain/audit.ts';
import type { RequeueOrder } from '../domain/requeue-order.ts';
import { checkNames } from '../domain/prerequisite.ts';
import { audited, refused, type Decided } from './audit-verb.ts';
import { changeBatch } from './change-batch.ts';
import { effectiveOptions } from './effective-options.ts';
import type { Services } from './services.ts';
import { startExecution } from './start-execution.ts';
import { startMailboxes } from './start-mailboxes.ts';
import { nextPass, startedBatch, touched, withOverrides, type BatchStart, type Override } from './started-batch.ts';
import { tryAgainForNow } from './try-again.ts';

export interface StartRequest {
  readonly batch: string;
  /**
   * `present` (default): starts the batch, or goes on with its present pass, and gives failed mailboxes another try.
   * `incremental`: begins a new incremental pass over all mailboxes, failed ones included.
   */
  readonly pass?: 'present' | 'incremental' | undefined;
  /** @default - the service itself */
  readonly by?: string | undefined;
  /** What it is called in the audit trail. @default start or sync */
  readonly verb?: 'start' | 'resume' | 'sync' | undefined;
  /** Only these mailboxes. */
  readonly mailboxes?: readonly string[] | undefined;
  /** Prerequisites to do without. */
  readonly overrides?: readonly Override[] | undefined;
}

type StartServices = Pick<Services, 'store' | 'workflow' | 'clock' | 'log'>;

/**
 * Starts a batch, or single mailboxes of it, or starts them again. A crash after the status is written leaves a running
 * batch without an execution, which the tick makes good.
 */
export async function startBatch(services: StartServices, request: StartRequest): Promise<BatchStart> {
  const { overrides = [], pass = 'present', by = theService } = request;
  const detail = overrides.map(({ check }) => `without ${check}`).join(', ');
  const note = {
    batch: request.batch,
    who: by,
    verb: request.verb ?? (pass === 'incremental' ? 'sync' : 'start'),
    mailboxes: request.mailboxes,
    detail,
    why: overrides.map(({ why }) => why).join('; '),
  } as const;
  return audited(services, note, (decided) =>
    start(services, { batch: request.batch, mailboxes: request.mailboxes, pass, by, overrides, decided }),
  );
}

interface Start {
  readonly decided: Decided;
  readonly batch: string;
  readonly pass: 'present' | 'incremental';
  readonly by: string;
  readonly mailboxes?: readonly string[] | undefined;
  readonly overrides: readonly Override[];
}

async function start(services: StartServices, request: Start): Promise<BatchStart> {
  const { store, workflow, clock, log } = services;
  const batch = await store.getBatch(request.batch);
  if (batch === undefined) return { outcome: 'not-found', reason: `There is no batch ${request.batch}.` };
  const { pass, by, overrides, mailboxes, decided } = request;
  const unknown = overrides.find(({ check }) => !checkNames.includes(check));
  if (unknown !== undefined)
    return refused(`There is no prerequisite "${unknown.check}"; they are ${checkNames.join(', ')}.`, 'CHECK_UNKNOWN');
  const refusal = refusalOf(batch, pass);
  if (refusal !== undefined) return refused(refusal);
  if (mailboxes !== undefined)
    return startMailboxes(services, { batch: batch.name, mailboxes, pass, by, overrides, decided });
  if (isRunning(batch)) {
    // Asked for again while it is under way (a command that was killed and given once more), it goes on.
    return isUnderWay(batch, pass) ? { outcome: 'running', batch } : refused(anotherPass(batch));
  }

  const { startAfter } = await effectiveOptions(store, batch);
  const isLater = startAfter !== null && Date.parse(startAfter) > clock.now();
  // Asked again and again by whoever watches it.
  if (batch.status === 'Waiting' && isLater) return { outcome: 'waiting', batch };
  if (batch.uploads.length === 0 && !(await hasMailboxes(store, batch)))
    return refused(`The batch ${batch.name} has no mailboxes yet: add a batch file first.`);

  await decided();
  const order = startOrder({ by, pass, now: clock.now() });
  const jobs = await tryAgainForNow(services, { batch, order, decided });
  const requeue = jobs.through ? undefined : order;
  const rests = ['Synced', 'SyncedWithErrors', 'Failed'].includes(batch.status);
  if (pass === 'present' && rests && jobs.through && !jobs.due && batch.uploads.length === 0)
    return { outcome: 'nothing-to-do', batch };

  // A staged batch is prepared before its time, and waits after that.
  const waitsUntil = isLater && !jobs.begun && batch.type !== 'staged' ? startAfter : null;
  const seen = { begun: false };
  const started = await changeBatch(store, batch.name, (present) => {
    const begun = begin(present, { pass, waitsUntil, passNumber: batch.passNumber, now: clock.now() });
    seen.begun = begun !== undefined;
    return begun === undefined
      ? undefined
      : withOverrides({ ...touched(begun, by, clock.now()), requeue }, overrides, { by, now: clock.now() });
  });
  if (started === undefined) return { outcome: 'not-found', reason: `There is no batch ${request.batch}.` };
  if (started.status === 'Waiting') return { outcome: 'waiting', batch: started };
  if (!isRunning(started)) return refused(refusalOf(started, pass) ?? stateRefusal(started));
  if (!seen.begun && !isUnderWay(started, pass)) return refused(anotherPass(started));
  await startExecution(workflow, started);
  log.info('A batch was started', { batch: started.name, pass: started.pass, passNumber: started.passNumber });
  return { outcome: 'started', batch: started };
}

function refusalOf(batch: Batch, pass: 'present' | 'incremental'): string | undefined {
  if (batch.status === 'Stopping') return `The batch ${batch.name} is Stopping: start it once it is Stopped.`;
  if (batch.status === 'Removing') return `The batch ${batch.name} is being removed.`;
  if (batch.status === 'Completed' || batch.status === 'CompletedWithErrors')
    return `The batch ${batch.name} is ${batch.status}: it is over, and nothing of it is synchronised any more. Use another batch.`;
  if (pass === 'incremental' && batch.status === 'Completing')
    return `The batch ${batch.name} is Completing: this pass is the last one.`;
  if (isRunning(batch)) return undefined;
  if (!mayMoveBatch(batch, 'start')) return stateRefusal(batch);
  if (pass === 'incremental' && batch.status !== 'Synced' && batch.status !== 'SyncedWithErrors')
    return `The batch ${batch.name} is ${batch.status}: an incremental pass begins once it is Synced or SyncedWithErrors. Start or resume it first.`;
  return undefined;
}

/** A batch that was through with its pass and runs again does so for some of its mailboxes: those that are tried again, or new. */
function isUnderWay({ pass: present, passNumber, passThrough }: Batch, pass: 'present' | 'incremental'): boolean {
  return pass === 'present' || (present === 'incremental' && passThrough !== passNumber);
}

function anotherPass({ name, status, pass }: Batch): string {
  const what = pass === 'incremental' ? ' for some of its mailboxes' : '';
  return `The batch ${name} is ${status}${what}: an incremental pass begins once it is Synced or SyncedWithErrors.`;
}

function stateRefusal(batch: Batch): string {
  return `The batch ${batch.name} is ${batch.status}; it cannot be started from there.`;
}

interface Beginning {
  readonly pass: 'present' | 'incremental';
  readonly waitsUntil: string | null;
  /** Number of the pass that was over when this was asked for: asked twice at once, one new pass begins. */
  readonly passNumber: number;
  readonly now: number;
}

function begin(batch: Batch, { pass, waitsUntil, passNumber, now }: Beginning): Batch | undefined {
  if (refusalOf(batch, pass) !== undefined || isRunning(batch)) return undefined;
  if (waitsUntil !== null)
    return mayMoveBatch(batch, 'schedule')
      ? moveBatch(batch, 'schedule', { reason: `Starts at ${waitsUntil}.`, now })
      : undefined;
  const step = { reason: 'The prerequisites are checked.', now };
  return pass === 'present' || batch.passNumber !== passNumber ? startedBatch(batch, step) : nextPass(batch, step);
}

async function hasMailboxes(store: Services['store'], { name }: Batch): Promise<boolean> {
  for await (const job of store.jobs(name)) return job.batch === name;
  return false;
}

function startOrder({
  by,
  pass,
  now,
}: {
  readonly by: string;
  readonly pass: 'present' | 'incremental';
  readonly now: number;
}): RequeueOrder {
  const at = new Date(now).toISOString();
  return { verb: 'start', by, at, pass, code: null, items: false, doubtful: false, options: {} };
}
