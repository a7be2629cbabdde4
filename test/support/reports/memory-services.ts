import type { Services } from '../../../shared/application/services.ts';
import type { AuditEntry } from '../../../shared/domain/audit.ts';
import type { Batch } from '../../../shared/domain/batch.ts';
import type { Endpoint } from '../../../shared/domain/endpoint.ts';
import type { MailRecord } from '../../../shared/domain/mail-record.ts';
import type { MailboxJob } from '../../../shared/domain/mailbox-job.ts';
import type { MailMessage } from '../../../shared/ports/mailer.ts';

export interface Memory {
  batch: Batch | undefined;
  jobs: AsyncIterable<MailboxJob> | readonly MailboxJob[];
  endpoint: Endpoint | undefined;
  readonly audit: AuditEntry[];
  readonly objects: Map<string, Uint8Array>;
  readonly mails: MailMessage[];
  readonly records: MailRecord[];
  refuseMail: Error | undefined;
  now: number;
}

const key = (mail: MailRecord): string => `${mail.batch} ${mail.kind} ${mail.occasion}`;

/** The part of the world that reports and mails touch, in memory, with the store's rules for claiming a mail. */
export function memoryServices(parts: Partial<Memory> = {}) {
  const memory: Memory = {
    batch: undefined,
    jobs: [],
    endpoint: undefined,
    audit: [],
    objects: new Map(),
    mails: [],
    records: [],
    refuseMail: undefined,
    now: Date.parse('2026-11-20T20:02:00.000Z'),
    ...parts,
  };
  const put = (mail: MailRecord): void => {
    const index = memory.records.findIndex((record) => key(record) === key(mail));
    if (index < 0) memory.records.push(mail);
    else memory.records[index] = mail;
  };
  const services = {
    store: {
      getBatch: (name: string) => Promise.resolve(memory.batch?.name === name ? memory.batch : undefined),
      getEndpoint: (name: string) => Promise.resolve(memory.endpoint?.name === name ? memory.endpoint : undefined),
      jobs: (_name: string, from?: string) => jobsFrom(memory, from),
      auditOf: (name: string) => each(memory.audit.filter((entry) => entry.batch === name)),
      claimMail: (mail: MailRecord, now: number, openForMs: number) => {
        const claimed = memory.records.find((record) => key(record) === key(mail));
        if (claimed === undefined) {
          put(mail);
          return Promise.resolve('send' as const);
        }
        if (claimed.outcome !== 'claimed' || claimed.attempts > 1 || now - claimed.claimedAt < openForMs)
          return Promise.resolve('done' as const);
        put({ ...claimed, claimedAt: now, attempts: claimed.attempts + 1 });
        return Promise.resolve('repeat' as const);
      },
      recordMail: (mail: MailRecord) => {
        put(mail);
        return Promise.resolve();
      },
      mailsOf: (batch: string) => Promise.resolve(memory.records.filter((record) => record.batch === batch)),
    },
    objects: {
      put: (name: string, octets: Uint8Array) =>
        Promise.resolve(void memory.objects.set(name, Uint8Array.from(octets))),
      get: (name: string) => Promise.resolve(memory.objects.get(name)),
      stream: (name: string) => {
        const octets = memory.objects.get(name);
        return Promise.resolve(octets === undefined ? undefined : pieces(octets));
      },
      list: (prefix: string) => each([...memory.objects.keys()].filter((name) => name.startsWith(prefix)).sort()),
      locate: (name: string) => `/data/${name}`,
    },
    mailer: {
      send: (message: MailMessage) => {
        if (memory.refuseMail !== undefined) return Promise.reject(memory.refuseMail);
        memory.mails.push(message);
        return Promise.resolve({ id: `mail-${String(memory.mails.length)}` });
      },
    },
    clock: { now: () => memory.now, sleep: () => Promise.resolve() },
    log: { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined },
    settings: {
      operator: 'operator@contoso.test' as string | null,
      consoleUrl: null as string | null,
      bucket: '/data',
      firstWaitSeconds: 1,
      longestWaitSeconds: 1,
      sliceBudgetMs: 1,
      settleLookMs: 1,
      leaseMs: 1,
      renewMs: 1,
    },
  };
  return { memory, services: services as unknown as Services & typeof services };
}

async function* jobsFrom({ jobs }: Memory, from = ''): AsyncGenerator<MailboxJob> {
  for await (const job of jobs) if (Buffer.compare(Buffer.from(job.id), Buffer.from(from)) >= 0) yield job;
}

async function* each<Value>(values: AsyncIterable<Value> | readonly Value[]): AsyncGenerator<Value> {
  yield* values;
}

/** As a stream from disk or S3: in pieces that know nothing of lines or characters. */
async function* pieces(octets: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let from = 0; from < octets.length; from += 1000)
    yield await Promise.resolve(octets.subarray(from, from + 1000));
}

export function textOf(octets: Uint8Array | undefined): string {
  if (octets === undefined) throw new Error('there is no such object');
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(octets);
}
