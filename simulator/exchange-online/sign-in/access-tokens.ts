import { createHmac, randomBytes, randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { Clock } from '../../../shared/ports/clock.ts';
import { GraphFailure } from '../graph-failure.ts';

const Claims = z.object({ aud: z.string(), tid: z.string(), appid: z.string(), exp: z.number() });
export type TokenClaims = z.infer<typeof Claims>;

/** Tokens that the practice sign-in gave out: JWTs for one audience, application and tenant. */
export class AccessTokens {
  readonly #key = randomBytes(32);
  readonly #clock: Clock;
  #validFrom = 0;
  #issued = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  issue(claims: Omit<TokenClaims, 'exp'>, lifetimeSeconds: number): string {
    const now = Math.floor(this.#clock.now() / 1_000);
    this.#issued += 1;
    const all = {
      ...claims,
      iat: now,
      nbf: now,
      exp: now + lifetimeSeconds,
      uti: randomUUID(),
      ver: '1.0',
      n: this.#issued,
    };
    const signed = `${encoded({ typ: 'JWT', alg: 'HS256' })}.${encoded(all)}`;
    return `${signed}.${this.#signature(signed)}`;
  }

  /** Every token that was given out so far is refused from now on. */
  revokeAll(): void {
    this.#validFrom = this.#issued + 1;
  }

  /** 401 InvalidAuthenticationToken unless the token is ours, for this audience and still good. */
  check(authorization: string | undefined, audiences: readonly string[]): TokenClaims {
    const token = /^Bearer (\S+)$/i.exec(authorization ?? '')?.[1];
    if (token === undefined) throw refused('Access token is empty.');
    const [header = '', payload = '', signature = ''] = token.split('.');
    if (signature !== this.#signature(`${header}.${payload}`))
      throw refused('Access token validation failure. Invalid signature.');
    const json: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString());
    const claims = Claims.extend({ n: z.number() }).parse(json);
    if (!audiences.includes(claims.aud)) throw refused('Access token validation failure. Invalid audience.');
    if (claims.exp * 1_000 <= this.#clock.now() || claims.n < this.#validFrom)
      throw refused('Lifetime validation failed, the token is expired.');
    return claims;
  }

  #signature(signed: string): string {
    return createHmac('sha256', this.#key).update(signed).digest('base64url');
  }
}

function encoded(json: object): string {
  return Buffer.from(JSON.stringify(json)).toString('base64url');
}

function refused(message: string): GraphFailure {
  return new GraphFailure({
    status: 401,
    code: 'InvalidAuthenticationToken',
    message,
    headers: { 'WWW-Authenticate': 'Bearer' },
  });
}
