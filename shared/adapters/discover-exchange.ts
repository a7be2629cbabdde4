import type { Endpoint } from '../domain/endpoint.ts';
import { ConfigurationError, isKnownError } from '../domain/errors.ts';
import type { Discovery } from '../ports/endpoint-probe.ts';
import { EndpointFindings, mailboxServerChecks } from './endpoint-findings.ts';
import { findEwsUrl } from './ews/autodiscover/find-ews-url.ts';
import { accountFor, type ExchangeServices } from './exchange-http/exchange-account.ts';
import { activeDirectory } from './ldap/active-directory.ts';

/**
 * Finds the Exchange of an endpoint: by its directory where it has one, then by the usual names of its domain. `signal`:
 * aborted when it has taken too long.
 */
export async function discoverExchange(
  services: ExchangeServices,
  { source, directory }: Endpoint,
  signal: AbortSignal,
): Promise<Discovery> {
  // Exchange 2003 has no Autodiscover, and no Exchange Web Services that it could name.
  if (source.kind === 'exchange' && source.webdavUrl !== undefined) return { outcome: 'found', ewsUrl: '' };
  if (source.kind !== 'exchange' || source.autodiscover === undefined)
    throw new Error('Autodiscover is asked for an Exchange whose file names a mailbox.');
  const address = source.autodiscover;
  const checks = new EndpointFindings('source', mailboxServerChecks);
  try {
    const account = await accountFor(services, source, { emailAddress: address, userName: address });
    const connectionPoints = await connectionPointsOf(services, directory, signal);
    const { clock } = services;
    const ewsUrl = await findEwsUrl({ address, account, server: source, clock, signal, connectionPoints });
    return { outcome: 'found', ewsUrl };
  } catch (error) {
    checks.fail(signal.aborted ? tooLate(error) : error, blamed(error));
    return { outcome: 'failed', checks: checks.complete() };
  }
}

/** A directory that cannot be asked is shown by its own checks; the usual names may do without it. */
async function connectionPointsOf(
  services: ExchangeServices,
  directory: Endpoint['directory'],
  signal: AbortSignal,
): Promise<readonly string[]> {
  if (directory === undefined) return [];
  try {
    const session = await activeDirectory(directory, services).open(signal);
    try {
      return await session.connectionPoints();
    } finally {
      await session.close();
    }
  } catch (error) {
    if (!isKnownError(error)) throw error;
    return [];
  }
}

function tooLate(cause: unknown): ConfigurationError {
  const message = 'Autodiscover does not answer in time. Give source.ewsUrl in place of source.autodiscover.';
  return new ConfigurationError({ code: 'AUTODISCOVER_FAILED', message, cause });
}

function blamed(error: unknown): 'reachable' | 'sign-in' {
  const isSignIn = isKnownError(error) && ['SOURCE_SIGN_IN_FAILED', 'SECRET_NOT_FOUND'].includes(error.code);
  return isSignIn ? 'sign-in' : 'reachable';
}
