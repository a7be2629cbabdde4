import { createHash } from 'node:crypto';
import { assertNever } from '../domain/assert-never.ts';
import type { Batch } from '../domain/batch.ts';
import { ConfigurationError } from '../domain/errors.ts';
import type { MailKind } from '../domain/mail-record.ts';
import type { ResolvedOptions } from '../domain/options.ts';
import type { BatchNumbers } from '../domain/report/batch-numbers.ts';
import { completedMail } from '../domain/report/mail/completed-mail.ts';
import { digestMail } from '../domain/report/mail/digest-mail.ts';
import { finishedMail } from '../domain/report/mail/finished-mail.ts';
import type { MailContent, MailFile } from '../domain/report/mail/mail-content.ts';
import { pausedMail } from '../domain/report/mail/paused-mail.ts';
import { preparedMail } from '../domain/report/mail/prepared-mail.ts';
import { preparedOccasion } from '../domain/prepared-occasion.ts';
import { refusedMail } from '../domain/report/mail/refused-mail.ts';
import { stoppedMail } from '../domain/report/mail/stopped-mail.ts';
import { holdsRun, leave, runWasTaken, type Position } from './batch-run.ts';
import { effectiveOptions } from './effective-options.ts';
import { storyOf, type BatchStory } from './mails/batch-story.ts';
import { claimOpenForMs, deliverMail, type Delivery } from './mails/deliver-mail.ts';
import { digestDueAt } from './mails/digest-due.ts';
import { mailReports } from './mails/mail-reports.ts';
import type { Services } from './services.ts';

export type MailServices = Pick<Services, 'store' | 'objects' | 'mailer' | 'clock' | 'log' | 'settings'>;

/**
 * Sends one status mail of a batch, once per occasion. *finished*, *paused*, *stopped*, *completed*, *prepared*: for an
 * execution that holds the batch's run. *refused*: the file could not start, or the batch could not go on; sent after the
 * run was released. Resolves with the position it got; what came of the mail is in `store.mailsOf(batch)`.
 */
export async function sendBatchMail(
  services: MailServices,
  input: Position & { readonly kind: Exclude<MailKind, 'digest'> },
): Promise<Position> {
  const { kind, ...position } = input;
  const batch = await services.store.getBatch(position.batch);
  if (kind !== 'refused' && !holdsRun(batch, position)) return leave(position, runWasTaken);
  if (batch === undefined)
    throw new ConfigurationError({ code: 'BATCH_NOT_FOUND', message: `There is no batch ${position.batch}.` });
  await deliver(services, await compose(services, { kind, batch, run: position.run, reason: position.reason }));
  return position;
}

/**
 * Sends the digest of a batch that is at work, or waits for its time, once an interval; the tick asks. Resolves with the
 * number of mails asked for.
 */
export async function sendDigest(services: MailServices, batch: Batch): Promise<number> {
  const { reportIntervalMs } = await effectiveOptions(services.store, batch);
  const due = digestDueAt(batch, { intervalMs: reportIntervalMs, now: services.clock.now() });
  if (due === undefined) return 0;
  const mails = await services.store.mailsOf(batch.name);
  if (mails.some(({ kind, occasion }) => kind === 'digest' && occasion === due)) return 0;
  await deliver(services, await compose(services, { kind: 'digest', batch, run: 0, reason: '' }));
  return 1;
}

/**
 * Sends once more what a worker that died left claimed: the tick asks, since no execution comes back to it. A mail about
 * a state that is no longer the batch's is not sent: the later one tells more. Resolves with the number of mails asked
 * for; two ticks at once send one, since the claim decides.
 */
export async function sendOpenMails(services: MailServices, batch: Batch): Promise<number> {
  const now = services.clock.now();
  const open = (await services.store.mailsOf(batch.name)).filter(
    (mail) => mail.outcome === 'claimed' && mail.claimedAt + claimOpenForMs <= now,
  );
  let sent = 0;
  for (const { kind, occasion } of open) {
    const run = Number(/^run-(\d+)$/.exec(occasion)?.[1] ?? 0);
    const composed = await compose(services, { kind, batch, run, reason: batch.reason ?? '' });
    if (composed.occasion !== occasion) continue;
    await deliver(services, composed);
    sent += 1;
  }
  return sent;
}

