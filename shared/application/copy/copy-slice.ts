import { isDeepStrictEqual } from 'node:util';
import type { z } from 'zod';
import type { Batch, PassKind } from '../../domain/batch.ts';
import { isAtRest, passKindOf } from '../../domain/due-jobs.ts';
import { connectionShare, mailboxLimit } from '../../domain/connection-shares.ts';
import type { Endpoint } from '../../domain/endpoint.ts';
import {
  ConfigurationError,
  ConflictError,
  errorNames,
  isKnownError,
  TransientError,
  type KnownError,
} from '../../domain/errors.ts';
import {
  failureEvent,
  jobTransitions,
  mayMoveJob,
  moveJob,
  openingEvent,
  type JobEvent,
  type JobStep,
} from '../../domain/job-transitions.ts';
import type { JobError, MailboxJob } from '../../domain/mailbox-job.ts';
import { stoppedJob } from '../../domain/stopped-job.ts';
import type { PairItem } from '../../domain/pair.ts';
import type { TargetProfile } from '../../domain/mail.ts';
import { clockTime, waitingReasons } from '../../domain/waiting-reason.ts';
import type { ResolvedOptions } from '../../domain/options.ts';
import type { SliceInput as SliceInputSchema, SliceOutput as SliceOutputSchema } from '../../domain/workflow-steps.ts';
import { counted } from '../../domain/report/mail/numbers-in-words.ts';
import { changeJob } from '../change-job.ts';
import { optionsOf } from '../effective-options.ts';
import { heldByOther, pairClaimKey } from '../mailbox-claim.ts';
import { sourceCredentials, targetCredentials } from '../mailbox-credentials.ts';
import { pauseOnCommonFault } from '../pause-on-common-fault.ts';
import type { Services } from '../services.ts';
import type { ClosedMailbox } from './close-pass.ts';
import type { CopyContext, OpenMailboxes } from './copy-context.ts';
import { openMailboxes } from './open-mailboxes.ts';
import { SliceEndsError } from './page-copy.ts';
import { pageLimits, type PageLimits } from './page.ts';
import { PairLease } from './pair-lease.ts';
import { keepingRecent } from './recent-objects.ts';
import { afterFailure, mostFailures, usesPatience, type Trouble } from './patience.ts';
import { isTurnOfOther, pairsBeside, resolvePair } from './resolve-pair.ts';
import { runPass, type PassOutcome } from './run-pass.ts';

type SliceInput = z.infer<typeof SliceInputSchema>;
type SliceOutput = z.infer<typeof SliceOutputSchema>;

export type CopyServices = Pick<
  Services,
  'store' | 'objects' | 'sealer' | 'clock' | 'log' | 'settings' | 'mailSource' | 'mailTarget'
>;

export interface SliceLimits {
  /** Milliseconds that the invocation has left. */
  readonly remainingMs: () => number;
  /** Aborts shortly before the invocation ends, or when the service stops. */
  readonly signal: AbortSignal;
  readonly pages?: PageLimits | undefined;
}

/** A page starts only when this much is left: its own time and the sockets' time-outs. */
const pageReserveMs = 150_000;
/** How often progress is written and the batch is asked whether to go on. */
const progressMs = 1_000;
/** Between two looks at whether somebody stopped the batch or the mailbox; a page of 200 items takes longer on most lines. */
const lookEveryMs = 50;

/** What came of a slice, before it is put into the words of the workflow. */
type Ending =
  | { readonly outcome: 'more' | 'stopped' | 'unfinished'; readonly reason: string }
  | {
      readonly outcome: 'waiting';
      readonly reason: string;
      readonly waitMs: number | undefined;
      readonly trouble?: Trouble | undefined;
    }
  | { readonly outcome: 'failed'; readonly error: JobError }
  /** Null: it was done before. `at`: when it was, epoch milliseconds; taking leave of the servers comes after. */
  | { readonly outcome: 'done'; readonly pass: { readonly closed: ClosedMailbox; readonly at: number } | null };

