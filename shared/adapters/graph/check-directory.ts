import type { ExchangeOnline } from '../../domain/endpoint.ts';
import { isKnownError } from '../../domain/errors.ts';
import type { DirectoryCheck } from '../../ports/directory-check.ts';
import { directoryChecks, Findings, type Finding } from '../findings.ts';
import { addressesOf } from './clouds.ts';
import { directoryProbes } from './directory-probes.ts';
import { grantCommand } from './grant-command.ts';
import { rights } from './graph-rights.ts';
import { openGraph } from './open-graph.ts';
import { type RightFinding, tryRights } from './right-probe.ts';
import { tokensFor, type SignInServices } from './sign-in.ts';
import { isOfSignIn } from './sign-in-errors.ts';

/** Looks at sign-in and rights; changes nothing. */
export async function checkDirectory(
  services: SignInServices,
  target: ExchangeOnline,
  signal: AbortSignal,
): Promise<readonly DirectoryCheck[]> {
  const checks = new Findings(directoryChecks);
  try {
    const { graphScope, signIn, graph } = addressesOf(target);
    await tokensFor(services, target, graphScope).token();
    noteAnswer(checks, `${new URL(signIn).host} answers.`);
    checks.add('sign-in', passed(`The application ${target.clientId} is signed in to ${target.tenant}.`));
    const client = openGraph(services, target, { mailbox: undefined, signal });
    const findings = await tryRights(client, directoryProbes(target));
    const trouble = findings.find((finding) => finding.result === 'unknown');
    if (trouble !== undefined) throw trouble.error;
    checks.add('rights', judged(findings, target));
    const missesUsers = findings.some(({ right, result }) => right === rights.users && result === 'missing');
    if (!missesUsers) checks.add('recipients', passed(`Users can be read at ${new URL(graph).host}.`));
  } catch (error) {
    const isOfSignInAlone = checks.next === 'reachable' && isKnownError(error) && isOfSignIn(error);
    if (isOfSignInAlone) noteAnswer(checks, 'The sign-in of Microsoft Entra answers.');
    checks.fail(error);
  }
  return checks.complete();
}

function noteAnswer(checks: Findings<DirectoryCheck['check']>, evidence: string): void {
  checks.add('reachable', passed(evidence));
  checks.add('certificate', passed('Its certificate is accepted.'));
}

function passed(evidence: string): Finding {
  return { result: 'pass', evidence };
}

function judged(findings: readonly RightFinding[], target: ExchangeOnline): Finding {
  const missing = findings.filter(({ result }) => result === 'missing');
  const needed = missing.filter(({ loss }) => loss === undefined);
  const names = (some: readonly RightFinding[]): string => some.map(({ right }) => right.name).join(', ');
  const granted = names(findings.filter(({ result }) => result === 'granted'));
  if (missing.length === 0) return passed(`Granted: ${granted}.`);
  const worst = needed.length > 0 ? needed : missing;
  return {
    ...(needed.length > 0 ? { result: 'fail', code: 'TARGET_RIGHT_MISSING' } : { result: 'warn' }),
    evidence: `Missing: ${names(worst)}. Granted: ${granted === '' ? 'none' : granted}.`,
    fix: worst.map(({ right }) => grantCommand(right, target.clientId)).join('\n'),
  };
}
