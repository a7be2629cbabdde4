import type { Batch } from '../../domain/batch.ts';
import type { Endpoint } from '../../domain/endpoint.ts';
import type { ErrorCode } from '../../domain/error-catalogue.ts';
import { errorCatalogue } from '../../domain/error-catalogue.ts';
import { isKnownError, TransientError } from '../../domain/errors.ts';
import { counted } from '../../domain/report/mail/numbers-in-words.ts';
import { domainOf } from '../../domain/batch-file/smtp-address.ts';
import { withoutPrefix } from '../../domain/routing-address.ts';
import type { DirectoryCheck } from '../../ports/directory-check.ts';
import type { SourceRecipient } from '../../ports/source-directory.ts';
import type { TargetOrganisation } from '../../ports/target-directory.ts';
import type { Services } from '../services.ts';

/** A prerequisite as a batch shows it, with the code that a failed one leaves on the batch. */
export type DirectoryFinding = Batch['checks'][number] & { readonly code: ErrorCode | null };

type FindingServices = Pick<Services, 'clock' | 'sourceDirectory' | 'targetDirectory'>;

export interface ToPrepare {
  readonly endpoint: Endpoint;
  /** EmailAddresses of the mailboxes that are to be prepared. */
  readonly addresses: readonly string[];
  /** Something of the batch is synced: a directory that is down tonight is waited for. */
  readonly everSynced: boolean;
}

/** As many recipients as are looked up before the batch begins; each row is checked by itself later. */
const sampled = 200;
/** As many old values as a sentence names. */
const named = 20;
/** Entra Connect synchronises every 30 minutes (Microsoft, "Microsoft Entra Connect Sync: Scheduler"). */
const staleAfterMs = 24 * 3_600_000;
const patienceMs = 60_000;

/** What a staged batch needs of the directories of both sides; asks, and changes nothing. */
export async function directoryFindings(
  services: FindingServices,
  toPrepare: ToPrepare,
): Promise<readonly DirectoryFinding[]> {
  const [atSource, atTarget] = await Promise.all([
    lookAtSource(services, toPrepare),
    lookAtTarget(services, toPrepare),
  ]);
  return [...atSource, ...atTarget];
}

async function lookAtSource(services: FindingServices, about: ToPrepare): Promise<readonly DirectoryFinding[]> {
  const { endpoint, addresses, everSynced } = about;
  const directory = services.sourceDirectory(endpoint);
  const checks = await directory.check(addresses[0]);
  const shown = checks.map((check) => shownCheck('directory', check, everSynced));
  if (checks.some(({ result }) => result === 'fail')) return shown;
  return [...shown, ...(await asked('forwarding', () => recipients(services, about)))];
}

/** Who forwards already, and whose versions are out of support. */
async function recipients(services: FindingServices, { endpoint, addresses }: ToPrepare): Promise<DirectoryFinding[]> {
  const found: SourceRecipient[] = [];
  const directory = await services.sourceDirectory(endpoint).open(AbortSignal.timeout(patienceMs));
  try {
    for (const address of addresses.slice(0, sampled)) {
      const one = await directory.findRecipient(address);
      if (one.outcome === 'found') found.push(one.recipient);
    }
  } finally {
    await directory.close();
  }
  return [forwardingFinding(endpoint, addresses, found), versionFinding(found)];
}

function forwardingFinding(
  endpoint: Endpoint,
  addresses: readonly string[],
  found: readonly SourceRecipient[],
): DirectoryFinding {
  const old = found.flatMap(({ primaryAddress, targetAddress }) =>
    targetAddress === null ? [] : [`${primaryAddress ?? '?'} to ${withoutPrefix(targetAddress)}`],
  );
  const starting = newMailGoes(endpoint, addresses.length);
  if (old.length === 0) return pass('forwarding', `${starting} None of them forwards anywhere now.`);
  const more = old.length > named ? ` and ${String(old.length - named)} more` : '';
  const list = `${old.slice(0, named).join(', ')}${more}`;
  return warn('forwarding', {
    evidence: `${starting} ${counted(old.length, 'mailbox forwards', 'mailboxes forward')} already: ${list}.`,
    fix: 'These values are replaced, and put back by a roll-back. Set skipForwarding for mailboxes that are to keep theirs.',
  });
}

/** What starting a staged batch does, in a sentence. */
export function newMailGoes({ target }: Endpoint, people: number): string {
  const domain = target.kind === 'exchange-online' ? target.deliveryDomain : undefined;
  const where =
    domain === undefined ? 'their new mailboxes (routing addresses of the tenant)' : `addresses of ${domain}`;
  return `On start, new mail of ${counted(people, 'person', 'people')} goes to ${where}.`;
}

function versionFinding(found: readonly SourceRecipient[]): DirectoryFinding {
  const versions = [...new Set(found.flatMap(({ exchangeVersion }) => exchangeVersion ?? []))].sort();
  if (versions.length === 0) return { ...pass('source-version', 'No version was found.'), result: 'cannot-check' };
  const isNew = versions.some((version) => version !== '2003' && version !== '2007');
  const refused = isNew ? ' For 2010 and newer, Microsoft’s guides name cutover or hybrid instead of staged.' : '';
  return warn('source-version', {
    evidence: `Exchange ${versions.join(', ')}: Microsoft’s support has ended for all versions before Subscription Edition.${refused}`,
    fix: 'Nothing for the migration: it goes on. Keep the server from the internet where you can, and switch it off afterwards.',
  });
}

