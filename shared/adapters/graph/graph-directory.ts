import { z } from 'zod';
import type { ErrorCode } from '../../domain/error-catalogue.ts';
import type { ExchangeOnline } from '../../domain/endpoint.ts';
import { ConfigurationError, isKnownError, MailboxBlockedError, TransientError } from '../../domain/errors.ts';
import type { DirectoryCheck } from '../../ports/directory-check.ts';
import type {
  FoundTargetRecipient,
  LicenceOutcome,
  MailboxState,
  OutOfOffice,
  TargetDirectory,
  TargetOrganisation,
  TargetRecipient,
} from '../../ports/target-directory.ts';
import {
  Domain,
  domainFields,
  domainOf,
  freeUnits,
  mailboxPlansOf,
  Organisation,
  organisationFields,
  Sku,
  skuFields,
  syncErrorsOf,
  User,
  userFields,
} from './directory-shapes.ts';
import { checkDirectory } from './check-directory.ts';
import type { GraphClient } from './graph-client.ts';
import { graphProblemOf, isNotFound, isWithoutMailbox } from './graph-errors.ts';
import { graphPath, graphQuery, odataText } from './graph-path.ts';
import { rights } from './graph-rights.ts';
import { openGraph } from './open-graph.ts';
import type { SignInServices } from './sign-in.ts';

const Named = z.object({ displayName: z.string().nullish() });
const Purpose = z.object({ value: z.string().nullish() });
const Nothing = z.unknown();

/** SKUs change when somebody buys: asked for again after a while. Free units are always asked for. */
const plansKeptMs = 300_000;
/** A usage location that was just set is not seen at once by the service that checks it. */
const settledMs = 15_000;

/** The directory of an Exchange Online organisation: Microsoft Entra by Graph. */
export function graphDirectory(target: ExchangeOnline, services: SignInServices): TargetDirectory {
  return new GraphDirectory(target, services);
}

class GraphDirectory implements TargetDirectory {
  readonly #target: ExchangeOnline;
  readonly #services: SignInServices;
  #plans: { readonly ids: ReadonlySet<string>; readonly until: number } | undefined;

  constructor(target: ExchangeOnline, services: SignInServices) {
    this.#target = target;
    this.#services = services;
  }

  async organisation(signal: AbortSignal): Promise<TargetOrganisation> {
    const client = this.#directory(signal);
    const [organisation] = await client.all(
      `/organization${graphQuery({ $select: organisationFields })}`,
      Organisation,
    );
    const domains = await client.all(`/domains${graphQuery({ $select: domainFields })}`, Domain);
    const { displayName, onPremisesSyncEnabled: sync, onPremisesLastSyncDateTime: lastSync } = organisation ?? {};
    return {
      name: displayName ?? this.#target.tenant,
      directorySync: sync === true ? 'on' : sync === false ? 'off' : 'never',
      lastSyncAt: lastSync ?? null,
      domains: domains.map(domainOf),
    };
  }