async function deliver(services: MailServices, mail: ComposedMail): Promise<void> {
  const { options, ...delivery } = mail;
  await deliverMail(services, { ...delivery, to: recipients(services, options) });
}

interface Asked {
  readonly kind: MailKind;
  readonly batch: Batch;
  /** Number of the run that a mail *refused* is about. */
  readonly run: number;
  readonly reason: string;
}

type ComposedMail = Omit<Delivery, 'to'> & { readonly options: ResolvedOptions };

async function compose(services: MailServices, asked: Asked): Promise<ComposedMail> {
  const { kind, batch } = asked;
  const options = await effectiveOptions(services.store, batch);
  const story = await storyOf(services, asked);
  return {
    batch: batch.name,
    kind,
    occasion: occasionOf(asked, { story, options, now: services.clock.now() }),
    options,
    compose: async () => {
      const { files, attachments } = withReports.includes(kind)
        ? await mailReports(services, batch.name)
        : { files: [], attachments: [] };
      const at = new Date(services.clock.now()).toISOString();
      return { content: contentOf(asked, { story, files, at, timeZone: options.timeZone }), attachments };
    },
  };
}

/** Those that come when the reports have just been written. */
const withReports: readonly MailKind[] = ['finished', 'stopped', 'completed', 'prepared'];

/**
 * The occasion is the state of the jobs, not the run: an execution that repeats a lost one finds the same jobs and sends
 * nothing, while a retry that changed a single job is worth a mail. A file is refused once a run, or once where every tick
 * begins a run that cannot read it; a batch is prepared once a pass, and a digest comes once an interval.
 */
function occasionOf(
  { kind, batch, run }: Asked,
  about: { readonly story: BatchStory; readonly options: ResolvedOptions; readonly now: number },
): string {
  switch (kind) {
    case 'finished':
    case 'paused':
    case 'stopped':
    case 'completed':
      return `pass-${String(batch.passNumber)}-${about.story.numbers.fingerprint.slice(0, 16)}`;
    case 'prepared':
      return preparedOccasion(batch);
    case 'refused':
      return unreadOccasion(batch) ?? `run-${String(run)}`;
    case 'digest':
      return digestDueAt(batch, { intervalMs: about.options.reportIntervalMs, now: about.now }) ?? 'none';
    default:
      return assertNever(kind);
  }
}

/** Rows that could not be read, for whatever is wrong, are tried again every five minutes until the file expires. */
function unreadOccasion({ uploads, errorCode }: Batch): string | undefined {
  if (uploads.length === 0) return undefined;
  const hash = createHash('sha256').update(JSON.stringify([uploads, errorCode]));
  return `unread-${hash.digest('hex').slice(0, 16)}`;
}

function contentOf(
  asked: Asked,
  about: {
    readonly story: BatchStory;
    readonly files: readonly MailFile[];
    readonly at: string;
    readonly timeZone: string;
  },
): MailContent {
  const { kind, batch } = asked;
  const { story, ...rest } = about;
  const status = { batch, numbers: story.numbers, ...rest };
  switch (kind) {
    case 'finished':
    case 'completed':
      return story.ending.pass === 'final'
        ? completedMail({ ...status, ...story.ending })
        : finishedMail({ ...status, ...story.ending });
    case 'stopped':
      return stoppedMail(status);
    case 'paused':
      return pausedMail(status);
    case 'digest':
      return digestMail({ ...status, waiting: story.waiting });
    case 'prepared':
      return preparedMail({ ...status, preparation: story.preparation });
    case 'refused':
      return refusal(asked, story.numbers);
    default:
      return assertNever(kind);
  }
}

function refusal({ batch, reason }: Asked, numbers: BatchNumbers): MailContent {
  return refusedMail({
    batch: batch.name,
    endpoint: batch.endpoint,
    upload: null,
    startedBy: batch.startedBy,
    code: batch.errorCode ?? batch.fileFindings[0]?.code ?? 'UNEXPECTED',
    reason: batch.reason ?? reason,
    touched: numbers.items.copied > 0,
    findings: batch.fileFindings,
    checks: batch.checks,
  });
}

/** The batch's, else the endpoint's, else the deployment's operator; may be nobody. */
function recipients(
  { settings }: Pick<Services, 'settings'>,
  options: Pick<ResolvedOptions, 'notify'>,
): readonly string[] {
  if (options.notify.length > 0) return options.notify;
  return settings.operator === null ? [] : [settings.operator];
}
