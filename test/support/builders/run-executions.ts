import { changeJob } from '../../../shared/application/change-job.ts';
import { checkPrerequisites } from '../../../shared/application/check-prerequisites.ts';
import { findWhereTheBatchStands } from '../../../shared/application/find-where-the-batch-stands.ts';
import { importBatchFile } from '../../../shared/application/import-batch-file.ts';
import type { Position } from '../../../shared/application/batch-run.ts';
import { forwardMail } from '../../../shared/application/prepare/forward-mail.ts';
import { prepareRound } from '../../../shared/application/prepare/prepare-round.ts';
import { provisionMailbox } from '../../../shared/application/prepare/provision-mailbox.ts';
import { putBackForwarding } from '../../../shared/application/prepare/put-back-forwarding.ts';
import { planRound } from '../../../shared/application/plan-round.ts';
import { recordFailure } from '../../../shared/application/record-failure.ts';
import { removeWhatIsLeft } from '../../../shared/application/remove-what-is-left.ts';
import { restBatch } from '../../../shared/application/rest-batch.ts';
import { reviewRound } from '../../../shared/application/review-round.ts';
import { settleBatch } from '../../../shared/application/settle-batch.ts';
import { passKindOf } from '../../../shared/domain/due-jobs.ts';
import { moveJob, openingEvent } from '../../../shared/domain/job-transitions.ts';
import { waitingReasons } from '../../../shared/domain/waiting-reason.ts';
import type { MailboxJob } from '../../../shared/domain/mailbox-job.ts';
import type { Batch } from '../../../shared/domain/batch.ts';
import { Crash, type BatchWorld } from './batch-world.ts';
import type { Execution } from './memory-workflow.ts';

/** What a worker makes of a mailbox; undefined: it vanishes without a word. */
export type Worker = (job: MailboxJob, batch: Batch) => MailboxJob | undefined;

/** A worker that copies everything. */
export function copyAll(now: () => number): Worker {
  return (job, batch) => {
    const kind = passKindOf(batch, job);
    const begun = moveJob(job, openingEvent(kind), { reason: null, now: now() });
    const done =
      kind === 'final'
        ? { ...begun, reason: waitingReasons.completing.say() }
        : moveJob(begun, 'synced', { reason: null, now: now() });
    return { ...done, passDone: batch.passNumber, green: true, slices: job.slices + 1 };
  };
}

/**
 * Runs all executions as `migrate-batch` would, each state's use case called `times` times in a row (states may be
 * entered again). A Crash ends every execution, as a power cut does, and is passed on.
 */
export async function runExecutions(world: BatchWorld, worker: Worker, times = 1): Promise<void> {
  for (let execution = world.workflow.running()[0]; execution; execution = world.workflow.running()[0]) {
    try {
      await runExecution(world, execution, { worker, times });
      execution.status = 'succeeded';
    } catch (error) {
      world.workflow.endAll();
      throw error;
    }
  }
}

interface Run {
  readonly worker: Worker;
  readonly times: number;
}

async function runExecution(world: BatchWorld, execution: Execution, run: Run): Promise<void> {
  const { services } = world;
  const again = async <Output>(work: () => Promise<Output>): Promise<Output> => {
    let output = await work();
    for (let time = 1; time < run.times; time += 1) output = await work();
    return output;
  };
  let position = await again(() => findWhereTheBatchStands(services, { ...execution.input, execution: execution.id }));
  for (let states = 0; states < 1000; states += 1) {
    const here = position;
    world.now += 1000;
    switch (here.next) {
      case 'leave':
        return;
      case 'read':
        position = await again(() => importBatchFile(services, here));
        break;
      case 'check':
        position = await again(() => checkPrerequisites(services, here));
        break;
      case 'synchronise': {
        const plan = await again(() => planRound(services, here));
        position = plan;
        if (plan.due === 0) break;
        await workRound(world, plan, run.worker);
        position = await again(() => reviewRound(services, plan));
        break;
      }
      case 'prepare':
        position = await again(() => prepare(world, here));
        break;
      case 'put-back':
        position = await again(() => putBackForwarding(services, here, { signal: world.signal }));
        if (position.next === 'put-back') world.now += 15_000;
        break;
      case 'settle':
        position = await again(() => settleBatch(services, here));
        if (position.next === 'settle') world.now += 15_000;
        break;
      case 'report':
        world.mails.push(here.mail);
        await again(() => restBatch(services, here));
        return;
      case 'rest':
        await again(() => restBatch(services, here));
        return;
      case 'remove':
        position = await again(() => removeWhatIsLeft(services, here));
        if (position.next === 'remove') world.now += 15_000;
        break;
      case 'fail':
        await again(() => recordFailure(services, here));
        return;
    }
  }
  throw new Error(`The execution ${execution.id} does not end`);
}

/** The steps of the preparation, as the states between "See how far the preparation is" and the Choice take them. */
export async function prepare(world: BatchWorld, position: Position): Promise<Position> {
  const { services, signal } = world;
  const step = await prepareRound(services, position, { signal });
  switch (step.step) {
    case 'provision':
    case 'forward': {
      const entries = JSON.parse(world.objects.text(step.manifest.key) ?? '[]') as { mailbox: string; row: number }[];
      const prepareOne = step.step === 'provision' ? provisionMailbox : forwardMail;
      for (const entry of entries)
        await prepareOne(services, { ...entry, batch: step.batch, run: step.run }, { signal });
      break;
    }
    case 'wait':
      world.now += step.waitSeconds * 1000;
      break;
    case 'tell':
      world.mails.push('prepared');
      await world.sendPrepared(step);
      break;
    case 'over':
      break;
  }
  return step;
}

async function workRound(
  world: BatchWorld,
  plan: { readonly batch: string; readonly manifest: { readonly key: string } },
  worker: Worker,
): Promise<void> {
  const entries = JSON.parse(world.objects.text(plan.manifest.key) ?? '[]') as { mailbox: string }[];
  for (const { mailbox } of entries) {
    const batch = await world.batch(plan.batch);
    if (!['Syncing', 'IncrementalSyncing', 'Completing'].includes(batch.status)) return;
    const worked = worker(await world.job(plan.batch, mailbox), batch);
    if (worked !== undefined) await changeJob(world.services.store, await world.job(plan.batch, mailbox), () => worked);
  }
}

/** Runs until nothing runs and no tick starts anything, each Crash followed by a restart. */
export async function runUntilAtRest(
  world: BatchWorld,
  worker: Worker,
  restart: () => Promise<unknown>,
): Promise<void> {
  for (let attempt = 0; attempt < 20; attempt += 1) {
    try {
      await restart();
      // A tick that met the crash has logged it; the next one makes it good.
      if (world.workflow.running().length === 0) await restart();
      if (world.workflow.running().length === 0) return;
      await runExecutions(world, worker);
    } catch (error) {
      if (!(error instanceof Crash)) throw error;
      world.workflow.endAll();
    }
  }
  throw new Error('The batch does not come to rest');
}
