import type { ErrorCode } from '../../domain/error-catalogue.ts';
import { ConfigurationError, TransientError, isKnownError } from '../../domain/errors.ts';
import { certificateAdvice } from '../certificate-advice.ts';
import { shortText } from '../short-text.ts';
import { isSystemError } from '../system-error.ts';
import { XmlError } from './xml-reader.ts';

/** The setting of the endpoint that names the server. */
export type AddressSetting = 'source.ewsUrl' | 'source.webdavUrl';

/** Whether the connection had been established: before that, the endpoint's settings may be to blame. */
export type Phase = 'opening' | 'session';

/** What Node throws for sockets, TLS and unreadable answers; others pass untouched. */
export function connectionError(
  error: unknown,
  { host, phase, setting }: { readonly host: string; readonly phase: Phase; readonly setting: AddressSetting },
): unknown {
  if (isKnownError(error)) return error;
  if (error instanceof XmlError)
    return new TransientError({ code: 'SERVER_MISBEHAVES', message: at(host, error.message), cause: error });
  if (!isSystemError(error)) return error;
  const reason = error.code;
  const found = phase === 'opening' ? openingAdvice(reason, setting) : undefined;
  if (found !== undefined) {
    const message = at(host, `${found.advice} (${reason})`);
    return new ConfigurationError({ code: found.code, message, cause: error });
  }
  const code = phase === 'opening' ? 'SOURCE_UNREACHABLE' : 'SOURCE_CONNECTION_LOST';
  return new TransientError({ code, message: at(host, `${error.message} (${reason})`), cause: error });
}

/** What to do about a connection that did not come to stand; undefined: to try again is all. */
function openingAdvice(
  reason: string,
  setting: AddressSetting,
): { readonly code: ErrorCode; readonly advice: string } | undefined {
  if (reason === 'ENOTFOUND')
    return { code: 'SOURCE_UNREACHABLE', advice: `the name does not exist; correct ${setting}` };
  const ofCertificate = certificateAdvice(reason, {
    address: setting,
    tls: 'source.tls',
    renewal: 'have the server renew it',
  });
  if (ofCertificate !== undefined) return { code: 'SOURCE_CERTIFICATE_INVALID', advice: ofCertificate };
  if (
    /UNSUPPORTED_PROTOCOL|PROTOCOL_VERSION|HANDSHAKE_FAILURE|NO_SHARED_CIPHER|KEY_TOO_SMALL|UNSAFE_LEGACY/.test(reason)
  ) {
    const advice = 'no TLS version or cipher in common; for an old server lower source.tls.minVersion';
    return { code: 'SOURCE_SECURITY_MISMATCH', advice };
  }
  if (/^(?:EPROTO|ERR_SSL_|ERR_TLS_|HPE_)/.test(reason)) {
    const advice = `the server does not speak TLS there as the address says; check https, http and the port in ${setting}`;
    return { code: 'SOURCE_SECURITY_MISMATCH', advice };
  }
  return undefined;
}

/** What `Retry-After` says in seconds (RFC 9110 section 10.2.3), in milliseconds; undefined: it says none. */
export function retryAfterMs(value: string | undefined): number | undefined {
  const seconds = Number(value);
  return Number.isFinite(seconds) && seconds > 0 ? seconds * 1000 : undefined;
}

export function at(host: string, text: string): string {
  return `${host} (source): ${shortText(text)}`;
}
