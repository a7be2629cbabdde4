import { createHmac } from 'node:crypto';
import { md4 } from './md4.ts';
import { unicode } from './ntlm-values.ts';

/** A Windows account as NTLM takes it: `CONTOSO\ann`, or `ann@contoso.test` without a domain of its own. */
export interface NtlmAccount {
  readonly domain: string;
  readonly user: string;
  readonly password: string;
}

export function ntlmAccount(name: string, password: string): NtlmAccount {
  const [, domain, user] = /^([^\\/]*)[\\/](.+)$/.exec(name) ?? [];
  return { domain: domain ?? '', user: user ?? name, password };
}

/** NTOWFv2, [MS-NLMP] section 3.3.2. The domain keeps its case. */
export function ntlmKey({ domain, user, password }: NtlmAccount): Buffer {
  return hmacMd5(md4(unicode(password)), unicode(user.toUpperCase() + domain));
}

export interface NtlmResponse {
  readonly nt: Buffer;
  readonly lm: Buffer;
  readonly sessionBaseKey: Buffer;
}

/** ComputeResponse of NTLM v2, [MS-NLMP] section 3.3.2. */
export function ntlmResponse(given: {
  readonly key: Buffer;
  readonly serverChallenge: Buffer;
  readonly clientChallenge: Buffer;
  /** FILETIME. */
  readonly time: Buffer;
  readonly targetInfo: Buffer;
}): NtlmResponse {
  const { key, serverChallenge, clientChallenge, time, targetInfo } = given;
  const temp = Buffer.concat([
    Buffer.from([1, 1, 0, 0, 0, 0, 0, 0]),
    time,
    clientChallenge,
    Buffer.alloc(4),
    targetInfo,
    Buffer.alloc(4),
  ]);
  const proof = hmacMd5(key, Buffer.concat([serverChallenge, temp]));
  return {
    nt: Buffer.concat([proof, temp]),
    lm: Buffer.concat([hmacMd5(key, Buffer.concat([serverChallenge, clientChallenge])), clientChallenge]),
    sessionBaseKey: hmacMd5(key, proof),
  };
}

export function hmacMd5(key: Buffer, octets: Buffer): Buffer {
  return createHmac('md5', key).update(octets).digest();
}
