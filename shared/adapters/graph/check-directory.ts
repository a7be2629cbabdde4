import { errorCatalogue } from '../../domain/error-catalogue.ts';
import type { ExchangeOnline } from '../../domain/endpoint.ts';
import { isKnownError, type KnownError, TransientError } from '../../domain/errors.ts';
import type { DirectoryCheck } from '../../ports/directory-check.ts';
import { addressesOf } from './clouds.ts';
import { directoryProbes } from './directory-probes.ts';
import { grantCommand } from './grant-command.ts';
import { rights } from './graph-rights.ts';
import { openGraph } from './open-graph.ts';
import { type RightFinding, tryRights } from './right-probe.ts';
import { tokensFor, type SignInServices } from './sign-in.ts';
import { isOfSignIn } from './sign-in-errors.ts';

type Check = DirectoryCheck['check'];

const order: readonly Check[] = ['reachable', 'certificate', 'sign-in', 'rights', 'recipients'];

/** Looks at sign-in and rights; changes nothing. */
export async function checkDirectory(
  services: SignInServices,
  target: ExchangeOnline,
  signal: AbortSignal,
): Promise<readonly DirectoryCheck[]> {
  const found = new Map<Check, DirectoryCheck>();
  const add = (check: Check, finding: Omit<DirectoryCheck, 'check'>): void => {
    found.set(check, { check, ...finding });
  };
  try {
    const { graphScope, signIn, graph } = addressesOf(target);
    await tokensFor(services, target, graphScope).token();
    add('reachable', passed(`${new URL(signIn).host} answers.`));
    add('certificate', passed('Its certificate is accepted.'));
    add('sign-in', passed(`The application ${target.clientId} is signed in to ${target.tenant}.`));
    const client = openGraph(services, target, { mailbox: undefined, signal });
    const findings = await tryRights(client, directoryProbes(target));
    const trouble = findings.find((finding) => finding.result === 'unknown');
    if (trouble !== undefined) throw trouble.error;
    add('rights', judged(findings, target));
    const missesUsers = findings.some(({ right, result }) => right === rights.users && result === 'missing');
    if (!missesUsers) add('recipients', passed(`Users can be read at ${new URL(graph).host}.`));
  } catch (error) {
    if (!isKnownError(error)) throw error;
    const check = blamed(error, found);
    if (check === 'sign-in') {
      add('reachable', passed('The sign-in of Microsoft Entra answers.'));
      add('certificate', passed('Its certificate is accepted.'));
    }
    if (check === 'certificate') add('reachable', passed('The server answers.'));
    add(check, {
      result: 'fail',
      code: error.code,
      transient: error instanceof TransientError,
      evidence: error.message,
      fix: errorCatalogue[error.code].fix,
    });
  }
  return order.map((check) => found.get(check) ?? { check, ...unchecked });
}

const unchecked: Omit<DirectoryCheck, 'check'> = {
  result: 'cannot-check',
  code: null,
  transient: false,
  evidence: 'An earlier check was not passed.',
  fix: '',
};

function passed(evidence: string): Omit<DirectoryCheck, 'check'> {
  return { result: 'pass', code: null, transient: false, evidence, fix: '' };
}

function judged(findings: readonly RightFinding[], target: ExchangeOnline): Omit<DirectoryCheck, 'check'> {
  const missing = findings.filter(({ result }) => result === 'missing');
  const needed = missing.filter(({ loss }) => loss === undefined);
  const names = (some: readonly RightFinding[]): string => some.map(({ right }) => right.name).join(', ');
  const granted = names(findings.filter(({ result }) => result === 'granted'));
  if (missing.length === 0) return passed(`Granted: ${granted}.`);
  const worst = needed.length > 0 ? needed : missing;
  return {
    result: needed.length > 0 ? 'fail' : 'warn',
    code: needed.length > 0 ? 'TARGET_RIGHT_MISSING' : null,
    transient: false,
    evidence: `Missing: ${names(worst)}. Granted: ${granted === '' ? 'none' : granted}.`,
    fix: worst.map(({ right }) => grantCommand(right, target.clientId)).join('\n'),
  };
}

function blamed(error: KnownError, found: ReadonlyMap<Check, unknown>): Check {
  if (error.code === 'TARGET_CERTIFICATE_INVALID') return 'certificate';
  if (found.has('sign-in')) return 'rights';
  return isOfSignIn(error) ? 'sign-in' : 'reachable';
}
