import type { z } from 'zod';
import type { Batch } from '../../domain/batch.ts';
import { incrementalLimit, type Endpoint } from '../../domain/endpoint.ts';
import {
  ConfigurationError,
  ConflictError,
  errorNames,
  isKnownError,
  TransientError,
  type KnownError,
} from '../../domain/errors.ts';
import { failureEvent, jobTransitions } from '../../domain/job-transitions.ts';
import type { JobError, MailboxJob } from '../../domain/mailbox-job.ts';
import type { ResolvedOptions } from '../../domain/options.ts';
import type { SliceInput as SliceInputSchema, SliceOutput as SliceOutputSchema } from '../../domain/workflow-steps.ts';
import type { SourceMailbox } from '../../ports/mail-source.ts';
import type { TargetMailbox } from '../../ports/mail-target.ts';
import { changeJob } from '../change-job.ts';
import { optionsOf } from '../effective-options.ts';
import { heldByOther } from '../mailbox-claim.ts';
import { sourceCredentials, targetCredentials } from '../mailbox-credentials.ts';
import { pauseOnCommonFault } from '../pause-on-common-fault.ts';
import type { Services } from '../services.ts';
import type { ClosedMailbox } from './close-pass.ts';
import type { CopyContext } from './copy-context.ts';
import { pageLimits, type PageLimits } from './page.ts';
import { PairLease } from './pair-lease.ts';
import { afterFailure, mostFailures, usesPatience, type Trouble } from './patience.ts';
import { pairsOfOtherSources, resolvePair } from './resolve-pair.ts';
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
  | { readonly outcome: 'done'; readonly closed: ClosedMailbox | null };

