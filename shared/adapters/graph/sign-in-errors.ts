import { ConfigurationError, type KnownError, TransientError } from '../../domain/errors.ts';
import { shortTextWithoutAddresses } from '../short-text.ts';

interface SignInPlace {
  readonly host: string;
  readonly target: { readonly tenant: string; readonly clientId: string };
}

type Advice = (target: SignInPlace['target']) => string;

const wrongSecret: Advice = () =>
  'the client secret is wrong (give the value of the secret, not its id); correct what target.secret refers to';

/** https://learn.microsoft.com/entra/identity-platform/reference-error-codes */
const advice: Readonly<Record<string, Advice>> = {
  '700016': ({ tenant, clientId }) =>
    `the tenant ${tenant} has no application ${clientId}; correct target.clientId or target.tenant`,
  '7000229': ({ tenant }) =>
    `the application has no service principal in the tenant ${tenant}; an administrator must consent to it there`,
  '7000112': () => 'the application is switched off; switch its enterprise application on',
  '7000215': wrongSecret,
  '7000216': wrongSecret,
  '7000222': () => 'the client secret has expired; make a new one, or better a certificate',
  '700027': () =>
    'the certificate is not registered with the application, or has expired; upload it under Certificates & secrets',
  '700024': () => 'the clock of this machine is wrong; set it (the signed assertion is not valid now)',
  '700023': () => 'the signed assertion is for another tenant or cloud; correct target.tenant and target.cloud',
  '90002': ({ tenant }) => `there is no tenant ${tenant}; correct target.tenant (and target.cloud)`,
  '900023': ({ tenant }) => `${tenant} is neither the id of a tenant nor one of its domains; correct target.tenant`,
  '90038': () => 'the tenant is in another national cloud; correct target.cloud',
  '900382': () => 'the tenant is in another national cloud; correct target.cloud',
  '900384': () => 'the signed assertion cannot be verified; check that target.certificate is the one that was uploaded',
  '53003': () =>
    'a conditional access policy blocks the sign-in; let the policy for workload identities allow the address that migrates',
  '530035': () =>
    'security defaults or a policy of the tenant block the sign-in; have the policy allow the application',
  '65001': () => 'nobody has consented to the permissions of the application; have an administrator grant consent',
  '500011': () => 'the tenant has no such service; correct target.cloud, or see whether the tenant has Exchange Online',
  '50001': () => 'the tenant has no such service; correct target.cloud, or see whether the tenant has Exchange Online',
  '1002016': () => 'the authority wants TLS 1.2 or newer; something between speaks an older one',
};

/** Their trouble: the same request may be answered well a little later. */
const notNow = new Set(['50196', '90006', '90012', '90013', '90025', '90033', '90051', '90055', '90092', '16000']);

/** What the authority answered, as one of the five kinds; texts never hold the secret or the assertion. */
export function refusedSignIn(error: unknown, { host, target }: SignInPlace): KnownError {
  const said = error instanceof Error ? error.message : '';
  const number = /AADSTS(\d+)/.exec(said)?.[1];
  if (number === undefined) {
    const name = error instanceof Error ? error.name : 'no token';
    return new ConfigurationError({ code: 'TOKEN_REFUSED', message: `${at(host)} gave no token (${name}).` });
  }
  if (notNow.has(number)) {
    return new TransientError({ code: 'TARGET_UNAVAILABLE', message: `${at(host)} cannot answer: AADSTS${number}.` });
  }
  const found = advice[number]?.(target);
  const words = found ?? `the sign-in was refused: ${wordsIn(said)}`;
  return new ConfigurationError({ code: 'TOKEN_REFUSED', message: `${at(host)}: ${words} (AADSTS${number}).` });
}

function at(host: string): string {
  return `${host} (sign-in of the target)`;
}

/** The sentence behind the number, without the identifiers that Entra puts behind it. */
function wordsIn(text: string): string {
  const sentence = /AADSTS\d+:\s*(.*?)(?:\s*Trace ID:|\s*Correlation ID:|$)/s.exec(text)?.[1] ?? '';
  return shortTextWithoutAddresses(sentence.replace(/[.\s]+$/, ''));
}
