import type { ErrorCode } from '../../domain/error-catalogue.ts';
import { ConfigurationError, type KnownError, TransientError } from '../../domain/errors.ts';
import { shortTextWithoutAddresses } from '../short-text.ts';

interface SignInPlace {
  readonly host: string;
  readonly target: { readonly tenant: string; readonly clientId: string };
}

/** What a number of Entra means, and what to do in this tenant. */
interface Advice {
  readonly code: ErrorCode;
  readonly say: (target: SignInPlace['target']) => string;
}

const wrongSecret: Advice = {
  code: 'APPLICATION_SECRET_REFUSED',
  say: () =>
    'the client secret is wrong or was taken back (give the value of the secret, not its id); correct what target.secret refers to',
};
const expiredSecret: Advice = {
  code: 'APPLICATION_SECRET_REFUSED',
  say: () => 'the client secret has expired; make a new one, or better a certificate',
};
const unknownCertificate: Advice = {
  code: 'APPLICATION_CERTIFICATE_REFUSED',
  say: () => 'the certificate is not registered with the application; upload it under Certificates & secrets',
};
const expiredCertificate: Advice = {
  code: 'APPLICATION_CERTIFICATE_EXPIRED',
  say: () => 'the certificate has expired; upload a new one and correct what target.certificate refers to',
};
const otherCloud: Advice = {
  code: 'TENANT_IN_OTHER_CLOUD',
  say: ({ tenant }) => `the tenant ${tenant} is in another national cloud; correct target.cloud`,
};
const noService: Advice = {
  code: 'TENANT_IN_OTHER_CLOUD',
  say: () => 'the tenant has no such service; correct target.cloud, or see whether the tenant has Exchange Online',
};

/** https://learn.microsoft.com/entra/identity-platform/reference-error-codes */
const advice: Readonly<Record<string, Advice>> = {
  '700016': {
    code: 'APPLICATION_UNKNOWN',
    say: ({ tenant, clientId }) =>
      `the tenant ${tenant} has no application ${clientId}; correct target.clientId or target.tenant`,
  },
  '7000229': {
    code: 'APPLICATION_UNKNOWN',
    say: ({ tenant }) =>
      `the application has no service principal in the tenant ${tenant}; an administrator must consent to it there`,
  },
  '7000112': {
    code: 'APPLICATION_UNKNOWN',
    say: () => 'the application is switched off; switch its enterprise application on',
  },
  '7000215': wrongSecret,
  '7000216': wrongSecret,
  '7000222': expiredSecret,
  '700027': unknownCertificate,
  '900384': unknownCertificate,
  '700024': {
    code: 'MACHINE_CLOCK_WRONG',
    say: () => 'the clock of this machine is wrong; set it (the signed assertion is not valid now)',
  },
  '700023': {
    code: 'TENANT_IN_OTHER_CLOUD',
    say: () => 'the signed assertion is for another tenant or cloud; correct target.tenant and target.cloud',
  },
  '90002': {
    code: 'TENANT_UNKNOWN',
    say: ({ tenant }) => `there is no tenant ${tenant}; correct target.tenant (and target.cloud)`,
  },
  '900023': {
    code: 'TENANT_UNKNOWN',
    say: ({ tenant }) => `${tenant} is neither the id of a tenant nor one of its domains; correct target.tenant`,
  },
  '90038': otherCloud,
  '900382': otherCloud,
  '500011': noService,
  '50001': noService,
  '53003': {
    code: 'SIGN_IN_POLICY_BLOCKS',
    say: () =>
      'a conditional access policy blocks the sign-in; let the policy for workload identities allow the address that migrates',
  },
  '530035': {
    code: 'SIGN_IN_POLICY_BLOCKS',
    say: () => 'security defaults or a policy of the tenant block the sign-in; have the policy allow the application',
  },
  '65001': {
    code: 'TOKEN_REFUSED',
    say: () => 'nobody has consented to the permissions of the application; have an administrator grant consent',
  },
  '1002016': {
    code: 'TOKEN_REFUSED',
    say: () => 'the authority wants TLS 1.2 or newer; something between speaks an older one',
  },
};

const signInCodes: ReadonlySet<ErrorCode> = new Set([
  'SECRET_NOT_FOUND',
  'TOKEN_REFUSED',
  'APPLICATION_CERTIFICATE_EXPIRED',
  ...Object.values(advice).map(({ code }) => code),
]);

/** Whether what went wrong is the sign-in: nothing else of the endpoint was looked at then. */
export function isOfSignIn({ code }: KnownError): boolean {
  return signInCodes.has(code);
}

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
  const found = adviceFor(number, said);
  const words = found?.say(target) ?? `the sign-in was refused: ${wordsIn(said)}`;
  const code = found?.code ?? 'TOKEN_REFUSED';
  return new ConfigurationError({ code, message: `${at(host)}: ${words} (AADSTS${number}).` });
}

/** One number for a certificate that is not known and for one that has expired: only the words tell. */
function adviceFor(number: string, said: string): Advice | undefined {
  return number === '700027' && /\bexpired\b/i.test(said) ? expiredCertificate : advice[number];
}

function at(host: string): string {
  return `${host} (sign-in of the target)`;
}

/** The sentence behind the number, without the identifiers that Entra puts behind it. */
function wordsIn(text: string): string {
  const sentence = /AADSTS\d+:\s*(.*?)(?:\s*Trace ID:|\s*Correlation ID:|$)/s.exec(text)?.[1] ?? '';
  return shortTextWithoutAddresses(sentence.replace(/[.\s]+$/, ''));
}