const otherWorker: Ending = {
  outcome: 'waiting',
  waitMs: undefined,
  reason: 'another worker still holds this mailbox',
};

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
      ending: { outcome: 'stopped', reason: "this run is no longer the batch's run" },
    });
  }
  if (job.passDone >= batch.passNumber || ['Skipped', 'Failed', 'IncrementalFailed', 'Stopped'].includes(job.status)) {
    return outputOf(services, input, { job, ending: { outcome: 'done', closed: null } });
  }
  const slice = new Slice(services, { batch, job, limits });
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
  #job: MailboxJob;
  /** Why the slice is to end at the next page; null while it may go on. */
  #leaving: 'stopping' | 'run-lost' | null = null;
  #shown = 0;
  #showing: Promise<void> = Promise.resolve();

  constructor(
    services: CopyServices,
    about: { readonly batch: Batch; readonly job: MailboxJob; readonly limits: SliceLimits },
  ) {
    this.#services = services;
    this.#batch = about.batch;
    this.#job = about.job;
    this.#limits = about.limits;
    this.#began = services.clock.now();
  }

  async run(): Promise<Ending> {
    if (['Stopping', 'Paused'].includes(this.#batch.status))
      return { outcome: 'stopped', reason: 'the batch was stopped' };
    const endpoint = await this.#services.store.getEndpoint(this.#batch.endpoint);
    if (endpoint === undefined) {
      const error = new ConfigurationError({
        code: 'ENDPOINT_NOT_FOUND',
        message: `There is no endpoint ${this.#batch.endpoint}.`,
      });
      return { outcome: 'failed', error: jobError(error) };
    }
    const incremental = this.#batch.pass === 'incremental' && this.#job.syncedAt !== null;
    const slots = incremental ? incrementalLimit(endpoint) : endpoint.maxConcurrentMigrations;
    const slot = await this.#takeSlot(endpoint, slots);
    if (slot === undefined) {
      return {
        outcome: 'waiting',
        waitMs: undefined,
        reason: `all ${String(slots)} mailbox slots of ${endpoint.name} are in use`,
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
    const now = new Date(this.#services.clock.now()).toISOString();
    this.#job = await changeJob(this.#services.store, this.#job, (job) => ({
      ...afterSlice(job, ending, { now, batch: this.#batch }),
      slices: job.slices + 1,
      updatedAt: now,
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
    let source: SourceMailbox | undefined;
    let target: TargetMailbox | undefined;
    let lease: PairLease | undefined;
    try {
      await this.#noteStart();
      const [signInAtSource, signInAtTarget] = await Promise.all([
        sourceCredentials(this.#services, this.#job),
        targetCredentials(this.#services, this.#job),
      ]);
      const opening = await Promise.allSettled([
        this.#services.mailSource(endpoint).open(signInAtSource, signal),
        this.#services.mailTarget(endpoint).open(signInAtTarget, signal),
      ]);
      source = opening[0].status === 'fulfilled' ? opening[0].value : undefined;
      target = opening[1].status === 'fulfilled' ? opening[1].value : undefined;
      if (opening[0].status === 'rejected') throw opening[0].reason;
      if (opening[1].status === 'rejected') throw opening[1].reason;
      if (source === undefined || target === undefined) throw new Error('A mailbox is neither open nor refused');
      const opened = { source, target };
      const resolved = await resolvePair(this.#services, opened);
      if (resolved.outcome === 'undecided') return otherWorker;
      const { pair } = resolved;
      const claim = await this.#services.store.claim(`pair/${pair.id}`, this.#batch.name);
      if (claim.outcome === 'held-by-other') {
        // A new pair that another batch began with a moment ago may be another mailbox: the next look tells.
        return resolved.outcome === 'new' ? otherWorker : { outcome: 'failed', error: heldByOther(claim.batch) };
      }
      lease = await PairLease.take(this.#services, pair);
      if (lease === undefined) return otherWorker;
      // Another worker put a pair of its own at this place of the chain meanwhile.
      if (lease.pair.source !== pair.source || lease.pair.target !== pair.target) return otherWorker;
      const held = lease;
      held.startRenewing(async () => {
        await this.#takeSlot(endpoint, slots);
      });
      held.lost.addEventListener('abort', () => closing.abort(held.lost.reason));
      await this.#notePair(pair.id);
      const options = optionsOf(endpoint.type, [endpoint.defaults, this.#batch.options, this.#job.options]);
      const context: CopyContext = {
        services: this.#services,
        lease: held,
        source,
        target,
        otherSources: () => pairsOfOtherSources(this.#services, opened),
        options,
        maxItemBytes: smallest(
          options.maxItemBytes === 'auto' ? undefined : options.maxItemBytes,
          target.profile.appendLimit,
        ),
        limits: this.#limits.pages ?? pageLimits,
        signal,
        mayGoOn: () => this.#mayGoOn(signal),
        onProgress: ({ items }) => this.#show(items),
      };
      const outcome = await runPass(context, {
        kind: this.#batch.pass,
        batch: this.#batch.name,
        number: this.#batch.passNumber,
      });
      return this.#endingOf(outcome, options);
    } catch (error) {
      return this.#endingOfError(error, lease);
    } finally {
      // Sockets first: nobody may settle a window while this worker could still send. With LOGOUT, so that the server
      // has closed the mailbox before its slot goes to another.
      await Promise.allSettled([source?.close(), target?.close()]);
      closing.abort();
      await lease?.free();
    }
  }

  #mayGoOn(signal: AbortSignal): boolean {
    if (signal.aborted || this.#leaving !== null) return false;
    const spent = this.#services.clock.now() - this.#began;
    return spent < this.#services.settings.sliceBudgetMs && this.#limits.remainingMs() > pageReserveMs;
  }

  #endingOf(outcome: PassOutcome, options: ResolvedOptions): Ending {
    if (outcome.outcome === 'wait') {
      return {
        outcome: 'waiting',
        waitMs: outcome.waitMs,
        reason: 'waiting until the target has stored what it received before the connection was lost',
      };
    }
    if (outcome.outcome === 'budget') return this.#unfinished();
    const { closed } = outcome;
    // Large items have a limit of their own, whoever says that they are: maxItemBytes, APPENDLIMIT or a refusal (RFC 7889).
    const bad = closed.items.failed - closed.largeFailed;
    if (exceeds(bad, options.badItemLimit)) {
      const message = `${String(bad)} items could not be copied; badItemLimit is ${String(options.badItemLimit)}.`;
      return { outcome: 'failed', error: { code: 'TOO_MANY_BAD_ITEMS', message, kind: errorNames.mailboxBlocked } };
    }
    if (exceeds(closed.largeItems, options.largeItemLimit)) {
      const message = `${String(closed.largeItems)} items are too large; largeItemLimit is ${String(options.largeItemLimit)}.`;
      return { outcome: 'failed', error: { code: 'TOO_MANY_LARGE_ITEMS', message, kind: errorNames.mailboxBlocked } };
    }
    return { outcome: 'done', closed };
  }

  #unfinished(): Ending {
    if (this.#leaving === 'stopping') return { outcome: 'stopped', reason: 'the batch was stopped' };
    if (this.#leaving === 'run-lost') return { outcome: 'unfinished', reason: 'another execution runs the batch' };
    if (this.#limits.signal.aborted)
      return { outcome: 'unfinished', reason: 'the service was stopped; it goes on when it starts again' };
    return { outcome: 'more', reason: '' };
  }

  #endingOfError(error: unknown, lease: PairLease | undefined): Ending {
    if (lease?.lost.aborted === true)
      return { outcome: 'waiting', waitMs: undefined, reason: 'another worker took this mailbox over' };
    if (this.#limits.signal.aborted) return this.#unfinished();
    if (!isKnownError(error)) throw error;
    this.#services.log.info('A slice ended with an error', {
      code: error.code,
      kind: error.name,
      message: error.message,
    });
    if (usesPatience(error)) {
      const trouble = afterFailure(this.#job.trouble, lease?.pair);
      if (trouble.times >= mostFailures) return { outcome: 'failed', error: outOfPatience(error) };
      return { outcome: 'waiting', waitMs: undefined, reason: error.message, trouble };
    }
    if (error instanceof TransientError)
      return { outcome: 'waiting', waitMs: error.retryAfterMs, reason: error.message };
    if (error instanceof ConflictError && error.code !== 'FOLDER_CHANGED') {
      return { outcome: 'waiting', waitMs: undefined, reason: error.message };
    }
    return { outcome: 'failed', error: jobError(error) };
  }

  async #noteStart(): Promise<void> {
    const now = new Date(this.#services.clock.now()).toISOString();
    this.#job = await changeJob(this.#services.store, this.#job, (job) => ({
      ...job,
      // A row that came with a later file has its first pass in a batch whose others have an incremental one.
      status: job.syncedAt === null ? 'Syncing' : 'IncrementalSyncing',
      reason: null,
      error: null,
      startedAt: job.startedAt ?? now,
      updatedAt: now,
    }));
  }

  async #notePair(pairIdNow: string): Promise<void> {
    if (this.#job.pairId === pairIdNow) return;
    this.#job = await changeJob(this.#services.store, this.#job, (job) => ({ ...job, pairId: pairIdNow }));
  }

  /** At most one write a second; the copying does not wait for it. */
  #show(items: MailboxJob['items']): void {
    const now = this.#services.clock.now();
    if (now - this.#shown < progressMs) return;
    this.#shown = now;
    this.#showing = this.#showing
      .then(() => this.#progress(items))
      .catch((error: unknown) => {
        this.#services.log.warn('Progress could not be shown', {
          error: isKnownError(error) ? error.code : 'UNEXPECTED',
        });
      });
  }

  async #progress(items: MailboxJob['items']): Promise<void> {
    const { store, clock } = this.#services;
    const updatedAt = new Date(clock.now()).toISOString();
    this.#job = await changeJob(store, this.#job, (job) => ({
      ...job,
      items,
      bytesTransferred: items.bytes,
      updatedAt,
    }));
    const batch = await store.getBatch(this.#batch.name);
    if (batch?.run?.number !== this.#batch.run?.number) this.#leaving = 'run-lost';
    else if (batch?.status === 'Stopping' || batch?.status === 'Paused') this.#leaving = 'stopping';
  }
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

function smallest(a: number | undefined, b: number | undefined): number | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return Math.min(a, b);
}

function afterSlice(
  job: MailboxJob,
  ending: Ending,
  about: { readonly now: string; readonly batch: Batch },
): MailboxJob {
  const { batch, now } = about;
  switch (ending.outcome) {
    case 'more':
      return { ...job, reason: null };
    case 'waiting':
      return { ...job, reason: ending.reason, trouble: ending.trouble ?? job.trouble };
    case 'unfinished':
      return { ...job, reason: ending.reason };
    case 'stopped':
      return { ...job, status: 'Stopped', reason: ending.reason };
    case 'failed':
      return ending.error.code === 'MAILBOX_HELD_BY_OTHER_BATCH'
        ? { ...job, status: 'Skipped', reason: ending.error.message, error: ending.error, passDone: batch.passNumber }
        : {
            ...job,
            status: jobTransitions[failureEvent(job)].to,
            reason: ending.error.message,
            error: ending.error,
            trouble: undefined,
            green: false,
          };
    case 'done':
      return ending.closed === null ? job : afterPass(job, ending.closed, about.batch.passNumber, now);
  }
}

function afterPass(job: MailboxJob, closed: ClosedMailbox, passNumber: number, now: string): MailboxJob {
  return {
    ...job,
    status: 'Synced',
    reason: null,
    error: closed.error,
    trouble: undefined,
    green: closed.green,
    items: closed.items,
    bytesTransferred: closed.items.bytes,
    bytesEstimated: closed.items.bytes,
    passDone: passNumber,
    verification: closed.verification,
    itemsReport: closed.itemsReport,
    renamedFolders: [...closed.renamed],
    leftOutFolders: [...closed.leftOut],
    syncedAt: now,
  };
}

function outputOf(
  services: CopyServices,
  input: SliceInput,
  result: { readonly job: MailboxJob | undefined; readonly ending: Ending },
): SliceOutput {
  const { job, ending } = result;
  const waiting = ending.outcome === 'waiting';
  const { firstWaitSeconds, longestWaitSeconds } = services.settings;
  const doubled = Math.min(longestWaitSeconds, firstWaitSeconds * 2 ** Math.min(input.waits, 20));
  const asked = waiting && ending.waitMs !== undefined ? Math.ceil(ending.waitMs / 1000) : doubled;
  return {
    ...input,
    slice: input.slice + 1,
    waits: waiting ? input.waits + 1 : 0,
    outcome: ending.outcome,
    status: job?.status ?? 'Queued',
    reason: job?.reason ?? ('reason' in ending ? ending.reason : ''),
    items: job?.items.copied ?? 0,
    bytes: job?.items.bytes ?? 0,
    waitSeconds: waiting ? asked : 0,
  };
}