  async findRecipient(address: string, signal: AbortSignal): Promise<FoundTargetRecipient> {
    const client = this.#directory(signal);
    const users = await usersOf(client, address);
    const [user, ...others] = users;
    if (others.length > 0) return { outcome: 'several', names: users.map((one) => one.userPrincipalName) };
    const clashes = await clashesOf(client, address);
    if (user !== undefined) return { outcome: 'found', recipient: await this.#recipient(user, clashes, client) };
    const [what] = clashes;
    return what === undefined ? { outcome: 'none' } : { outcome: 'not-a-user', what };
  }

  async readRecipient(id: string, signal: AbortSignal): Promise<FoundTargetRecipient> {
    const client = this.#directory(signal);
    try {
      const user = await client.get(`${graphPath`/users/${id}`}${graphQuery({ $select: userFields })}`, User);
      const address = primaryOf(user);
      const clashes = address === undefined ? [] : await clashesOf(client, address);
      return { outcome: 'found', recipient: await this.#recipient(user, clashes, client) };
    } catch (error) {
      if (isGone(error)) return { outcome: 'none' };
      throw error;
    }
  }

  async freeLicences(sku: string, signal: AbortSignal): Promise<number | undefined> {
    const found = await findSku(this.#directory(signal), sku);
    return found === undefined ? undefined : freeUnits(found);
  }

  async assignLicence(
    id: string,
    licence: { readonly sku: string; readonly usageLocation: string },
    signal: AbortSignal,
  ): Promise<LicenceOutcome> {
    const client = this.#directory(signal);
    const sku = await findSku(client, licence.sku);
    if (sku === undefined) return 'unknown-sku';
    const path = graphPath`/users/${id}`;
    const fields = 'id,userPrincipalName,usageLocation,assignedLicenses,licenseAssignmentStates';
    const user = await client.get(`${path}${graphQuery({ $select: fields })}`, User);
    // Also given by a group: a second assignment beside that one would use the same unit, and stay when the group goes.
    if (hasSku(user, sku.skuId)) return 'already';
    if (freeUnits(sku) === 0) return 'exhausted';
    if ((user.usageLocation ?? '') === '') {
      const change = { usageLocation: licence.usageLocation };
      await blocking('TARGET_USER_UNLICENSED', () => client.patch(path, change, Nothing));
    }
    const body = { addLicenses: [{ skuId: sku.skuId, disabledPlans: [] }], removeLicenses: [] };
    try {
      // Assigning what is assigned changes nothing, so a lost answer is no harm.
      await client.post(`${path}/assignLicense`, body, Nothing, { isRepeatable: true });
      return 'assigned';
    } catch (error) {
      return licenceRefused(error);
    }
  }

  async mailboxState(id: string, signal: AbortSignal): Promise<MailboxState> {
    const client = this.#mailbox(id, signal);
    try {
      const { value } = await client.get(graphPath`/users/${id}/mailboxSettings/userPurpose`, Purpose);
      // The settings may be there before the mailbox can be opened.
      await client.get(
        `${graphPath`/users/${id}/mailFolders/inbox`}${graphQuery({ $select: 'totalItemCount' })}`,
        Nothing,
      );
      return { state: 'ready', purpose: value ?? 'user' };
    } catch (error) {
      const problem = graphProblemOf(error);
      if (problem === undefined || !(isWithoutMailbox(error) || isNotFound(error))) throw error;
      return { state: 'absent', code: problem.code, text: problem.message };
    }
  }

  async setPassword(
    id: string,
    change: { readonly password: string; readonly forceChange: boolean },
    signal: AbortSignal,
  ): Promise<void> {
    const passwordProfile = { password: change.password, forceChangePasswordNextSignIn: change.forceChange };
    try {
      await blocking('TARGET_PASSWORD_REFUSED', () =>
        this.#directory(signal).patch(graphPath`/users/${id}`, { passwordProfile }, Nothing),
      );
    } catch (error) {
      if (isKnownError(error) && error.message.includes(change.password)) throw withoutPassword(error.code);
      if (!isKnownError(error) || error.code !== 'TARGET_RIGHT_MISSING') throw error;
      throw new ConfigurationError({
        code: 'TARGET_RIGHT_MISSING',
        message: `the application may not set this password: it lacks ${rights.passwords.name} (with the role User Administrator; for administrators Privileged Authentication Administrator).`,
        cause: error,
      });
    }
  }

  async setOutOfOffice(id: string, settings: OutOfOffice, signal: AbortSignal): Promise<void> {
    const change = { automaticRepliesSetting: repliesOf(settings) };
    await blocking('TARGET_UNAVAILABLE', () =>
      this.#mailbox(id, signal).patch(graphPath`/users/${id}/mailboxSettings`, change, Nothing),
    );
  }

  check(signal: AbortSignal): Promise<readonly DirectoryCheck[]> {
    return checkDirectory(this.#services, this.#target, signal);
  }

  async #recipient(user: User, clashes: readonly string[], client: GraphClient): Promise<TargetRecipient> {
    const plans = await this.#mailboxPlans(client);
    const given = (user.assignedPlans ?? []).filter(
      ({ servicePlanId, capabilityStatus }) =>
        plans.has((servicePlanId ?? '').toLowerCase()) &&
        (capabilityStatus === 'Enabled' || capabilityStatus === 'Warning'),
    );
    const since = given.flatMap(({ assignedDateTime }) => assignedDateTime ?? []).sort()[0];
    return {
      id: user.id,
      userPrincipalName: user.userPrincipalName,
      proxyAddresses: user.proxyAddresses ?? [],
      isSynced: user.onPremisesSyncEnabled === true,
      immutableId: user.onPremisesImmutableId ?? null,
      syncErrors: syncErrorsOf(user),
      isLicensed: given.length > 0,
      licensedSince: since ?? null,
      usageLocation: user.usageLocation ?? null,
      accountEnabled: user.accountEnabled ?? true,
      clashes,
    };
  }

  async #mailboxPlans(client: GraphClient): Promise<ReadonlySet<string>> {
    const now = this.#services.clock.now();
    if (this.#plans === undefined || this.#plans.until <= now) {
      const skus = await client.all(`/subscribedSkus${graphQuery({ $select: skuFields })}`, Sku);
      this.#plans = { ids: mailboxPlansOf(skus), until: now + plansKeptMs };
    }
    return this.#plans.ids;
  }

  #directory(signal: AbortSignal): GraphClient {
    return openGraph(this.#services, this.#target, { mailbox: undefined, signal });
  }

  #mailbox(id: string, signal: AbortSignal): GraphClient {
    return openGraph(this.#services, this.#target, { mailbox: id, signal });
  }
}

/**
 * Users of an address, as Exchange finds them: by any of their addresses first (the prefix's case tells the primary one,
 * and comparing ignores it), then by `mail`, then by the name they sign in with.
 */
async function usersOf(client: GraphClient, address: string): Promise<readonly User[]> {
  const filters = [
    `proxyAddresses/any(p:p eq ${odataText(`smtp:${address}`)})`,
    `mail eq ${odataText(address)}`,
    `userPrincipalName eq ${odataText(address)}`,
  ];
  for (const filter of filters) {
    const users = await client.all(`/users${graphQuery({ $filter: filter, $select: userFields })}`, User);
    if (users.length > 0) return users;
  }
  return [];
}

/** Groups and contacts of the address. Where the application may not see them, Exchange itself still keeps addresses apart. */
async function clashesOf(client: GraphClient, address: string): Promise<readonly string[]> {
  const $filter = `proxyAddresses/any(p:p eq ${odataText(`smtp:${address}`)})`;
  const query = graphQuery({ $filter, $select: 'id,displayName' });
  const kinds = [
    { path: '/groups', what: 'the group' },
    { path: '/contacts', what: 'the contact' },
  ];
  const clashes: string[] = [];
  for (const { path, what } of kinds) {
    try {
      const found = await client.all(`${path}${query}`, Named);
      clashes.push(...found.map(({ displayName }) => `${what} ${displayName ?? '(no name)'}`));
    } catch (error) {
      if (!isKnownError(error) || error.code !== 'TARGET_RIGHT_MISSING') throw error;
    }
  }
  return clashes;
}

function primaryOf(user: User): string | undefined {
  const primary = user.proxyAddresses?.find((address) => address.startsWith('SMTP:'));
  return primary?.slice('SMTP:'.length) ?? user.mail ?? undefined;
}

async function findSku(client: GraphClient, name: string): Promise<Sku | undefined> {
  const skus = await client.all(`/subscribedSkus${graphQuery({ $select: skuFields })}`, Sku);
  const wanted = name.toLowerCase();
  return skus.find(
    ({ skuId, skuPartNumber }) => skuId.toLowerCase() === wanted || skuPartNumber?.toLowerCase() === wanted,
  );
}

function hasSku({ assignedLicenses, licenseAssignmentStates }: User, skuId: string): boolean {
  const wanted = skuId.toLowerCase();
  const assigned = (assignedLicenses ?? []).some((licence) => licence.skuId.toLowerCase() === wanted);
  const byGroup = (licenseAssignmentStates ?? []).some(
    (state) =>
      state.skuId?.toLowerCase() === wanted &&
      typeof state.assignedByGroup === 'string' &&
      (state.state === 'Active' || state.state === 'ActiveWithError'),
  );
  return assigned || byGroup;
}

/** Graph tells these apart by their words only (all are Request_BadRequest). */
function licenceRefused(error: unknown): LicenceOutcome {
  const problem = graphProblemOf(error);
  if (problem?.status !== 400) throw error;
  const cause = error;
  if (/available licenses/i.test(problem.message)) return 'exhausted';
  if (/valid company licen/i.test(problem.message)) return 'unknown-sku';
  if (/usage location/i.test(problem.message)) {
    const message = 'The usage location of the user was set and is not seen yet.';
    throw new TransientError({ code: 'TARGET_UNAVAILABLE', message, retryAfterMs: settledMs, cause });
  }
  const message = `The licence was not assigned: ${problem.message}`;
  throw new MailboxBlockedError({ code: 'TARGET_USER_UNLICENSED', message, cause });
}

/** A request that the server finds wrong for one user must not stop the others. */
async function blocking<T>(code: ErrorCode, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const problem = graphProblemOf(error);
    if (problem?.status !== 400) throw error;
    const message = isKnownError(error) ? error.message : problem.message;
    throw new MailboxBlockedError({ code, message, cause: problem });
  }
}

/** A server that repeats the password in its refusal must not bring it into a report. */
function withoutPassword(code: ErrorCode): MailboxBlockedError {
  return new MailboxBlockedError({ code, message: 'The target did not take the password.' });
}

function isGone(error: unknown): boolean {
  return graphProblemOf(error)?.status === 404;
}

function repliesOf(settings: OutOfOffice): Record<string, unknown> {
  const status = { disabled: 'disabled', always: 'alwaysEnabled', scheduled: 'scheduled' }[settings.state];
  const externalAudience = { none: 'none', contacts: 'contactsOnly', all: 'all' }[settings.externalAudience];
  const { from, until, internalReply, externalReply } = settings;
  return {
    status,
    externalAudience,
    ...(internalReply === null ? {} : { internalReplyMessage: internalReply }),
    ...(externalReply === null ? {} : { externalReplyMessage: externalReply }),
    ...(from === null ? {} : { scheduledStartDateTime: moment(from) }),
    ...(until === null ? {} : { scheduledEndDateTime: moment(until) }),
  };
}

/** dateTimeTimeZone: without an offset, in the zone that stands beside it. */
function moment(time: string): { readonly dateTime: string; readonly timeZone: string } {
  return { dateTime: new Date(time).toISOString().replace('Z', ''), timeZone: 'UTC' };
}
