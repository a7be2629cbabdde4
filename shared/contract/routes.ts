import { z } from 'zod';
import { Endpoint, Name } from '../domain/endpoint.ts';
import { JobStatus } from '../domain/mailbox-job.ts';
import { ReportName } from '../domain/report/report-files.ts';
import { BatchDetail, BatchView } from './batch-view.ts';
import { EndpointTested } from './endpoint-view.ts';
import { MailboxDetail } from './mailbox-view.ts';
import { Timeline } from './timeline-view.ts';

interface Route<Request extends z.ZodType, Answer extends z.ZodType> {
  readonly method: 'GET' | 'PUT' | 'POST' | 'DELETE';
  /** `:name` is the request's field of that name; the other fields travel in the query of a GET, else in the body. */
  readonly path: string;
  readonly request: Request;
  readonly answer: Answer;
}

function route<Request extends z.ZodType, Answer extends z.ZodType>(
  method: Route<Request, Answer>['method'],
  path: string,
  shapes: { readonly request: Request; readonly answer: Answer },
): Route<Request, Answer> {
  return { method, path, ...shapes };
}

const nothing = z.object({});
const byName = z.object({ name: Name });
/** A batch file's octets in base64: it may be UTF-16. */
const batchFile = z.base64();
const options = z.record(z.string(), z.string());
/** Mailboxes with which an administrator's sign-in is tried: without passwords. */
const testMailboxes = z
  .array(
    z.object({
      mailbox: z.string().min(1),
      userName: z.string().optional(),
      userRoot: z.string().optional(),
      targetUserName: z.string().optional(),
    }),
  )
  .optional();
/** OS user of whoever asks. */
const startedBy = z.string().min(1).max(256);
/** Addresses of single mailboxes of the batch; absent: all of it. */
const mailboxes = z.array(z.string()).min(1).optional();
const why = z.string().min(1).max(1024);
/** A verb on a batch, or on single mailboxes of it. */
const verb = byName.extend({ mailboxes, startedBy });
const startVerb = verb.extend({
  /** Prerequisites to do without, and the words for the audit trail. */
  overrides: z.array(z.object({ check: z.string(), why })).optional(),
});

