import { createHash } from 'node:crypto';

/**
 * `tls-server-end-point` (RFC 5929 section 4) as NTLM carries it: MD5 of a gss_channel_bindings_struct (RFC 2744 section
 * 3.11) that holds nothing but application data.
 */
export function channelBinding(certificate: Buffer): Buffer {
  const hash = createHash(endPointHash(certificate)).update(certificate).digest();
  const data = Buffer.concat([Buffer.from('tls-server-end-point:', 'latin1'), hash]);
  const struct = Buffer.alloc(20);
  struct.writeUInt32LE(data.length, 16);
  return createHash('md5').update(struct).update(data).digest();
}

/** OIDs of signature algorithms whose hash is not SHA-256, as DER contents in hex (RFC 8017, RFC 5758). */
const otherHashes: Readonly<Record<string, 'sha384' | 'sha512'>> = {
  '2a864886f70d01010c': 'sha384',
  '2a864886f70d01010d': 'sha512',
  '2a8648ce3d040303': 'sha384',
  '2a8648ce3d040304': 'sha512',
};

/** RFC 5929 section 4.1: the hash of the certificate's signature, and SHA-256 in place of MD5 and SHA-1. */
function endPointHash(certificate: Buffer): 'sha256' | 'sha384' | 'sha512' {
  const outer = elementAt(certificate, 0);
  const toBeSigned = elementAt(certificate, outer.start);
  const algorithm = elementAt(certificate, toBeSigned.end);
  const oid = elementAt(certificate, algorithm.start);
  return otherHashes[certificate.subarray(oid.start, oid.end).toString('hex')] ?? 'sha256';
}

/** Where the contents of a DER element lie. */
function elementAt(octets: Buffer, at: number): { readonly start: number; readonly end: number } {
  const first = octets.readUInt8(at + 1);
  if (first < 0x80) return { start: at + 2, end: at + 2 + first };
  const bytes = first & 0x7f;
  const start = at + 2 + bytes;
  return { start, end: start + octets.readUIntBE(at + 2, bytes) };
}
