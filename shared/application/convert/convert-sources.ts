import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { Batch } from '../../domain/batch.ts';
import type { Endpoint } from '../../domain/endpoint.ts';
import { ConfigurationError, ConflictError } from '../../domain/errors.ts';
import type { MailboxJob } from '../../domain/mailbox-job.ts';
import { conversionColumns, conversionScript } from '../../domain/report/conversion-script.ts';
import { csvHeader, csvLine } from '../../domain/report/csv.ts';
import { reportFolder } from '../../domain/report/report-files.ts';
import type { ConversionPlan, OpenSourceDirectory } from '../../ports/source-directory.ts';
import { audited, noSuchBatch, refused, type Decided, type Refused, type VerbRequest } from '../audit-verb.ts';
import { changeJob } from '../change-job.ts';
import { chosenJobs } from '../chosen-jobs.ts';
import { optionsOf } from '../effective-options.ts';
import type { Services } from '../services.ts';

type ConvertServices = Pick<Services, 'store' | 'objects' | 'clock' | 'log'> &
  Partial<Pick<Services, 'sourceDirectory'>>;

export interface ConvertRequest extends VerbRequest {
  /** `option`: as convertSource says; `apply` and `revert` change the directory. */
  readonly how: 'option' | 'apply' | 'revert';
}

/** What became of one source mailbox. */
export interface ConvertedMailbox {
  readonly mailbox: string;
  readonly outcome: 'scripted' | 'converted' | 'reverted' | 'already' | 'refused';
  /** Why it was refused; '' otherwise. */
  readonly reason: string;
}

export type Conversion =
  | {
      readonly outcome: 'done';
      readonly mailboxes: readonly ConvertedMailbox[];
      /** Paths or URIs of the script and its list; empty where the directory was changed. */
      readonly files: readonly string[];
    }
  | Refused;

/**
 * Makes the source mailboxes of a completed batch mail-enabled users: by default with a script and a list that the
 * administrator reviews and runs, opt-in as one atomic modification each, of which the state before is kept first. Stops
 * at the first mailbox that somebody else has changed. Done twice, it finds what is done.
 */