const otherWorker: Ending = {
  outcome: 'waiting',
  waitMs: undefined,
  reason: waitingReasons.otherWorker.say(),
};

const otherMailbox: Ending = { outcome: 'waiting', waitMs: undefined, reason: waitingReasons.otherMailbox.say() };

/**
 * One bounded piece of a mailbox's pass. Run twice at the same time, one of them waits: the pair's lease decides. Run
 * again after a crash, it goes on from the PASS item. A slice of a run that is not the batch's does nothing.
 */
export async function copySlice(services: CopyServices, input: SliceInput, limits: SliceLimits): Promise<SliceOutput> {
  const batch = await services.store.getBatch(input.batch);
  const job = await findJob(services, input);
  if (batch === undefined || job === undefined || batch.run?.number !== input.run) {
    return outputOf(services, input, {
      job,
      ending: { outcome: 'stopped', reason: waitingReasons.otherExecution.say() },
    });
  }
  if (job.passDone >= batch.passNumber || (isAtRest(job) && job.status !== 'Stopping')) {
    return outputOf(services, input, { job, ending: { outcome: 'done', pass: null } });
  }
  const slice = new Slice(services, { batch, job, limits, waits: input.waits });
  const ending = await slice.run();
  const after = await slice.record(ending);
  if (ending.outcome === 'failed' && ending.error.kind === errorNames.configuration) {
    await pauseOnCommonFault(services, { batch: input.batch, run: input.run });
  }
  return outputOf(services, input, { job: after, ending });
}

/** A row that could not be identified by its address has an id of its own, but then nothing to copy either. */
async function findJob(services: CopyServices, input: SliceInput): Promise<MailboxJob | undefined> {
  return services.store.getJob(input.batch, input.mailbox.toLowerCase());
}

class Slice {
  readonly #services: CopyServices;
  readonly #batch: Batch;
  readonly #limits: SliceLimits;
  readonly #began: number;
  readonly #waits: number;
  readonly #kind: PassKind;
  #job: MailboxJob;
  /** Why the slice is to end at the next page; null while it may go on. */
  #leaving: 'stopping' | 'run-lost' | null = null;
  #timeZone = 'UTC';
  #shown = 0;
  #looked = 0;
  #looking: Promise<void> = Promise.resolve();
  /** As of the last commit; undefined before the first. */
  #items: MailboxJob['items'] | undefined;
  #showing: Promise<void> = Promise.resolve();

  constructor(
    services: CopyServices,
    about: {
      readonly batch: Batch;
      readonly job: MailboxJob;
      readonly limits: SliceLimits;
      readonly waits: number;
    },
  ) {
    this.#services = services;
    this.#batch = about.batch;
    this.#job = about.job;
    this.#limits = about.limits;
    this.#waits = about.waits;
    this.#kind = passKindOf(about.batch, about.job);
    this.#began = services.clock.now();
  }

