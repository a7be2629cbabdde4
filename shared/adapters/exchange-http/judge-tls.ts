import type { ExchangeServer } from '../../domain/endpoint.ts';
import type { Finding } from '../endpoint-findings.ts';
import type { AddressSetting } from './connection-errors.ts';
import type { TlsFacts } from './exchange-http.ts';

/** A certificate that ends sooner than a migration may take. */
const soonMs = 14 * 24 * 3_600_000;

/** What there is to say of a connection to a server that was reached. */
export function judgeTls(
  tls: TlsFacts | undefined,
  {
    server,
    setting,
    now,
  }: { readonly server: Pick<ExchangeServer, 'tls'>; readonly setting: AddressSetting; readonly now: number },
): Finding {
  if (tls === undefined) {
    const evidence = 'The connection is not encrypted: passwords and mail travel in the clear.';
    return { result: 'warn', evidence, fix: `Set ${setting} to an https address.` };
  }
  const valid = `${tls.version}, certificate of ${tls.subject}, valid until ${tls.validTo.toISOString().slice(0, 10)}`;
  if (server.tls.acceptUntrusted === true) {
    const fix = 'Give the authority in source.tls.caFile and take source.tls.acceptUntrusted out.';
    return { result: 'warn', evidence: `Any certificate is accepted; this one: ${valid}`, fix };
  }
  if (tls.validTo.getTime() - now < soonMs)
    return { result: 'warn', evidence: `It ends soon: ${valid}`, fix: 'Have the server renew it.' };
  return { result: 'pass', evidence: valid };
}