/** All that the API of an embedded service answers; the command line asks the same in process where no service runs. */
export const routes = {
  showService: route('GET', '/api/service', {
    request: nothing,
    answer: z.object({
      /** `command`: a command that works in the foreground and ends with its batch. */
      kind: z.enum(['serve', 'command']),
      pid: z.int(),
      dataDir: z.string(),
    }),
  }),

  listEndpoints: route('GET', '/api/endpoints', { request: nothing, answer: z.array(Endpoint) }),
  showEndpoint: route('GET', '/api/endpoints/:name', { request: byName, answer: Endpoint }),
  putEndpoint: route('PUT', '/api/endpoints/:name', {
    request: byName.extend({
      /** As in the file, with what the file names read in: the service says what is wrong with it. */
      endpoint: z.unknown(),
      test: z.boolean(),
      mailboxes: testMailboxes,
      startedBy: startedBy.optional(),
    }),
    answer: EndpointTested,
  }),
  testEndpoint: route('POST', '/api/endpoints/:name/test', {
    request: byName.extend({ mailboxes: testMailboxes }),
    answer: EndpointTested,
  }),
  removeEndpoint: route('DELETE', '/api/endpoints/:name', { request: byName, answer: nothing }),

  listBatches: route('GET', '/api/batches', { request: nothing, answer: z.array(BatchView) }),
  showBatch: route('GET', '/api/batches/:name', { request: byName, answer: BatchDetail }),
  createBatch: route('POST', '/api/batches', {
    request: byName.extend({ endpoint: Name, csv: batchFile.optional(), options, start: z.boolean(), startedBy }),
    answer: BatchDetail,
  }),
  addRows: route('POST', '/api/batches/:name/rows', {
    request: byName.extend({ csv: batchFile, startedBy }),
    answer: BatchDetail,
  }),
  /** Creates or continues, whatever the batch's state asks for; what `run` does. */
  runBatch: route('POST', '/api/batches/:name/run', {
    request: byName.extend({ endpoint: Name, csv: batchFile, options, startedBy }),
    answer: BatchDetail.extend({
      /** The batch was synced before: once it rests again, `syncBatch` is to follow. */
      thenIncremental: z.boolean(),
    }),
  }),
  startBatch: route('POST', '/api/batches/:name/start', { request: startVerb, answer: BatchDetail }),
  resumeBatch: route('POST', '/api/batches/:name/resume', { request: startVerb, answer: BatchDetail }),
  stopBatch: route('POST', '/api/batches/:name/stop', {
    request: verb.extend({ rollback: z.boolean() }),
    answer: BatchDetail,
  }),
  /** Tries again what failed, from where it stands: mailboxes, and with `items` and `doubtful` single items. */
  retryBatch: route('POST', '/api/batches/:name/retry', {
    request: verb.extend({
      /** Only mailboxes that failed with this code. */
      code: z.string().optional(),
      items: z.boolean(),
      doubtful: z.boolean(),
      /** Options to set for the mailboxes that are tried again. */
      options: options.optional(),
    }),
    answer: BatchDetail,
  }),
  /** A new incremental pass over all mailboxes of a synced batch, or over the ones named. */
  syncBatch: route('POST', '/api/batches/:name/sync', { request: verb, answer: BatchDetail }),
  completeBatch: route('POST', '/api/batches/:name/complete', {
    request: verb.extend({ ignoreErrors: z.boolean() }),
    answer: BatchDetail,
  }),
  /** Removes the batch, or the mailboxes named. */
  removeBatch: route('POST', '/api/batches/:name/remove', {
    request: verb.extend({ forget: z.boolean() }),
    answer: z.object({ removed: z.enum(['batch', 'mailboxes', 'later']) }),
  }),
  /** What starting a staged batch does to new mail, in sentences; none for other types. */
  explainStart: route('GET', '/api/batches/:name/start', {
    request: byName,
    answer: z.object({ lines: z.array(z.string()) }),
  }),
  /** The source mailboxes of a completed staged batch: a script for the administrator, or the directory itself. */
  convertSources: route('POST', '/api/batches/:name/convert', {
    request: verb.extend({
      how: z.enum(['option', 'apply', 'revert']),
      /** Why before the time is over for which source mailboxes are kept. */
      early: why.optional(),
    }),
    answer: z.object({
      mailboxes: z.array(
        z.object({
          mailbox: z.string(),
          /** `pending`: it was not its turn yet; ask again, for those alone. */
          outcome: z.enum(['scripted', 'converted', 'reverted', 'already', 'refused', 'pending']),
          reason: z.string(),
        }),
      ),
      files: z.array(z.string()),
    }),
  }),
  setOptions: route('POST', '/api/batches/:name/options', {
    request: verb.extend({ options }),
    answer: BatchDetail,
  }),
  approveItems: route('POST', '/api/batches/:name/approve', {
    request: verb.extend({ why: why.optional() }),
    answer: BatchDetail,
  }),
  waiveMailboxes: route('POST', '/api/batches/:name/waive', {
    request: verb.extend({ mailboxes: z.array(z.string()).min(1), why }),
    answer: BatchDetail,
  }),
  showTimeline: route('GET', '/api/batches/:name/timeline', {
    request: byName.extend({ mailbox: z.string() }),
    answer: Timeline,
  }),
  listMailboxes: route('GET', '/api/batches/:name/users', {
    request: byName.extend({ status: JobStatus.optional() }),
    answer: z.array(MailboxDetail),
  }),
  readReport: route('GET', '/api/batches/:name/reports/:kind', {
    request: byName.extend({
      kind: ReportName,
      /** `next` of the page before. */
      after: z.string().optional(),
    }),
    /** A page of the report: AWS hands on no answer of more than 6 MB. The texts of all pages together are the report. */
    answer: z.object({
      contentType: z.string(),
      text: z.string(),
      /** Null: this was the last page. */
      next: z.string().nullable(),
    }),
  }),
} as const;

export type Routes = typeof routes;
export type RouteName = keyof Routes;
export type RequestOf<R extends RouteName> = z.output<Routes[R]['request']>;
export type AnswerOf<R extends RouteName> = z.output<Routes[R]['answer']>;

/** The same operations, wherever they are done: in this process or by a service that is asked. */
export type Operations = { readonly [R in RouteName]: (request: RequestOf<R>) => Promise<AnswerOf<R>> };
