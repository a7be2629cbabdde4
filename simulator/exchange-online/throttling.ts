import type { Clock } from '../../shared/ports/clock.ts';
import { GraphFailure } from './graph-failure.ts';
import type { RequestLog } from './request-log.ts';

/** Limits of an application in a mailbox. */
export interface ThrottlingLimits {
  readonly concurrent: number;
  readonly requests: number;
  readonly requestsMs: number;
  readonly uploadOctets: number;
  readonly uploadMs: number;
}

/** @see https://learn.microsoft.com/graph/throttling-limits#outlook-service-limits */
export const outlookLimits: ThrottlingLimits = {
  concurrent: 4,
  requests: 10_000,
  requestsMs: 600_000,
  uploadOctets: 150 * 1024 * 1024,
  uploadMs: 300_000,
};

interface Usage {
  inFlight: number;
  requests: { readonly start: number; count: number };
  upload: { readonly start: number; count: number };
  /** Requests before this time were told to wait. */
  pausedUntil: number;
}

/** Counts what each application does in each mailbox, and refuses what is too much. */
export class Throttling {
  /** Requests that came although a Retry-After had not passed. */
  impatient = 0;
  /** Requests that were refused. */
  refused = 0;
  readonly #usages = new Map<string, Usage>();
  readonly #limits: ThrottlingLimits;
  readonly #clock: Clock;
  readonly #log: RequestLog;

  constructor(limits: ThrottlingLimits, clock: Clock, log: RequestLog) {
    this.#limits = limits;
    this.#clock = clock;
    this.#log = log;
  }

  /** Takes a place for a request; 429 where there is none. What is returned gives the place back. */
  enter(key: string): () => void {
    const usage = this.#usage(key);
    const now = this.#clock.now();
    if (now < usage.pausedUntil) this.impatient += 1;
    if (usage.inFlight >= this.#limits.concurrent)
      throw this.#tooMuch(usage, 1, 'Application is over its MailboxConcurrency limit.');
    usage.requests = windowAt(usage.requests, now, this.#limits.requestsMs);
    if (usage.requests.count >= this.#limits.requests)
      throw this.#tooMuch(
        usage,
        secondsUntil(usage.requests.start + this.#limits.requestsMs, now),
        'Application is over its request limit.',
      );
    usage.requests.count += 1;
    usage.inFlight += 1;
    this.#log.inFlight(key, usage.inFlight);
    return () => {
      usage.inFlight -= 1;
    };
  }

  /** Counts octets of a POST, PATCH or PUT; 429 where they are too many. */
  upload(key: string, octets: number): void {
    const usage = this.#usage(key);
    const now = this.#clock.now();
    usage.upload = windowAt(usage.upload, now, this.#limits.uploadMs);
    if (usage.upload.count > 0 && usage.upload.count + octets > this.#limits.uploadOctets)
      throw this.#tooMuch(
        usage,
        secondsUntil(usage.upload.start + this.#limits.uploadMs, now),
        'Application is over its upload limit.',
      );
    usage.upload.count += octets;
  }

  /** Notes a Retry-After that was sent for another reason: a played one. */
  told(key: string, seconds: number): void {
    const usage = this.#usage(key);
    usage.pausedUntil = Math.max(usage.pausedUntil, this.#clock.now() + seconds * 1_000);
  }

  #tooMuch(usage: Usage, seconds: number, message: string): GraphFailure {
    this.refused += 1;
    usage.pausedUntil = Math.max(usage.pausedUntil, this.#clock.now() + seconds * 1_000);
    return new GraphFailure({
      status: 429,
      code: 'ApplicationThrottled',
      message,
      headers: { 'Retry-After': String(seconds) },
    });
  }

  #usage(key: string): Usage {
    const known = this.#usages.get(key);
    if (known !== undefined) return known;
    const now = this.#clock.now();
    const usage = { inFlight: 0, requests: { start: now, count: 0 }, upload: { start: now, count: 0 }, pausedUntil: 0 };
    this.#usages.set(key, usage);
    return usage;
  }
}

function windowAt(
  window: { readonly start: number; count: number },
  now: number,
  lengthMs: number,
): { readonly start: number; count: number } {
  return now < window.start + lengthMs ? window : { start: now, count: 0 };
}

function secondsUntil(at: number, now: number): number {
  return Math.max(1, Math.ceil((at - now) / 1_000));
}