  async run(): Promise<Ending> {
    if (isToStop(this.#batch, this.#job)) return this.#stopped();
    const endpoint = await this.#services.store.getEndpoint(this.#batch.endpoint);
    if (endpoint === undefined) {
      const error = new ConfigurationError({
        code: 'ENDPOINT_NOT_FOUND',
        message: `There is no endpoint ${this.#batch.endpoint}.`,
      });
      return { outcome: 'failed', error: jobError(error) };
    }
    const levels = [endpoint.defaults, this.#batch.options, this.#job.options];
    this.#timeZone = optionsOf(endpoint.type, levels).timeZone;
    const slots = mailboxLimit(endpoint, this.#kind);
    const slot = await this.#takeSlot(endpoint, slots);
    if (slot === undefined) {
      return {
        outcome: 'waiting',
        waitMs: undefined,
        reason: waitingReasons.slots.say(slots, endpoint.name),
      };
    }
    let ending: Ending | undefined;
    try {
      ending = await this.#inSlot(endpoint, slots);
      return ending;
    } finally {
      await this.#showing;
      // Kept over successive slices of the same mailbox, so that it does not lose its place to another.
      if (ending?.outcome !== 'more') await this.#services.store.releaseSlot(endpoint.name, slot, this.#holder());
    }
  }

  /** Writes what came of the slice into the job. */
  async record(ending: Ending): Promise<MailboxJob> {
    const now = this.#services.clock.now();
    this.#job = await changeJob(this.#services.store, this.#job, (job) => ({
      ...afterSlice(this.#withItems(job, now), ending, { now, batch: this.#batch }),
      slices: job.slices + 1,
      updatedAt: new Date(now).toISOString(),
    }));
    return this.#job;
  }

  #holder(): string {
    return `${this.#batch.name}/${this.#job.id}`;
  }

  #takeSlot(endpoint: Endpoint, slots: number): Promise<number | undefined> {
    const { clock, settings, store } = this.#services;
    const now = clock.now();
    return store.takeSlot({
      endpoint: endpoint.name,
      slots,
      holder: this.#holder(),
      now,
      until: now + settings.leaseMs,
    });
  }

