import { audited, noSuchBatch, refused, type Decided, type Refused, type VerbRequest } from '../audit-verb.ts';
import { chosenJobs } from '../chosen-jobs.ts';
import { optionsOf } from '../effective-options.ts';
import type { MailboxJob } from '../../domain/mailbox-job.ts';
import type { OpenSourceDirectory } from '../../ports/source-directory.ts';
import type { Services } from '../services.ts';
import { convertInDirectory, revertInDirectory } from './convert-in-directory.ts';
import type { ConvertedMailbox, Converting } from './convertible.ts';
import { writeConversionFiles } from './write-conversion-files.ts';

type ConvertServices = Pick<Services, 'store' | 'objects' | 'clock' | 'log'> &
  Partial<Pick<Services, 'sourceDirectory'>>;

export interface ConvertRequest extends VerbRequest {
  /** `option`: as convertSource says; `apply` and `revert` change the directory. */
  readonly how: 'option' | 'apply' | 'revert';
  /** Why source mailboxes are converted before the time is over for which they are kept; absent: they are not. */
  readonly early?: string | undefined;
  /** Time of the clock from which on no further mailbox is begun; those are `pending`. Absent: all are. */
  readonly until?: number | undefined;
}

export type Conversion =
  | {
      readonly outcome: 'done';
      readonly mailboxes: readonly ConvertedMailbox[];
      /** Paths or URIs of the script, its list and the LDIF; empty where the directory was changed. */
      readonly files: readonly string[];
    }
  | Refused;

/**
 * Makes the source mailboxes of a completed batch mail-enabled users: by default with a script, a list and LDIF that the
 * administrator reviews and runs, opt-in as one atomic modification each, of which the state before is kept first. A source
 * mailbox is kept for some days after its completion. Stops at the first mailbox that somebody else has changed. Done
 * twice, it finds what is done.
 */
export async function convertSources(services: ConvertServices, request: ConvertRequest): Promise<Conversion> {
  const { batch, by, mailboxes, how, early } = request;
  const detail = [how === 'option' ? '' : how, early === undefined ? '' : 'early']
    .filter((word) => word !== '')
    .join(', ');
  const note = { batch, who: by, verb: 'convert', mailboxes, detail, why: early } as const;
  return audited(services, note, (decided) => convert(services, request, decided));
}

async function convert(services: ConvertServices, request: ConvertRequest, decided: Decided): Promise<Conversion> {
  const { store } = services;
  const batch = await store.getBatch(request.batch);
  if (batch === undefined) return noSuchBatch(request.batch);
  if (batch.type !== 'staged')
    return refused(`There is nothing to convert: a batch of type ${batch.type} knows no directory at its source.`);
  const endpoint = await store.getEndpoint(batch.endpoint);
  if (endpoint === undefined) return refused(`There is no endpoint ${batch.endpoint} any more.`, 'ENDPOINT_NOT_FOUND');
  const { convertSource } = optionsOf(batch.type, [endpoint.defaults, batch.options]);
  if (convertSource === 'never' && request.how !== 'revert')
    return refused('convertSource is never for this batch: `batch set --option convertSource=script` changes that.');
  const chosen = await jobsOf(store, request);
  if ('outcome' in chosen) return chosen;
  await decided();
  const about = {
    ...{ batch, endpoint, jobs: chosen, named: request.mailboxes !== undefined },
    ...{ early: request.early !== undefined, until: request.until },
  };
  const changes = request.how !== 'option' || convertSource === 'apply';
  if (!changes) return { outcome: 'done', ...(await writeConversionFiles(services, about)) };
  const change = request.how === 'revert' ? revertInDirectory : convertInDirectory;
  return await withDirectory(services, about, (directory) => change(services, directory, about));
}

async function jobsOf(store: Services['store'], request: ConvertRequest): Promise<readonly MailboxJob[] | Refused> {
  if (request.mailboxes !== undefined) {
    const chosen = await chosenJobs(store, { batch: request.batch, mailboxes: request.mailboxes });
    return chosen.outcome === 'refused' ? chosen : chosen.jobs;
  }
  const jobs: MailboxJob[] = [];
  for await (const job of store.jobs(request.batch)) jobs.push(job);
  return jobs.sort((a, b) => a.row - b.row);
}

async function withDirectory(
  services: ConvertServices,
  { endpoint }: Converting,
  work: (directory: OpenSourceDirectory) => Promise<readonly ConvertedMailbox[]>,
): Promise<Conversion> {
  if (services.sourceDirectory === undefined)
    return refused(
      'The directory is reached from the machine that holds the data folder: convert by script from here.',
    );
  const directory = await services.sourceDirectory(endpoint).open(AbortSignal.timeout(600_000));
  try {
    return { outcome: 'done', mailboxes: await work(directory), files: [] };
  } finally {
    await directory.close();
  }
}
