import { checkPrerequisites } from '../../../shared/application/check-prerequisites.ts';
import { changeJob } from '../../../shared/application/change-job.ts';
import { findWhereTheBatchStands } from '../../../shared/application/find-where-the-batch-stands.ts';
import { importBatchFile } from '../../../shared/application/import-batch-file.ts';
import { pauseOnCommonFault } from '../../../shared/application/pause-on-common-fault.ts';
import { putBackForwarding } from '../../../shared/application/prepare/put-back-forwarding.ts';
import { planRound, type Plan } from '../../../shared/application/plan-round.ts';
import type { Position } from '../../../shared/application/batch-run.ts';
import { recordFailure } from '../../../shared/application/record-failure.ts';
import { removeWhatIsLeft } from '../../../shared/application/remove-what-is-left.ts';
import { restBatch } from '../../../shared/application/rest-batch.ts';
import { reviewRound } from '../../../shared/application/review-round.ts';
import { settleBatch } from '../../../shared/application/settle-batch.ts';
import { isAtRest, passKindOf } from '../../../shared/domain/due-jobs.ts';
import { failureEvent, mayMoveJob, moveJob, openingEvent } from '../../../shared/domain/job-transitions.ts';
import { noItems, type MailboxJob } from '../../../shared/domain/mailbox-job.ts';
import { stoppedJob } from '../../../shared/domain/stopped-job.ts';
import { waitingReasons } from '../../../shared/domain/waiting-reason.ts';
import { Crash, type BatchWorld } from './batch-world.ts';
import { prepare } from './run-executions.ts';
import type { Execution } from './memory-workflow.ts';

/** How a worker's slice ends. `vanish`: without a word, its lease held; `wait`: with a reason. */
export type SliceEnd = 'green' | 'not-green' | 'doubtful' | 'fail' | 'misconfigured' | 'wait' | 'vanish';

type Place =
  | { readonly at: 'start' }
  | { readonly at: 'state'; readonly position: Position }
  | { readonly at: 'map'; readonly plan: Plan; readonly left: readonly string[]; readonly open: string | undefined };

const leaseMs = 90_000;

/**
 * Executions that take one state, and in the Map half a slice, at a time, so that verbs, losses and crashes come between.
 * Workers do what a slice does to job and lease, without any mail.
 */
export class SteppedExecutions {
  readonly #world: BatchWorld;
  readonly #places = new Map<string, Place>();
  /** Pairs with a worker that holds their lease, for the tests' own looks. */
  readonly held = new Map<string, number>();

  constructor(world: BatchWorld) {
    this.#world = world;
  }

  /** Goes on with the first running execution; false where none runs. */
  async step(end: SliceEnd): Promise<boolean> {
    const [execution] = this.#world.workflow.running();
    if (execution === undefined) return false;
    this.#world.now += 1000;
    try {
      const place = this.#places.get(execution.id) ?? { at: 'start' };
      const next = await this.#next(execution, place, end);
      if (next === undefined) execution.status = 'succeeded';
      else this.#places.set(execution.id, next);
    } catch (error) {
      if (!(error instanceof Crash)) throw error;
      this.#world.crash = undefined;
      // The process died: everything it did is gone, but for what it wrote.
      this.#world.workflow.endAll();
    }
    return true;
  }

