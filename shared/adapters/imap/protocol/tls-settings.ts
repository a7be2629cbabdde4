import { constants } from 'node:crypto';
import { isIP } from 'node:net';
import { type ConnectionOptions, type SecureVersion, checkServerIdentity } from 'node:tls';

export interface TlsSettings {
  /** PEM text of the certificate authorities to trust instead of the public ones. */
  readonly ca?: string | undefined;
  /** Name expected in the certificate where it differs from the host. */
  readonly serverName?: string | undefined;
  /** Lowest version accepted; TLS 1.2 unless the endpoint says otherwise. */
  readonly minVersion?: SecureVersion | undefined;
  /** Accepts any certificate. Only ever by an explicit setting. */
  readonly acceptUntrusted?: boolean | undefined;
}

export function tlsOptions(host: string, settings: TlsSettings): ConnectionOptions {
  const name = settings.serverName ?? host;
  return {
    // RFC 6066 section 3: no IP address in the server name indication; the certificate is compared with it all the same.
    ...(isIP(name) === 0 ? { servername: name } : {}),
    checkServerIdentity: (_, certificate) => checkServerIdentity(name, certificate),
    ...(settings.ca === undefined ? {} : { ca: settings.ca }),
    minVersion: settings.minVersion ?? 'TLSv1.2',
    rejectUnauthorized: settings.acceptUntrusted !== true,
    ...oldTls(settings.minVersion),
  };
}

/**
 * OpenSSL 3 allows TLS below 1.2 only at security level 0, and servers of that age (Exchange 2007 on Windows 2003) lack
 * secure renegotiation (RFC 5746).
 */
function oldTls(minVersion: SecureVersion | undefined): ConnectionOptions {
  if (minVersion !== 'TLSv1' && minVersion !== 'TLSv1.1') {
    return {};
  }
  return { ciphers: 'DEFAULT@SECLEVEL=0', secureOptions: constants.SSL_OP_LEGACY_SERVER_CONNECT };
}