export async function convertSources(services: ConvertServices, request: ConvertRequest): Promise<Conversion> {
  const { batch, by, mailboxes, how } = request;
  const note = { batch, who: by, verb: 'convert', mailboxes, detail: how === 'option' ? '' : how } as const;
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
  const about = { batch, endpoint, jobs: chosen, named: request.mailboxes !== undefined };
  if (request.how === 'revert') return await revert(services, about);
  const applies = request.how === 'apply' || convertSource === 'apply';
  return applies ? await apply(services, about) : await script(services, about);
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

interface Converting {
  readonly batch: Batch;
  readonly endpoint: Endpoint;
  readonly jobs: readonly MailboxJob[];
  /** The mailboxes were named one by one: then shared and resource mailboxes are meant, too. */
  readonly named: boolean;
}

/** Why a mailbox is not to be converted; undefined: nothing speaks against it. */
function whyNot(job: MailboxJob, { named }: Pick<Converting, 'named'>): string | undefined {
  if (job.status !== 'Completed' && job.status !== 'CompletedWithWarnings')
    return `It is ${job.status}: only what is completed is converted, after its final pass.`;
  if (job.preparation === undefined || job.forwarding === undefined) return 'It was never forwarded by this batch.';
  if (job.forwarding.state !== 'set' && job.forwarding.state !== 'found')
    return 'Its mail is not forwarded to the target any more.';
  const isPersonal = ['user-mailbox', 'linked-mailbox', 'legacy-mailbox'].includes(job.preparation.sourceKind);
  if (!isPersonal && !named) return `It is a ${job.preparation.sourceKind}: name it with --mailbox to convert it, too.`;
  return undefined;
}

async function script({ objects }: ConvertServices, converting: Converting): Promise<Conversion> {
  const results = converting.jobs.map((job): ConvertedMailbox => {
    const reason = job.conversion?.state === 'converted' ? 'It is converted already.' : whyNot(job, converting);
    return { mailbox: job.mailbox, outcome: reason === undefined ? 'scripted' : 'refused', reason: reason ?? '' };
  });
  const meant = converting.jobs.filter((_, index) => results[index]?.outcome === 'scripted');
  if (meant.length === 0) return { outcome: 'done', mailboxes: results, files: [] };
  const folder = reportFolder(converting.batch.name);
  const list = csvHeader(conversionColumns) + meant.map((job) => csvLine(conversionColumns, job)).join('');
  const files = [
    [`${folder}ConvertSource.ps1`, conversionScript(converting.batch.name), 'text/plain; charset=utf-8'],
    [`${folder}ConvertSource.csv`, list, 'text/csv; charset=utf-8'],
  ] as const;
  for (const [key, text, type] of files) await objects.put(key, new TextEncoder().encode(text), type);
  return { outcome: 'done', mailboxes: results, files: files.map(([key]) => objects.locate(key)) };
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

async function apply(services: ConvertServices, converting: Converting): Promise<Conversion> {
  return await withDirectory(services, converting, async (directory) => {
    const results: ConvertedMailbox[] = [];
    for (const job of converting.jobs) {
      const reason = whyNot(job, converting);
      const result =
        reason === undefined
          ? await convertOne(services, directory, job)
          : ({ mailbox: job.mailbox, outcome: 'refused', reason } as const);
      results.push(result);
      // Where one is not as we left it, the others may not be either.
      if (reason === undefined && result.outcome === 'refused') break;
    }
    return results;
  });
}

/** The state before is kept, then noted, then the directory is changed: whatever is lost, a revert knows what to do. */
async function convertOne(
  services: ConvertServices,
  directory: OpenSourceDirectory,
  job: MailboxJob,
): Promise<ConvertedMailbox> {
  const { mailbox, forwarding, conversion } = job;
  if (forwarding === undefined) return { mailbox, outcome: 'refused', reason: 'It was never forwarded.' };
  // Broken off in the middle: the same modification again, which finds itself done or not.
  const kept = conversion?.state === 'intended' ? await readPlan(services, conversion.plan) : undefined;
  if (kept !== undefined) return await changeDirectory(services, directory, { job, plan: kept });
  const planned = await directory.planConversion({
    id: forwarding.sourceId,
    forwarding: forwarding.next,
    targetLegacyExchangeDn: null,
  });
  if (planned.outcome === 'refused') return { mailbox, outcome: 'refused', reason: planned.reason };
  if (planned.outcome === 'already') return { mailbox, outcome: 'already', reason: '' };
  return await changeDirectory(services, directory, { job, plan: planned.plan });
}

async function changeDirectory(
  services: ConvertServices,
  directory: OpenSourceDirectory,
  { job, plan }: { readonly job: MailboxJob; readonly plan: ConversionPlan },
): Promise<ConvertedMailbox> {
  const key = await keepPlan(services, job, plan);
  const noted = await note(services, job, { state: 'intended', plan: key });
  const changed = await directory.convert(plan);
  if (changed.outcome === 'conflict') {
    await note(services, noted, { state: 'reverted', plan: key });
    return { mailbox: job.mailbox, outcome: 'refused', reason: changed.reason };
  }
  await note(services, noted, { state: 'converted', plan: key });
  return { mailbox: job.mailbox, outcome: 'converted', reason: '' };
}

async function revert(services: ConvertServices, converting: Converting): Promise<Conversion> {
  return await withDirectory(services, converting, async (directory) => {
    const results: ConvertedMailbox[] = [];
    for (const job of converting.jobs) {
      const { mailbox, conversion } = job;
      if (conversion === undefined || conversion.state === 'reverted') {
        const reason = 'It was not converted by us.';
        results.push({
          mailbox,
          ...(conversion === undefined ? { outcome: 'refused', reason } : { outcome: 'already', reason: '' }),
        });
        continue;
      }
      const reverted = await directory.revertConversion(await readPlan(services, conversion.plan));
      if (reverted.outcome === 'conflict') {
        results.push({ mailbox, outcome: 'refused', reason: reverted.reason });
        break;
      }
      await note(services, job, { state: 'reverted', plan: conversion.plan });
      results.push({ mailbox, outcome: 'reverted', reason: '' });
    }
    return results;
  });
}

const Values = z.object({
  name: z.string(),
  encoding: z.enum(['text', 'base64']),
  values: z.array(z.string()),
});
const Plan = z.object({ id: z.string(), dn: z.string(), before: z.array(Values), after: z.array(Values) });

/** Write-once, under a name that says what it holds: the state before is never written over by a later look. */
async function keepPlan({ objects }: ConvertServices, job: MailboxJob, plan: ConversionPlan): Promise<string> {
  const text = JSON.stringify(plan);
  const digest = createHash('sha256').update(text).digest('hex').slice(0, 16);
  const key = `ledger/conversion/${job.batch}/${plan.id}-${digest}.json`;
  await objects.create(key, new TextEncoder().encode(text));
  return key;
}

async function readPlan({ objects }: ConvertServices, key: string): Promise<ConversionPlan> {
  const octets = await objects.get(key);
  if (octets === undefined)
    throw new ConfigurationError({
      code: 'CONVERSION_REFUSED',
      message: `The state before the conversion, ${key}, is gone.`,
    });
  return Plan.parse(JSON.parse(new TextDecoder().decode(octets)));
}

async function note(
  { store, clock, log }: ConvertServices,
  job: MailboxJob,
  conversion: Omit<NonNullable<MailboxJob['conversion']>, 'at'>,
): Promise<MailboxJob> {
  const at = new Date(clock.now()).toISOString();
  const noted = await changeJob(store, job, (known) => {
    if (known.conversion?.state === 'converted' && conversion.state === 'intended')
      throw new ConflictError({ code: 'STATE_CHANGED', message: 'Somebody else converts this mailbox.' });
    return { ...known, conversion: { ...conversion, at }, updatedAt: at };
  });
  log.info('A source mailbox was converted or reverted', { row: job.row, state: conversion.state });
  return noted;
}