  async #next(execution: Execution, place: Place, end: SliceEnd): Promise<Place | undefined> {
    switch (place.at) {
      case 'start': {
        const found = { ...execution.input, execution: execution.id };
        return { at: 'state', position: await findWhereTheBatchStands(this.#world.services, found) };
      }
      case 'state':
        return this.#state(place.position);
      case 'map':
        return this.#map(place, end);
    }
  }

  async #state(position: Position): Promise<Place | undefined> {
    const { services } = this.#world;
    const to = (next: Position): Place => ({ at: 'state', position: next });
    switch (position.next) {
      case 'leave':
        return undefined;
      case 'read':
        return to(await importBatchFile(services, position));
      case 'check':
        return to(await checkPrerequisites(services, position));
      case 'synchronise': {
        const plan = await planRound(services, position);
        if (plan.due === 0) return to(plan);
        const entries = JSON.parse(this.#world.objects.text(plan.manifest.key) ?? '[]') as { mailbox: string }[];
        return { at: 'map', plan, left: entries.map(({ mailbox }) => mailbox), open: undefined };
      }
      case 'prepare':
        return to(await prepare(this.#world, position));
      case 'put-back':
        this.#world.now += 15_000;
        return to(await putBackForwarding(services, position, { signal: this.#world.signal }));
      case 'settle': {
        const settled = await settleBatch(services, position);
        if (settled.next === 'settle') this.#world.now += 15_000;
        return to(settled);
      }
      case 'report':
        this.#world.mails.push(position.mail);
        return to({ ...position, next: 'rest' });
      case 'rest':
        await restBatch(services, position);
        return undefined;
      case 'remove':
        this.#world.now += 15_000;
        return to(await removeWhatIsLeft(services, position));
      case 'fail':
        await recordFailure(services, position);
        return undefined;
    }
  }

  async #map(place: Extract<Place, { at: 'map' }>, end: SliceEnd): Promise<Place> {
    const { plan, left, open } = place;
    if (open !== undefined) {
      await this.#endSlice(plan, open, end);
      return { at: 'map', plan, left, open: undefined };
    }
    const [first, ...rest] = left;
    if (first === undefined) return { at: 'state', position: await reviewRound(this.#world.services, plan) };
    const begun = await this.#beginSlice(plan, first);
    return { at: 'map', plan, left: rest, open: begun ? first : undefined };
  }

  async #present(plan: Plan, id: string) {
    const batch = await this.#world.services.store.getBatch(plan.batch);
    const job = await this.#world.services.store.getJob(plan.batch, id);
    return batch?.run?.number === plan.run && job !== undefined ? { batch, job } : undefined;
  }

  async #beginSlice(plan: Plan, id: string): Promise<boolean> {
    const { store } = this.#world.services;
    const present = await this.#present(plan, id);
    if (present === undefined) return false;
    const { batch, job } = present;
    if (job.passDone >= batch.passNumber || (isAtRest(job) && job.status !== 'Stopping')) return false;
    if (isToStop(batch.status, job)) return this.#stop(job);
    const event = openingEvent(passKindOf(batch, job));
    const pairId = `pair-of-${id}`;
    const opened = await changeJob(store, job, (known) =>
      mayMoveJob(known, event)
        ? { ...moveJob(known, event, { reason: null, now: this.#world.now }), pairId }
        : undefined,
    );
    if (opened.pairId !== pairId || isAtRest(opened)) return false;
    const now = this.#world.now;
    const taken = await store.takeLease({
      id: pairId,
      source: id,
      target: id,
      holder: `${String(now)}-${String(Math.random())}`,
      now,
      leaseUntil: now + leaseMs,
    });
    if (taken === undefined) {
      await changeJob(store, opened, (known) =>
        known.status === 'Stopping' ? undefined : { ...known, reason: waitingReasons.otherWorker.say() },
      );
      return false;
    }
    this.held.set(pairId, now + leaseMs);
    return true;
  }

  async #stop(job: MailboxJob): Promise<false> {
    const { store } = this.#world.services;
    await changeJob(store, job, (known) => stoppedJob(known, this.#world.now));
    return false;
  }

  async #endSlice(plan: Plan, id: string, end: SliceEnd): Promise<void> {
    const { store } = this.#world.services;
    if (end === 'vanish') return;
    const pair = await store.getPair(`pair-of-${id}`);
    if (pair !== undefined) await store.savePair({ ...pair, leaseUntil: 0 }, pair.ledgerHead);
    this.held.delete(`pair-of-${id}`);
    const present = await this.#present(plan, id);
    if (present === undefined) return;
    const { batch, job } = present;
    if (isToStop(batch.status, job) && end !== 'green') {
      await this.#stop(job);
      return;
    }
    await changeJob(store, job, (known) => this.#ended(known, batch.passNumber, end));
    if (end === 'misconfigured') await pauseOnCommonFault(this.#world.services, plan);
  }

  #ended(job: MailboxJob, passNumber: number, end: SliceEnd): MailboxJob | undefined {
    const { now } = this.#world;
    if (end === 'wait')
      return job.status === 'Stopping'
        ? undefined
        : { ...job, reason: waitingReasons.settling.say(), updatedAt: at(now) };
    if (end === 'fail' || end === 'misconfigured') {
      const kind = end === 'fail' ? 'MailboxBlockedError' : 'ConfigurationError';
      const error = { code: 'TARGET_SIGN_IN_FAILED', message: 'The target refused the sign-in.', kind };
      const event = failureEvent(job);
      return mayMoveJob(job, event)
        ? { ...moveJob(job, event, { reason: error.message, error, now }), green: false }
        : undefined;
    }
    const through =
      job.status === 'Completing'
        ? { ...job, reason: waitingReasons.completing.say(), syncedAt: at(now) }
        : mayMoveJob(job, 'synced')
          ? moveJob(job, 'synced', { reason: null, now })
          : undefined;
    if (through === undefined) return undefined;
    const items = {
      ...noItems,
      total: 3,
      copied: end === 'green' ? 3 : 2,
      failed: end === 'not-green' ? 1 : 0,
      doubtful: end === 'doubtful' ? 1 : 0,
    };
    return { ...through, passDone: passNumber, green: end === 'green', items, slices: job.slices + 1 };
  }
}

function isToStop(status: string, job: Pick<MailboxJob, 'status'>): boolean {
  return job.status === 'Stopping' || !['Syncing', 'IncrementalSyncing', 'Completing'].includes(status);
}

function at(now: number): string {
  return new Date(now).toISOString();
}
