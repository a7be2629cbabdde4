import { avFlagMic, avIds, decodeAvPairs, encodeAvPairs, ntlmFlags, signature, unicode } from './ntlm-values.ts';
import { hmacMd5, ntlmKey, ntlmResponse, type NtlmAccount } from './ntlm-response.ts';

/**
 * What we ask for: NTLM v2 with 128-bit session security. No key exchange: that would take RC4, which OpenSSL 3 does not
 * have, and the session key is only needed for the MIC.
 */
const wanted =
  (ntlmFlags.unicode |
    ntlmFlags.requestTarget |
    ntlmFlags.ntlm |
    ntlmFlags.alwaysSign |
    ntlmFlags.extendedSessionSecurity |
    ntlmFlags.targetInfo |
    ntlmFlags.key128 |
    ntlmFlags.key56) >>>
  0;

/** NEGOTIATE_MESSAGE, [MS-NLMP] section 2.2.1.1. */
export function negotiateMessage(): Buffer {
  const message = Buffer.alloc(40);
  signature.copy(message);
  message.writeUInt32LE(1, 8);
  message.writeUInt32LE(wanted, 12);
  // Empty domain and workstation, both "at" the end of the message.
  message.writeUInt32LE(40, 20);
  message.writeUInt32LE(40, 28);
  return message;
}

/** A server's challenge, or undefined where the octets are no CHALLENGE_MESSAGE (section 2.2.1.2). */
export interface NtlmChallenge {
  readonly message: Buffer;
  readonly flags: number;
  readonly serverChallenge: Buffer;
  readonly targetInfo: Buffer;
}

export function readChallenge(message: Buffer): NtlmChallenge | undefined {
  if (message.length < 32 || !message.subarray(0, 8).equals(signature) || message.readUInt32LE(8) !== 2) {
    return undefined;
  }
  const flags = message.readUInt32LE(20);
  const hasInfo = (flags & ntlmFlags.targetInfo) !== 0 && message.length >= 48;
  return {
    message,
    flags,
    serverChallenge: message.subarray(24, 32),
    targetInfo: hasInfo ? fieldAt(message, 40) : Buffer.alloc(0),
  };
}

export interface Authentication {
  readonly account: NtlmAccount;
  readonly negotiate: Buffer;
  readonly challenge: NtlmChallenge;
  /** 8 random octets. */
  readonly clientChallenge: Buffer;
  /** FILETIME, where the server names none. */
  readonly now: Buffer;
  /** MD5 of the channel's gss_channel_bindings_struct; undefined without TLS. */
  readonly channelBinding: Buffer | undefined;
  /** `HTTP/mail.contoso.test` */
  readonly targetName: string;
}

const headLength = 88;
const micAt = 72;

/** AUTHENTICATE_MESSAGE, [MS-NLMP] sections 2.2.1.3 and 3.1.5.1.2, with a MIC where the server sent its time. */
export function authenticateMessage(given: Authentication): Buffer {
  const { account, challenge } = given;
  const pairs = new Map(decodeAvPairs(challenge.targetInfo));
  const time = pairs.get(avIds.timestamp);
  const withMic = time !== undefined;
  if (withMic) pairs.set(avIds.flags, withFlag(pairs.get(avIds.flags), avFlagMic));
  if (challenge.targetInfo.length > 0) {
    pairs.set(avIds.targetName, unicode(given.targetName));
    pairs.set(avIds.channelBindings, given.channelBinding ?? Buffer.alloc(16));
  }
  const { nt, lm, sessionBaseKey } = ntlmResponse({
    key: ntlmKey(account),
    serverChallenge: challenge.serverChallenge,
    clientChallenge: given.clientChallenge,
    time: time ?? given.now,
    targetInfo: encodeAvPairs(pairs),
  });
  // Section 3.1.5.1.2: with a timestamp there is no LM response.
  const fields = [withMic ? Buffer.alloc(24) : lm, nt, unicode(account.domain), unicode(account.user), unicode('')];
  const message = assemble(fields, (challenge.flags & wanted) >>> 0);
  if (withMic)
    hmacMd5(sessionBaseKey, Buffer.concat([given.negotiate, challenge.message, message])).copy(message, micAt);
  return message;
}

function assemble(fields: readonly Buffer[], flags: number): Buffer {
  const head = Buffer.alloc(headLength);
  signature.copy(head);
  head.writeUInt32LE(3, 8);
  let offset = headLength;
  for (const [index, field] of fields.entries()) {
    writeField(head, 12 + index * 8, { length: field.length, offset });
    offset += field.length;
  }
  // No session key of our own (section 2.2.1.3).
  writeField(head, 52, { length: 0, offset });
  head.writeUInt32LE(flags, 60);
  return Buffer.concat([head, ...fields]);
}

function writeField(message: Buffer, at: number, { length, offset }: { length: number; offset: number }): void {
  message.writeUInt16LE(length, at);
  message.writeUInt16LE(length, at + 2);
  message.writeUInt32LE(offset, at + 4);
}

/** A field by its length and offset; empty where it lies outside of the message. */
export function fieldAt(message: Buffer, at: number): Buffer {
  const length = message.readUInt16LE(at);
  const offset = message.readUInt32LE(at + 4);
  return offset + length <= message.length ? message.subarray(offset, offset + length) : Buffer.alloc(0);
}

function withFlag(value: Buffer | undefined, flag: number): Buffer {
  const flags = Buffer.alloc(4);
  flags.writeUInt32LE(((value?.length === 4 ? value.readUInt32LE(0) : 0) | flag) >>> 0);
  return flags;
}
