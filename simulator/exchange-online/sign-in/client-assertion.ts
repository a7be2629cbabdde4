import { constants, createHash, verify, X509Certificate } from 'node:crypto';
import { z } from 'zod';
import { SignInFailure } from './sign-in-failure.ts';

const Header = z.object({
  alg: z.enum(['RS256', 'PS256']),
  x5t: z.string().optional(),
  'x5t#S256': z.string().optional(),
});
const Payload = z.object({
  aud: z.string(),
  iss: z.string(),
  sub: z.string(),
  jti: z.string(),
  nbf: z.number(),
  exp: z.number(),
});

export interface AssertionCheck {
  readonly assertion: string;
  readonly clientId: string;
  /** PEM of the registered certificate. */
  readonly certificate: string;
  readonly isAudience: (audience: string) => boolean;
  /** Epoch milliseconds. */
  readonly now: number;
}

/**
 * Checks a client assertion as Entra does.
 *
 * @see https://learn.microsoft.com/entra/identity-platform/certificate-credentials
 */
export function checkAssertion({ assertion, clientId, certificate, isAudience, now }: AssertionCheck): void {
  const [head = '', body = '', signature = ''] = assertion.split('.');
  const header = Header.safeParse(decoded(head));
  const payload = Payload.safeParse(decoded(body));
  if (!header.success || !payload.success) throw wrong(50027, 'JWT token is invalid or malformed.');
  const registered = new X509Certificate(certificate);
  const { x5t, 'x5t#S256': x5tS256, alg } = header.data;
  const isNamed = x5tS256 === thumbprint(registered, 'sha256') || x5t === thumbprint(registered, 'sha1');
  if (!isNamed)
    throw wrong(
      700027,
      'The certificate with identifier used to sign the client assertion is not registered on application.',
    );
  if (Date.parse(registered.validTo) <= now)
    throw wrong(
      700027,
      'The certificate with identifier used to sign the client assertion is expired on application. [Reason - The key used is expired.]',
    );
  const key = {
    key: registered.publicKey,
    ...(alg === 'PS256' ? { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 } : {}),
  };
  if (!verify('sha256', Buffer.from(`${head}.${body}`), key, Buffer.from(signature, 'base64url')))
    throw wrong(700027, 'Client assertion failed signature validation.');
  const { aud, iss, sub, nbf, exp } = payload.data;
  if (iss !== clientId || sub !== clientId)
    throw wrong(700023, 'Client assertion contains an invalid issuer or subject.');
  if (!isAudience(aud)) throw wrong(700023, 'Client assertion audience claim does not match.');
  // Five minutes of difference between two clocks are accepted.
  if (exp * 1_000 < now - 300_000 || nbf * 1_000 > now + 300_000)
    throw wrong(700024, 'Client assertion is not within its valid time range.');
}

function decoded(part: string): unknown {
  try {
    return JSON.parse(Buffer.from(part, 'base64url').toString());
  } catch {
    throw wrong(50027, 'JWT token is invalid or malformed.');
  }
}

function thumbprint(certificate: X509Certificate, algorithm: 'sha1' | 'sha256'): string {
  return createHash(algorithm).update(certificate.raw).digest('base64url');
}

function wrong(number: number, message: string): SignInFailure {
  return new SignInFailure({ status: 401, error: 'invalid_client', number, message });
}
