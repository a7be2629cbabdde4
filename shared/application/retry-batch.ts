import type { Batch } from '../domain/batch.ts';
import type { MailboxJob } from '../domain/mailbox-job.ts';
import type { RequeueOrder } from '../domain/requeue-order.ts';
import { parseOptions } from '../domain/options.ts';
import { audited, noSuchBatch, refused, type Decided, type VerbOutcome, type VerbRequest } from './audit-verb.ts';
import { chosenJobs } from './chosen-jobs.ts';
import { optionsInWords } from './options-in-words.ts';
import type { Services } from './services.ts';
import { setGoing } from './start-mailboxes.ts';
import { tryAgainForNow } from './try-again.ts';

export interface RetryRequest extends VerbRequest {
  /** Only mailboxes that failed with this code. */
  readonly code?: string | undefined;
  /** Also mailboxes that are through, but with items that failed: another pass tries those again. */
  readonly items: boolean;
  /** Also copies what earlier passes left as doubtful. */
  readonly doubtful: boolean;
  /** Options to set for the mailboxes that are tried again, as written. */
  readonly options?: Readonly<Record<string, string>> | undefined;
}

type RetryServices = Pick<Services, 'store' | 'workflow' | 'clock' | 'log'>;

/**
 * Tries again what failed, each mailbox from where it stands: nothing that is at the target is copied again. A bad row
 * is not tried again: it needs a corrected file.
 */
export async function retryBatch(services: RetryServices, request: RetryRequest): Promise<VerbOutcome> {
  const { batch, by, mailboxes } = request;
  const note = { batch, who: by, verb: 'retry', mailboxes, detail: detailOf(request) } as const;
  return audited(services, note, (decided) => retry(services, request, decided));
}

async function retry(services: RetryServices, request: RetryRequest, decided: Decided): Promise<VerbOutcome> {
  const { store, clock } = services;
  const batch = await store.getBatch(request.batch);
  if (batch === undefined) return noSuchBatch(request.batch);
  const refusal = refusalOf(batch);
  if (refusal !== undefined) return refused(refusal);
  const options = request.options ?? {};
  const { problems } = parseOptions(options, 'row');
  if (problems.length > 0)
    return refused(
      problems.map(({ message, suggestion }) => `${message} ${suggestion}`).join(' '),
      'CSV_OPTION_INVALID',
    );

  const candidates = await candidatesOf(services, request);
  if (candidates.outcome === 'refused') return candidates;
  const order: RequeueOrder = {
    verb: 'retry',
    by: request.by,
    at: new Date(clock.now()).toISOString(),
    pass: 'present',
    code: request.code ?? null,
    items: request.items,
    doubtful: request.doubtful,
    options,
  };
  const tried = await tryAgainForNow(services, { batch, order, decided, jobs: candidates.jobs });
  if (tried.through && !tried.any) return refused(nothingToRetry(request, tried.badRows));
  await decided();
  const requeue = tried.through ? {} : { requeue: order };
  const started = await setGoing(services, { batch: batch.name, by: request.by, overrides: [], ...requeue });
  if (started.outcome === 'not-found') return noSuchBatch(batch.name);
  return started.outcome === 'refused' ? started : { outcome: 'done', batch: started.batch };
}

function refusalOf(batch: Batch): string | undefined {
  const { name, status } = batch;
  if (status === 'Created' || status === 'Waiting')
    return `The batch ${name} is ${status}: nothing of it has failed yet.`;
  if (status === 'Completed' || status === 'CompletedWithErrors')
    return `The batch ${name} is ${status}: it is over. Put what failed into another batch; it continues where this one ended.`;
  if (status === 'Removing') return `The batch ${name} is being removed.`;
  if (status === 'Stopping' || status === 'Completing') return `The batch ${name} is ${status}: retry once it rests.`;
  return undefined;
}

async function candidatesOf(
  { store }: Pick<Services, 'store'>,
  { batch, mailboxes }: RetryRequest,
): Promise<
  | { readonly outcome: 'found'; readonly jobs?: Iterable<MailboxJob> }
  | Exclude<Awaited<ReturnType<typeof chosenJobs>>, { readonly outcome: 'found' }>
> {
  if (mailboxes === undefined) return { outcome: 'found' };
  return chosenJobs(store, { batch, mailboxes });
}

function nothingToRetry({ batch, code, items, doubtful }: RetryRequest, badRows: number): string {
  const what = code === undefined ? 'no mailbox that failed' : `no mailbox that failed with ${code}`;
  const also = [...(items ? ['none with failed items'] : []), ...(doubtful ? ['none with doubtful items'] : [])];
  const rows =
    badRows === 0
      ? ''
      : ` ${badRows === 1 ? 'A row is' : `${String(badRows)} rows are`} bad: upload the corrected rows under the same batch name.`;
  return `There is nothing to retry in the batch ${batch}: ${[what, ...also].join(', ')}.${rows}`;
}

function detailOf({ code, items, doubtful, options }: RetryRequest): string {
  const parts = [
    ...(code === undefined ? [] : [`code ${code}`]),
    ...(items ? ['failed items'] : []),
    ...(doubtful ? ['doubtful items'] : []),
    ...optionsInWords(options ?? {}),
  ];
  return parts.join(', ');
}