async function lookAtTarget(services: FindingServices, about: ToPrepare): Promise<readonly DirectoryFinding[]> {
  const directory = services.targetDirectory(about.endpoint);
  const signal = AbortSignal.timeout(patienceMs);
  const checks = await directory.check(signal);
  const shown = checks.map((check) => shownCheck('target-directory', check, about.everSynced));
  if (checks.some(({ result }) => result === 'fail')) return shown;
  const organisation = await asked('directory-sync', async () => {
    const found = await directory.organisation(signal);
    return [syncFinding(found, services.clock.now()), domainFinding(found, about.addresses)];
  });
  const licences = await asked('licences', async () => licenceFinding(services, about, signal));
  return [...shown, ...organisation, ...licences];
}

function syncFinding({ directorySync, lastSyncAt }: TargetOrganisation, now: number): DirectoryFinding {
  if (directorySync !== 'on') {
    const words = directorySync === 'never' ? 'was never on' : 'is off';
    return fail('directory-sync', 'DIRECTORY_SYNC_OFF', `Directory synchronisation ${words} in this organisation.`);
  }
  const isStale = lastSyncAt === null || now - Date.parse(lastSyncAt) > staleAfterMs;
  if (!isStale) return pass('directory-sync', `Directory synchronisation is on; it last ran at ${lastSyncAt}.`);
  return warn('directory-sync', {
    evidence: `Directory synchronisation is on, but ${lastSyncAt === null ? 'never ran' : `last ran at ${lastSyncAt}`}.`,
    fix: 'Look at the server of Microsoft Entra Connect, and let a synchronisation run: `Start-ADSyncSyncCycle -PolicyType Delta`.',
  });
}

function domainFinding({ domains }: TargetOrganisation, addresses: readonly string[]): DirectoryFinding {
  const accepted = new Set(
    domains.filter(({ isVerified, takesMail }) => isVerified && takesMail).map(({ name }) => name.toLowerCase()),
  );
  const wanted = [...new Set(addresses.map(domainOf))].sort();
  const missing = wanted.filter((domain) => !accepted.has(domain));
  if (missing.length === 0) return pass('accepted-domains', `${wanted.join(', ')}: verified at the target, for mail.`);
  return fail(
    'accepted-domains',
    'DOMAIN_NOT_ACCEPTED',
    `Not verified for mail at the target: ${missing.slice(0, named).join(', ')}.`,
  );
}

async function licenceFinding(
  services: FindingServices,
  { endpoint, addresses }: ToPrepare,
  signal: AbortSignal,
): Promise<DirectoryFinding[]> {
  const licence = endpoint.target.kind === 'exchange-online' ? endpoint.target.licence : undefined;
  if (licence === undefined)
    return [
      pass('licences', 'The endpoint names no licence: nobody is given one, and users without one are reported.'),
    ];
  const free = await services.targetDirectory(endpoint).freeLicences(licence.sku, signal);
  if (free === undefined)
    return [fail('licences', 'LICENCE_UNKNOWN', `The organisation has no licence ${licence.sku}.`)];
  const evidence = `${counted(free, 'licence')} ${licence.sku} left for up to ${counted(addresses.length, 'mailbox', 'mailboxes')}.`;
  return [
    free >= addresses.length
      ? pass('licences', evidence)
      : warn('licences', { evidence, fix: errorCatalogue.LICENCES_EXHAUSTED.fix }),
  ];
}

/** Whoever cannot be asked now is asked by each row; whoever must not be asked is a setting that is wrong. */
async function asked(
  check: string,
  look: () => Promise<readonly DirectoryFinding[]>,
): Promise<readonly DirectoryFinding[]> {
  try {
    return await look();
  } catch (error) {
    if (!isKnownError(error)) throw error;
    const { code, message } = error;
    if (!(error instanceof TransientError)) return [fail(check, code, message)];
    return [{ ...warn(check, { evidence: message, fix: errorCatalogue[code].fix }), result: 'cannot-check' }];
  }
}

function shownCheck(side: string, check: DirectoryCheck, everSynced: boolean): DirectoryFinding {
  const passes = check.result === 'fail' && check.transient && everSynced;
  const { code, evidence, fix } = check;
  return { check: `${side}-${check.check}`, result: passes ? 'warn' : check.result, code, evidence, fix };
}

function pass(check: string, evidence: string): DirectoryFinding {
  return { check, result: 'pass', code: null, evidence, fix: '' };
}

function warn(check: string, words: { readonly evidence: string; readonly fix: string }): DirectoryFinding {
  return { check, result: 'warn', code: null, ...words };
}

function fail(check: string, code: ErrorCode, evidence: string): DirectoryFinding {
  return { check, result: 'fail', code, evidence, fix: errorCatalogue[code].fix };
}
