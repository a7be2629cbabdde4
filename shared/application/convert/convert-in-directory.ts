import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { ConversionPlan } from '../../domain/conversion-plan.ts';
import { ConfigurationError, ConflictError, MailboxBlockedError } from '../../domain/errors.ts';
import type { MailboxJob } from '../../domain/mailbox-job.ts';
import type { ConversionOutcome, OpenSourceDirectory } from '../../ports/source-directory.ts';
import { changeJob } from '../change-job.ts';
import type { Services } from '../services.ts';
import { whyNot, whyNotYet, type ConvertedMailbox, type Converting } from './convertible.ts';

type ChangeServices = Pick<Services, 'store' | 'objects' | 'clock' | 'log'>;

const notReached = 'It was not its turn yet: ask again.';

/** Each in one atomic modification. Stops at the first mailbox that somebody else has changed. */
export async function convertInDirectory(
  services: ChangeServices,
  directory: OpenSourceDirectory,
  converting: Converting,
): Promise<readonly ConvertedMailbox[]> {
  const results: ConvertedMailbox[] = [];
  for (const job of converting.jobs) {
    const { mailbox } = job;
    const reason = whyNot(job, converting) ?? whyNotYet(job, converting, services.clock.now());
    if (reason !== undefined) {
      results.push({ mailbox, outcome: 'refused', reason });
      continue;
    }
    if (isOver(services, converting)) {
      results.push({ mailbox, outcome: 'pending', reason: notReached });
      continue;
    }
    const result = await convertOne(services, directory, job);
    results.push(result);
    // Where one is not as we left it, the others may not be either.
    if (result.outcome === 'refused') break;
  }
  return results;
}

/** Makes mailboxes again of those that we converted. Stops at the first that somebody else has changed. */
export async function revertInDirectory(
  services: ChangeServices,
  directory: OpenSourceDirectory,
  converting: Converting,
): Promise<readonly ConvertedMailbox[]> {
  const results: ConvertedMailbox[] = [];
  for (const job of converting.jobs) {
    const { mailbox, conversion } = job;
    if (conversion === undefined) {
      results.push({ mailbox, outcome: 'refused', reason: 'It was not converted by us.' });
    } else if (conversion.state === 'reverted') {
      results.push({ mailbox, outcome: 'already', reason: '' });
    } else if (isOver(services, converting)) {
      results.push({ mailbox, outcome: 'pending', reason: notReached });
    } else {
      const reverted = await directory.revertConversion(await readPlan(services, conversion.plan));
      if (reverted.outcome === 'conflict') {
        results.push({ mailbox, outcome: 'refused', reason: reverted.reason });
        break;
      }
      await note(services, job, { state: 'reverted', plan: conversion.plan });
      results.push({ mailbox, outcome: 'reverted', reason: '' });
    }
  }
  return results;
}

function isOver({ clock }: ChangeServices, { until }: Converting): boolean {
  return until !== undefined && clock.now() >= until;
}

/** The state before is kept, then noted, then the directory is changed: whatever is lost, a revert knows what to do. */
async function convertOne(
  services: ChangeServices,
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
  services: ChangeServices,
  directory: OpenSourceDirectory,
  { job, plan }: { readonly job: MailboxJob; readonly plan: ConversionPlan },
): Promise<ConvertedMailbox> {
  const key = await keepPlan(services, job, plan);
  const noted = await note(services, job, { state: 'intended', plan: key });
  const isNew = job.conversion?.state !== 'intended';
  // Whoever puts forwarding back asks for it before he looks who is converted; we look after we said so.
  const batch = await services.store.getBatch(job.batch);
  if (batch?.rollback !== undefined) {
    if (isNew) await note(services, noted, { state: 'reverted', plan: key });
    return { mailbox: job.mailbox, outcome: 'refused', reason: 'Forwarding of the batch is being put back just now.' };
  }
  const changed = await change(directory, plan);
  if (changed.outcome === 'denied') {
    await note(services, noted, { state: 'reverted', plan: key });
    return { mailbox: job.mailbox, outcome: 'refused', reason: changed.reason };
  }
  if (changed.outcome === 'conflict') {
    // It may have been made, and somebody has changed it since: then it stays open, and is reverted by hand.
    const found = await directory.readRecipient(plan.id);
    const isMailbox = found.outcome === 'found' && found.recipient.isMigratable;
    if (isMailbox) await note(services, noted, { state: 'reverted', plan: key });
    return { mailbox: job.mailbox, outcome: 'refused', reason: changed.reason };
  }
  await note(services, noted, { state: 'converted', plan: key });
  return { mailbox: job.mailbox, outcome: 'converted', reason: '' };
}

type Changed = ConversionOutcome | { readonly outcome: 'denied'; readonly reason: string };

/** What the directory does not let the account do is not done: an answer, and no doubt. */
async function change(directory: OpenSourceDirectory, plan: ConversionPlan): Promise<Changed> {
  try {
    return await directory.convert(plan);
  } catch (error) {
    if (!(error instanceof MailboxBlockedError)) throw error;
    return { outcome: 'denied', reason: error.message };
  }
}

const Values = z.object({
  name: z.string(),
  encoding: z.enum(['text', 'base64']),
  values: z.array(z.string()),
});
const Plan = z.object({ id: z.string(), dn: z.string(), before: z.array(Values), after: z.array(Values) });

/** Write-once, under a name that says what it holds: the state before is never written over by a later look. */
async function keepPlan({ objects }: ChangeServices, job: MailboxJob, plan: ConversionPlan): Promise<string> {
  const text = JSON.stringify(plan);
  const digest = createHash('sha256').update(text).digest('hex').slice(0, 16);
  const key = `ledger/conversion/${job.batch}/${plan.id}-${digest}.json`;
  await objects.create(key, new TextEncoder().encode(text));
  return key;
}

async function readPlan({ objects }: ChangeServices, key: string): Promise<ConversionPlan> {
  const octets = await objects.get(key);
  if (octets === undefined)
    throw new ConfigurationError({
      code: 'CONVERSION_REFUSED',
      message: `The state before the conversion, ${key}, is gone.`,
    });
  return Plan.parse(JSON.parse(new TextDecoder().decode(octets)));
}

async function note(
  { store, clock, log }: ChangeServices,
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
