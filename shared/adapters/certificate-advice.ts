const untrusted: readonly string[] = [
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'CERT_UNTRUSTED',
];

/**
 * What to do about a certificate that was not taken; undefined: it was not the certificate. `reason`: OpenSSL's result as
 * Node names it, https://nodejs.org/api/tls.html#x509-certificate-error-codes
 */
export function certificateAdvice(
  reason: string,
  setting: {
    /** The setting with the server's name. */
    readonly address: string;
    /** The setting with `caFile` and `serverName` in it. */
    readonly tls: string;
    /** `have it renewed` */
    readonly renewal: string;
  },
): string | undefined {
  const { address, tls, renewal } = setting;
  if (reason === 'CERT_HAS_EXPIRED' || reason === 'CERT_NOT_YET_VALID')
    return `the certificate is not valid today; ${renewal}`;
  if (reason === 'ERR_TLS_CERT_ALTNAME_INVALID')
    return `the certificate is made for another name; correct ${address}, or give the name in ${tls}.serverName`;
  if (untrusted.includes(reason))
    return `the certificate is signed by an authority that is not trusted here; give that authority in ${tls}.caFile`;
  return /^CERT_|^INVALID_CA|^INVALID_PURPOSE/.test(reason)
    ? `the certificate is not acceptable; ${renewal}`
    : undefined;
}
