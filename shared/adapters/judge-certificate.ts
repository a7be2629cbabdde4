import type { EndpointCheck } from '../ports/endpoint-probe.ts';
import type { Finding } from './findings.ts';

/** What TLS said of a server, for `endpoint test`. */
export interface TlsFacts {
  readonly version: string;
  readonly subject: string;
  readonly validTo: Date;
}

/** A certificate that ends sooner than a migration may take. */
const soonMs = 14 * 24 * 3_600_000;

/** What there is to say of the certificate of a server that was reached. */
export function judgeCertificate(
  tls: TlsFacts,
  about: {
    readonly side: EndpointCheck['side'];
    readonly acceptUntrusted: boolean | undefined;
    /** Who has it renewed. */
    readonly owner: 'server' | 'domain controller';
    readonly now: number;
  },
): Finding {
  const { side, acceptUntrusted, owner, now } = about;
  const valid = `${tls.version}, certificate of ${tls.subject}, valid until ${tls.validTo.toISOString().slice(0, 10)}`;
  if (acceptUntrusted === true) {
    const fix = `Give the authority in ${side}.tls.caFile and take ${side}.tls.acceptUntrusted out.`;
    return { result: 'warn', evidence: `Any certificate is accepted; this one: ${valid}`, fix };
  }
  if (tls.validTo.getTime() - now < soonMs)
    return { result: 'warn', evidence: `It ends soon: ${valid}`, fix: `Have the ${owner} renew it.` };
  return { result: 'pass', evidence: valid };
}
