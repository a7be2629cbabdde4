import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { ConfigurationError } from '../../domain/errors.ts';

export const sealingKeyOctets = 32;
const algorithm = 'aes-256-gcm';
/** Octets; NIST SP 800-38D recommends 96 bits, drawn at random for up to 2^32 uses of a key. */
const nonceLength = 12;
const tagLength = 16;

/** AES-256-GCM; the result (base64url) opens only with the same context, which it does not hold. */
export function sealWithKey(request: {
  readonly key: Uint8Array;
  readonly plain: string;
  readonly context: string;
}): string {
  const nonce = randomBytes(nonceLength);
  const cipher = createCipheriv(algorithm, request.key, nonce).setAAD(Buffer.from(request.context));
  const octets = [nonce, cipher.update(request.plain, 'utf8'), cipher.final(), cipher.getAuthTag()];
  return Buffer.concat(octets).toString('base64url');
}

/** ConfigurationError SEALED_PASSWORD_UNREADABLE where key or context do not fit. */
export function openWithKey(request: {
  readonly key: Uint8Array;
  readonly sealed: string;
  readonly context: string;
}): string {
  const octets = Buffer.from(request.sealed, 'base64url');
  if (octets.length < nonceLength + tagLength) throw unreadable();
  const decipher = createDecipheriv(algorithm, request.key, octets.subarray(0, nonceLength), {
    authTagLength: tagLength,
  }).setAAD(Buffer.from(request.context));
  decipher.setAuthTag(octets.subarray(-tagLength));
  try {
    const plain = decipher.update(octets.subarray(nonceLength, -tagLength));
    return Buffer.concat([plain, decipher.final()]).toString('utf8');
  } catch (error) {
    // `final` has one reason to fail: the tag does not match.
    throw unreadable(error);
  }
}

export function unreadable(cause?: unknown): ConfigurationError {
  return new ConfigurationError({
    code: 'SEALED_PASSWORD_UNREADABLE',
    message: 'A sealed password cannot be opened with the sealing key that is in use.',
    cause,
  });
}
