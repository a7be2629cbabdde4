import { isKnownError } from '../../domain/errors.ts';
import type { MailboxJob } from '../../domain/mailbox-job.ts';
import { conversionLdif, revertingLdif, type PlannedMailbox } from '../../domain/report/conversion-ldif.ts';
import { conversionColumns, conversionScript } from '../../domain/report/conversion-script.ts';
import { csvHeader, csvLine } from '../../domain/report/csv.ts';
import { reportFolder } from '../../domain/report/report-files.ts';
import type { OpenSourceDirectory, PlannedConversion } from '../../ports/source-directory.ts';
import type { Services } from '../services.ts';
import { keptUntil, whyNot, type ConvertedMailbox, type Converting } from './convertible.ts';

type WriteServices = Pick<Services, 'objects' | 'clock' | 'log'> & Partial<Pick<Services, 'sourceDirectory'>>;

export interface WrittenFiles {
  readonly mailboxes: readonly ConvertedMailbox[];
  /** Paths or URIs; empty where nothing is to be converted. */
  readonly files: readonly string[];
}

/**
 * Writes what an administrator converts the source mailboxes with: a script for Exchange's cmdlets with its list, and
 * LDIF, forth and back, where the directory can be asked what it holds. Changes nothing.
 */
export async function writeConversionFiles(services: WriteServices, converting: Converting): Promise<WrittenFiles> {
  const { batch, jobs } = converting;
  const looks = await lookAtAll(services, converting);
  const results = jobs.map((job) => resultOf(job, converting, looks));
  const meant = jobs.filter((_, index) => results[index]?.outcome === 'scripted');
  if (meant.length === 0) return { mailboxes: results, files: [] };
  const planned = meant.flatMap((job): PlannedMailbox[] => {
    const look = looks.planned.get(job.id);
    if (look?.outcome !== 'planned') return [];
    return [{ mailbox: job.mailbox, notBefore: keptUntil(job, converting), plan: look.plan }];
  });
  const rows = meant.map((job) => ({ ...job, notBefore: keptUntil(job, converting) }));
  const list = csvHeader(conversionColumns) + rows.map((row) => csvLine(conversionColumns, row)).join('');
  const folder = reportFolder(batch.name);
  const files: readonly (readonly [string, string, string])[] = [
    [`${folder}ConvertSource.ps1`, conversionScript(batch.name), 'text/plain; charset=utf-8'],
    [`${folder}ConvertSource.csv`, list, 'text/csv; charset=utf-8'],
    ...(planned.length === 0
      ? []
      : ([
          [`${folder}ConvertSource.ldif`, conversionLdif(batch.name, planned), 'text/plain; charset=utf-8'],
          [`${folder}RevertSource.ldif`, revertingLdif(batch.name, planned), 'text/plain; charset=utf-8'],
        ] as const)),
  ];
  for (const [key, text, type] of files) await services.objects.put(key, new TextEncoder().encode(text), type);
  return { mailboxes: results, files: files.map(([key]) => services.objects.locate(key)) };
}

interface Looks {
  readonly planned: ReadonlyMap<string, PlannedConversion>;
  /** Why those that are not in `planned` were not looked at. */
  readonly missing: string;
}

function resultOf(job: MailboxJob, converting: Converting, { planned, missing }: Looks): ConvertedMailbox {
  const { mailbox } = job;
  if (job.conversion?.state === 'converted') return { mailbox, outcome: 'refused', reason: 'It is converted already.' };
  const reason = whyNot(job, converting);
  if (reason !== undefined) return { mailbox, outcome: 'refused', reason };
  const look = planned.get(job.id);
  switch (look?.outcome) {
    case undefined:
      return { mailbox, outcome: 'scripted', reason: `It is not in the LDIF: ${missing}` };
    case 'planned':
      return { mailbox, outcome: 'scripted', reason: '' };
    case 'already':
      return { mailbox, outcome: 'already', reason: '' };
    case 'refused':
      return { mailbox, outcome: 'refused', reason: look.reason };
  }
}

/** The script does without: it asks the directory itself when it is run. */
async function lookAtAll(services: WriteServices, converting: Converting): Promise<Looks> {
  const planned = new Map<string, PlannedConversion>();
  if (services.sourceDirectory === undefined) return { planned, missing: 'the directory is not reached from here.' };
  try {
    const directory = await services.sourceDirectory(converting.endpoint).open(AbortSignal.timeout(600_000));
    try {
      const isComplete = await lookAtEach(services, directory, { converting, planned });
      return { planned, missing: isComplete ? '' : 'the time was over; name fewer with --mailbox.' };
    } finally {
      await directory.close();
    }
  } catch (error) {
    if (!isKnownError(error)) throw error;
    services.log.warn('The directory could not be asked for the conversion', { code: error.code });
    return { planned, missing: error.message };
  }
}

async function lookAtEach(
  { clock }: WriteServices,
  directory: OpenSourceDirectory,
  { converting, planned }: { readonly converting: Converting; readonly planned: Map<string, PlannedConversion> },
): Promise<boolean> {
  for (const job of converting.jobs) {
    const { forwarding } = job;
    if (forwarding === undefined || whyNot(job, converting) !== undefined) continue;
    if (converting.until !== undefined && clock.now() >= converting.until) return false;
    const { sourceId: id, next } = forwarding;
    planned.set(job.id, await directory.planConversion({ id, forwarding: next, targetLegacyExchangeDn: null }));
  }
  return true;
}
