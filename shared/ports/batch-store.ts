import type { AuditEntry } from '../domain/audit.ts';
import type { Batch } from '../domain/batch.ts';
import type { Endpoint } from '../domain/endpoint.ts';
import type { KeptNumbers } from '../domain/kept-numbers.ts';
import type { MailRecord } from '../domain/mail-record.ts';
import type { MailboxJob } from '../domain/mailbox-job.ts';
import type { PairItem } from '../domain/pair.ts';
import type { RemovedBatch } from '../domain/removed-batch.ts';
import type { TimelineEntry } from '../domain/timeline.ts';

/**
 * The state of everything: DynamoDB or SQLite, one contract suite over both. Single conditional writes only, each safe
 * to repeat: where a condition fails, the store reads, and finding the caller's own values is success.
 *
 * Every write is durable when it resolves.
 */
export interface BatchStore {
  putEndpoint(endpoint: Endpoint): Promise<void>;
  /** Writes `next` where what is stored is still `seen`; resolves with whether it was. */
  replaceEndpoint(seen: Endpoint, next: Endpoint): Promise<boolean>;
  getEndpoint(name: string): Promise<Endpoint | undefined>;
  listEndpoints(): Promise<readonly Endpoint[]>;
  removeEndpoint(name: string): Promise<void>;

  /** ConflictError BATCH_EXISTS when the name is taken. */
  createBatch(batch: Batch): Promise<void>;
  getBatch(name: string): Promise<Batch | undefined>;
  listBatches(): Promise<readonly Batch[]>;
  /** Writes `batch` with version + 1 if the stored version is `batch.version`; else ConflictError STATE_CHANGED. */
  saveBatch(batch: Batch): Promise<Batch>;
  /** Removing what is not there is success. The audit trail stays. */
  removeBatch(name: string): Promise<void>;
  /** What `keepNumbers` kept last, by the names of the batches. */
  keptNumbers(): Promise<ReadonlyMap<string, KeptNumbers>>;
  /** Replaces what was kept of the batch; it goes with the batch. */
  keepNumbers(batch: string, numbers: KeptNumbers): Promise<void>;

  /** Creates, or returns the job that is there. */
  createJob(job: MailboxJob): Promise<{ readonly outcome: 'created' | 'exists'; readonly job: MailboxJob }>;
  getJob(batch: string, id: string): Promise<MailboxJob | undefined>;
  /** All jobs of a batch, or those from this id on, by id in the order of its octets; paged inside. */
  jobs(batch: string, from?: string): AsyncIterable<MailboxJob>;
  /** As saveBatch. */
  saveJob(job: MailboxJob): Promise<MailboxJob>;
  /** Removes the job and its time-line; removing what is not there is success. */
  removeJob(batch: string, id: string): Promise<void>;

  /** Written under the job's version: written again, it replaces itself. */
  putTimelineEntry(batch: string, job: string, entry: TimelineEntry): Promise<void>;
  /** The closed stretches of a job's life, the oldest first. */
  timelineOf(batch: string, job: string): AsyncIterable<TimelineEntry>;

  /** Appends; the same entry (by batch and id) again is success. Nothing changes or removes one but `removeAudit`. */
  appendAudit(entry: AuditEntry): Promise<void>;
  /** By time, the oldest first. */
  auditOf(batch: string): AsyncIterable<AuditEntry>;
  /** Once a removed batch's time to be kept is over. */
  removeAudit(batch: string): Promise<void>;

  putRemovedBatch(batch: RemovedBatch): Promise<void>;
  listRemovedBatches(): Promise<readonly RemovedBatch[]>;
  dropRemovedBatch(name: string): Promise<void>;

  /**
   * Claims a mailbox (endpoint and lower-cased address, later the pair) for a batch; held until released. Claiming what
   * the batch already holds is success.
   */
  claim(
    key: string,
    batch: string,
  ): Promise<{ readonly outcome: 'held' } | { readonly outcome: 'held-by-other'; readonly batch: string }>;
  release(key: string, batch: string): Promise<void>;
  claimsOf(batch: string): AsyncIterable<string>;

  getPair(id: string): Promise<PairItem | undefined>;
  /**
   * `token = token + 1 IF leaseUntil < now`, creating the pair when it is new; the returned item is the only one to be
   * trusted. undefined: somebody holds it.
   */
  takeLease(request: {
    readonly id: string;
    readonly source: string;
    readonly target: string;
    /** Unique to this attempt. */
    readonly holder: string;
    readonly now: number;
    readonly leaseUntil: number;
  }): Promise<PairItem | undefined>;
  /**
   * One update `IF token = pair.token AND ledgerHead = expectedHead` with absolute values; ConflictError LEASE_LOST
   * otherwise. Also renews (`leaseUntil`) and frees (`leaseUntil: 0`).
   */
  savePair(pair: PairItem, expectedHead: PairItem['ledgerHead']): Promise<PairItem>;
  /** Only `leaseUntil`, IF token = mine; ConflictError LEASE_LOST otherwise. Runs beside savePair. */
  renewLease(id: string, token: number, leaseUntil: number): Promise<void>;

  /** Takes one of `slots` slots of an endpoint, or renews the one `holder` has; undefined: all are in use. */
  takeSlot(request: {
    readonly endpoint: string;
    readonly slots: number;
    readonly holder: string;
    readonly now: number;
    readonly until: number;
  }): Promise<number | undefined>;
  releaseSlot(endpoint: string, slot: number, holder: string): Promise<void>;
  slotsInUse(endpoint: string, now: number): Promise<number>;

  /** Embedded only, at start, under the folder lock: every earlier holder is dead, so all leases and slots end. */
  endAllLeases(): Promise<void>;

  /** Sealed passwords: a table of their own without point-in-time recovery. */
  putSealedPassword(context: string, sealed: string): Promise<void>;
  getSealedPassword(context: string): Promise<string | undefined>;
  removeSealedPassword(context: string): Promise<void>;

  /**
   * Claims a mail before it is sent. `send`: it is the caller's to send; `repeat`: an earlier claim was left open for
   * `openForMs`, send once more, marked as a possible repeat; `done`: sent, or being sent, or sent twice already.
   */
  claimMail(mail: MailRecord, now: number, openForMs: number): Promise<'send' | 'repeat' | 'done'>;
  recordMail(mail: MailRecord): Promise<void>;
  mailsOf(batch: string): Promise<readonly MailRecord[]>;
  /** All records of a batch's mails. */
  removeMails(batch: string): Promise<void>;
}