  async #inSlot(endpoint: Endpoint, slots: number): Promise<Ending> {
    const closing = new AbortController();
    const signal = AbortSignal.any([this.#limits.signal, closing.signal]);
    const open: OpenMailboxes[] = [];
    let lease: PairLease | undefined;
    try {
      if (!(await this.#noteStart())) return this.#stopped();
      const [signInAtSource, signInAtTarget, before] = await Promise.all([
        sourceCredentials(this.#services, this.#job),
        targetCredentials(this.#services, this.#job),
        this.#pairBefore(),
      ]);
      const connect = (): Promise<OpenMailboxes> =>
        openMailboxes(this.#services, { endpoint, signInAtSource, signInAtTarget, signal });
      const opened = await connect();
      open.push(opened);
      const { target } = opened;
      const resolved = await resolvePair(this.#services, opened);
      if (resolved.outcome === 'undecided') return otherWorker;
      const { pair } = resolved;
      const claim = await this.#services.store.claim(pairClaimKey(pair.id), this.#batch.name);
      if (claim.outcome === 'held-by-other') {
        // A new pair that another batch began with a moment ago may be another mailbox: the next look tells.
        return resolved.outcome === 'new' ? otherWorker : { outcome: 'failed', error: heldByOther(claim.batch) };
      }
      // Before the lease: who looks whether a worker is left finds the pair by its job.
      await this.#notePair(pair.id);
      lease = await PairLease.take(this.#services, pair);
      if (lease === undefined) return otherWorker;
      // Another worker put a pair of its own at this place of the chain meanwhile.
      if (lease.pair.source !== pair.source || lease.pair.target !== pair.target) return otherWorker;
      const { isAlone } = resolved;
      // A new pair shows itself first: another one that was alone a moment ago does not look whether it still is.
      if (!isAlone && (resolved.outcome === 'new' || (await isTurnOfOther(this.#services, opened, pair.id))))
        return otherMailbox;
      let others: Promise<readonly PairItem[]> | undefined;
      const held = lease;
      held.startRenewing(async () => {
        await this.#takeSlot(endpoint, slots);
      });
      held.lost.addEventListener('abort', () => closing.abort(held.lost.reason));
      // A batch rests as stopped once no lease is held: whoever takes one later has nothing to do any more.
      await this.#lookAtBatch();
      if (this.#leaving !== null) return this.#unfinished();
      const options = optionsOf(endpoint.type, [endpoint.defaults, this.#batch.options, this.#job.options]);
      const context: CopyContext = {
        services: { ...this.#services, objects: keepingRecent(this.#services.objects) },
        lease: held,
        aloneSinceOpening: isNextWorker(held.pair, before),
        ...opened,
        otherPairs: () => (others ??= isAlone ? Promise.resolve([]) : pairsBeside(this.#services, opened, pair.id)),
        options,
        copyDoubtful: this.#job.copyDoubtful,
        maxItemBytes: largestItem(options.maxItemBytes, target.profile),
        limits: this.#limits.pages ?? pageLimits,
        connections: connectionShare(endpoint),
        connectMore: async () => {
          const more = await this.#connectMore(connect, opened);
          if (more !== undefined) open.push(more);
          return more;
        },
        signal,
        mayGoOn: () => this.#mayGoOn(signal),
        mayBegin: () => this.#mayBegin(),
        onProgress: ({ items }) => this.#show(items),
      };
      const leftOver = this.#isLeftOver(held.pair);
      const outcome = await runPass(context, {
        kind: this.#kind,
        batch: this.#batch.name,
        number: this.#batch.passNumber,
      });
      // What came since that pass was planned is not in it.
      if (outcome.outcome === 'done' && leftOver) return { outcome: 'more', reason: '' };
      return this.#endingOf(outcome, options);
    } catch (error) {
      return this.#endingOfError(error, lease);
    } finally {
      // Sockets first: nobody may settle a window while this worker could still send. With LOGOUT, so that the server
      // has closed the mailbox before its slot goes to another.
      await Promise.allSettled(open.flatMap(({ source, target }) => [source.close(), target.close()]));
      closing.abort();
      await lease?.free();
    }
  }

  /**
   * Servers allow only so many connections; with fewer it takes longer, and nothing else. One that leads to a server that
   * can do other things than the first one (a farm that is being upgraded) is not used.
   */
  async #connectMore(connect: () => Promise<OpenMailboxes>, first: OpenMailboxes): Promise<OpenMailboxes | undefined> {
    const { log } = this.#services;
    try {
      const more = await connect();
      if (isDeepStrictEqual(more.target.profile, first.target.profile)) return more;
      await Promise.allSettled([more.source.close(), more.target.close()]);
      log.warn('Another connection leads to a server that offers something else', {});
    } catch (error) {
      if (!isKnownError(error)) throw error;
      log.warn('There are fewer connections than maxConnectionsPerMailbox', { error: error.code });
    }
    return undefined;
  }

  #mayGoOn(signal: AbortSignal): boolean {
    if (signal.aborted || this.#leaving !== null) return false;
    const spent = this.#services.clock.now() - this.#began;
    return spent < this.#services.settings.sliceBudgetMs && this.#limits.remainingMs() > pageReserveMs;
  }

  /** A look that fails is no reason to end: the commit of the page will say what is wrong. */
  async #mayBegin(): Promise<boolean> {
    const { store, clock, log } = this.#services;
    try {
      if (clock.now() - this.#looked < lookEveryMs) {
        // Pages begin in bursts: what the look that is under way finds out holds for all of them.
        await this.#looking;
        return this.#leaving === null;
      }
      const job = await store.getJob(this.#batch.name, this.#job.id);
      await this.#lookAtBatch(job);
    } catch (error) {
      if (!isKnownError(error)) throw error;
      log.warn('Whether a batch was stopped could not be seen', { error: error.code });
    }
    return this.#leaving === null;
  }

  #endingOf(outcome: PassOutcome, options: ResolvedOptions): Ending {
    if (outcome.outcome === 'wait') {
      return {
        outcome: 'waiting',
        waitMs: outcome.waitMs,
        reason: waitingReasons.settling.say(),
      };
    }
    if (outcome.outcome === 'budget') return this.#unfinished();
    const { closed } = outcome;
    // Large items have a limit of their own, whoever says that they are: maxItemBytes, APPENDLIMIT or a refusal (RFC 7889).
    const bad = closed.items.failed - closed.largeFailed;
    if (exceeds(bad, options.badItemLimit)) {
      const message = `${counted(bad, 'item')} could not be copied; badItemLimit is ${String(options.badItemLimit)}.`;
      return { outcome: 'failed', error: { code: 'TOO_MANY_BAD_ITEMS', message, kind: errorNames.mailboxBlocked } };
    }
    if (exceeds(closed.largeItems, options.largeItemLimit)) {
      const message = `${counted(closed.largeItems, 'item')} too large; largeItemLimit is ${String(options.largeItemLimit)}.`;
      return { outcome: 'failed', error: { code: 'TOO_MANY_LARGE_ITEMS', message, kind: errorNames.mailboxBlocked } };
    }
    return { outcome: 'done', pass: { closed, at: this.#services.clock.now() } };
  }

  #unfinished(): Ending {
    if (this.#leaving === 'stopping') return this.#stopped();
    if (this.#leaving === 'run-lost') return { outcome: 'unfinished', reason: waitingReasons.otherExecution.say() };
    if (this.#limits.signal.aborted) return { outcome: 'unfinished', reason: waitingReasons.serviceStopped.say() };
    return { outcome: 'more', reason: '' };
  }

  #stopped(): Ending {
    return { outcome: 'stopped', reason: waitingReasons.stopped.say() };
  }

  /** A pass that was planned before this one was asked for, and left unfinished by whoever began it. */
  #isLeftOver({ pass }: PairItem): boolean {
    if (pass === null || pass.phase === 'done') return false;
    const { createdAt, passStartedAt } = this.#batch;
    // A first pass that was cut off goes on; one that an earlier batch left is a beginning only.
    if (this.#kind === 'initial') return Date.parse(pass.startedAt) < Date.parse(createdAt);
    const asked = Math.max(Date.parse(passStartedAt ?? createdAt), Date.parse(this.#job.queuedAt));
    return Date.parse(pass.startedAt) < asked;
  }

  /** In words, with the time of the next try on the clock of the batch's zone. */
  #whyWaiting(error: KnownError, waitMs: number | undefined): string {
    const { clock, settings } = this.#services;
    const until = clockTime(clock.now() + waitSeconds(settings, { waits: this.#waits, waitMs }) * 1000, this.#timeZone);
    if (error.code === 'SOURCE_THROTTLED') return waitingReasons.askedToWait.say('source', until);
    if (error.code === 'TARGET_THROTTLED') return waitingReasons.askedToWait.say('target', until);
    return waitingReasons.trouble.say(until, error.message);
  }

  #endingOfError(error: unknown, lease: PairLease | undefined): Ending {
    if (lease?.lost.aborted === true)
      return { outcome: 'waiting', waitMs: undefined, reason: waitingReasons.takenOver.say() };
    if (this.#limits.signal.aborted || error instanceof SliceEndsError) return this.#unfinished();
    if (!isKnownError(error)) throw error;
    this.#services.log.info('A slice ended with an error', {
      code: error.code,
      kind: error.name,
      message: error.message,
    });
    if (usesPatience(error)) {
      const trouble = afterFailure(this.#job.trouble, lease?.pair);
      if (trouble.times >= mostFailures) return { outcome: 'failed', error: outOfPatience(error) };
      return { outcome: 'waiting', waitMs: undefined, reason: this.#whyWaiting(error, undefined), trouble };
    }
    if (error instanceof TransientError)
      return {
        outcome: 'waiting',
        waitMs: error.retryAfterMs,
        reason: this.#whyWaiting(error, error.retryAfterMs),
      };
    if (error instanceof ConflictError && error.code !== 'FOLDER_CHANGED') {
      return { outcome: 'waiting', waitMs: undefined, reason: this.#whyWaiting(error, undefined) };
    }
    return { outcome: 'failed', error: jobError(error) };
  }

  /** False where the mailbox was stopped, or ended, meanwhile. */
  async #noteStart(): Promise<boolean> {
    const { store, clock } = this.#services;
    // A row that came with a later file has its first pass in a batch whose others have an incremental one.
    const event = openingEvent(this.#kind);
    let opened = false;
    this.#job = await changeJob(store, this.#job, (job) => {
      opened = mayMoveJob(job, event) && job.passDone < this.#batch.passNumber;
      if (!opened) return undefined;
      const cause = job.status === jobTransitions[event].to ? job.cause : jobTransitions[event].when;
      return moveJob(job, event, { reason: null, cause, now: clock.now() });
    });
    return opened;
  }

  async #notePair(pairIdNow: string): Promise<void> {
    if (this.#job.pairId === pairIdNow) return;
    this.#job = await changeJob(this.#services.store, this.#job, (job) => ({ ...job, pairId: pairIdNow }));
  }

  /** The pair before the mailboxes are opened; undefined where there is none yet, or a worker may be at it. */
  async #pairBefore(): Promise<PairItem | undefined> {
    const { pairId } = this.#job;
    const pair = pairId === null ? undefined : await this.#services.store.getPair(pairId);
    return pair === undefined || pair.leaseUntil > this.#services.clock.now() ? undefined : pair;
  }

  /** At most one write a second, and one at the end; the copying does not wait for it. */
  #show(items: MailboxJob['items']): void {
    this.#items = items;
    const now = this.#services.clock.now();
    if (now - this.#shown < progressMs) return;
    this.#shown = now;
    this.#showing = this.#showing
      .then(() => this.#progress())
      .catch((error: unknown) => {
        this.#services.log.warn('Progress could not be shown', {
          error: isKnownError(error) ? error.code : 'UNEXPECTED',
        });
      });
  }

  async #progress(): Promise<void> {
    const { store, clock } = this.#services;
    const now = clock.now();
    this.#job = await changeJob(store, this.#job, (job) => this.#withItems(job, now));
    await this.#lookAtBatch();
  }

  #withItems(job: MailboxJob, now: number): MailboxJob {
    const items = this.#items;
    if (items === undefined) return job;
    const updatedAt = new Date(now).toISOString();
    const progressAt = isDeepStrictEqual(items, job.items) ? job.progressAt : updatedAt;
    return { ...job, items, bytesTransferred: items.bytes, updatedAt, progressAt };
  }

  /** Notes whether somebody stopped the batch, or this mailbox, or another execution took the run. */
  #lookAtBatch(job: Pick<MailboxJob, 'status'> = this.#job): Promise<void> {
    this.#looked = this.#services.clock.now();
    this.#looking = this.#seeWhetherToLeave(job);
    return this.#looking;
  }

  async #seeWhetherToLeave(job: Pick<MailboxJob, 'status'>): Promise<void> {
    const batch = await this.#services.store.getBatch(this.#batch.name);
    if (batch === undefined || batch.run?.number !== this.#batch.run?.number) this.#leaving = 'run-lost';
    else if (isToStop(batch, job)) this.#leaving = 'stopping';
  }
}

/** Whether nobody had the lease between then and now. */
function isNextWorker({ id, token }: PairItem, before: PairItem | undefined): boolean {
  return before === undefined ? token === 1 : before.id === id && before.token + 1 === token;
}

function jobError(error: KnownError): JobError {
  return { code: error.code, message: error.message, kind: error.name };
}

/** A person has to look: what was taken for trouble that passes does not pass. */
function outOfPatience(error: KnownError): JobError {
  const message = `${error.message} (tried ${String(mostFailures)} times in a row without getting any further)`;
  return { code: error.code, message, kind: errorNames.mailboxBlocked };
}

function exceeds(count: number, limit: number | 'unlimited'): boolean {
  return limit !== 'unlimited' && count > limit;
}

/** An administrator may know of a limit that was raised, up to what the target never exceeds. */
function largestItem(
  told: ResolvedOptions['maxItemBytes'],
  { appendLimit, mostAppendLimit }: TargetProfile,
): number | undefined {
  if (told === 'auto') return appendLimit;
  return Math.min(told, mostAppendLimit ?? appendLimit ?? Infinity);
}

/** The batch rests, or is about to: workers end at their next page; so does one whose mailbox alone was stopped. */
function isToStop(batch: Batch, job: Pick<MailboxJob, 'status'>): boolean {
  return job.status === 'Stopping' || !['Syncing', 'IncrementalSyncing', 'Completing'].includes(batch.status);
}

interface AfterSlice {
  readonly now: number;
  readonly batch: Batch;
}

/** The job after a slice. Who stopped or replaced the mailbox meanwhile has the last word on its status. */
function afterSlice(job: MailboxJob, ending: Ending, { batch, now }: AfterSlice): MailboxJob {
  const move = (event: JobEvent, step: Omit<JobStep, 'now'>): MailboxJob =>
    mayMoveJob(job, event) ? moveJob(job, event, { ...step, now }) : job;
  switch (ending.outcome) {
    case 'more':
      return job.status === 'Stopping' ? job : { ...job, reason: null };
    case 'waiting':
      return job.status === 'Stopping'
        ? job
        : { ...job, reason: ending.reason, trouble: ending.trouble ?? job.trouble };
    case 'unfinished':
      return job.status === 'Stopping' ? job : { ...job, reason: ending.reason };
    case 'stopped':
      return stoppedJob(job, now, causeOfStop(batch));
    case 'failed': {
      const { error } = ending;
      if (error.code === 'MAILBOX_HELD_BY_OTHER_BATCH')
        return { ...move('skip', { reason: error.message, error }), passDone: batch.passNumber };
      return { ...move(failureEvent(job), { reason: error.message, error }), trouble: undefined, green: false };
    }
    case 'done':
      return ending.pass === null ? job : afterPass(job, ending.pass, batch);
  }
}

/** `Stopped by ada: its workers end.` on the batch is `Stopped by ada.` in the time-lines of its mailboxes. */
function causeOfStop({ reason }: Batch): string | undefined {
  return /^Stopped by .+?(?=:)/.exec(reason ?? '')?.[0].concat('.');
}

function afterPass(
  job: MailboxJob,
  { closed, at }: { readonly closed: ClosedMailbox; readonly at: number },
  batch: Batch,
): MailboxJob {
  const syncedAt = new Date(at).toISOString();
  // The final pass is over for the batch, or the mailbox, as a whole: until then it waits.
  const moved =
    job.status === 'Completing'
      ? { ...job, reason: waitingReasons.completing.say(), syncedAt, progressAt: syncedAt }
      : mayMoveJob(job, 'synced')
        ? moveJob(job, 'synced', { reason: null, now: at })
        : job;
  return {
    ...moved,
    error: closed.error,
    green: closed.green,
    trouble: undefined,
    copyDoubtful: false,
    items: closed.items,
    bytesTransferred: closed.items.bytes,
    bytesEstimated: closed.items.bytes,
    passDone: batch.passNumber,
    verification: closed.verification,
    itemsReport: closed.itemsReport,
    ...closed.folders,
  };
}

/** Seconds until the next slice: as long as a server asked for, else doubling with every wait in a row. */
function waitSeconds(
  { firstWaitSeconds, longestWaitSeconds }: CopyServices['settings'],
  { waits, waitMs }: { readonly waits: number; readonly waitMs: number | undefined },
): number {
  if (waitMs !== undefined) return Math.ceil(waitMs / 1000);
  return Math.min(longestWaitSeconds, firstWaitSeconds * 2 ** Math.min(waits, 20));
}

function outputOf(
  services: CopyServices,
  input: SliceInput,
  result: { readonly job: MailboxJob | undefined; readonly ending: Ending },
): SliceOutput {
  const { job, ending } = result;
  const waiting = ending.outcome === 'waiting';
  return {
    ...input,
    slice: input.slice + 1,
    waits: waiting ? input.waits + 1 : 0,
    outcome: ending.outcome,
    status: job?.status ?? 'Queued',
    reason: job?.reason ?? ('reason' in ending ? ending.reason : ''),
    items: job?.items.copied ?? 0,
    bytes: job?.items.bytes ?? 0,
    waitSeconds: waiting ? waitSeconds(services.settings, { waits: input.waits, waitMs: ending.waitMs }) : 0,
  };
}
