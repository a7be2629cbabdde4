import { randomBytes, timingSafeEqual } from 'node:crypto';
import { fieldAt } from '../../shared/adapters/exchange-http/ntlm/ntlm-messages.ts';
import { hmacMd5, ntlmKey } from '../../shared/adapters/exchange-http/ntlm/ntlm-response.ts';
import {
  avFlagMic,
  avIds,
  decodeAvPairs,
  encodeAvPairs,
  fileTime,
  ntlmFlags,
  signature,
  unicode,
} from '../../shared/adapters/exchange-http/ntlm/ntlm-values.ts';

export interface NtlmRules {
  /** Password of an account, `DOMAIN\user` or `user@domain` in lower case; undefined: there is none. */
  readonly passwordOf: (account: string) => string | undefined;
  readonly domain: string;
  /** Windows Server 2008 R2 and newer send their time, and then want a MIC. */
  readonly sendsTime: boolean;
  /** MD5 of the channel's bindings that clients must name (Extended Protection); undefined: it is not looked at. */
  readonly channelBinding: Buffer | undefined;
}

export type NtlmAnswer =
  | { readonly outcome: 'challenge'; readonly token: Buffer }
  | { readonly outcome: 'accepted'; readonly account: string }
  | { readonly outcome: 'refused'; readonly why: string };

/** The server's side of NTLM v2 on one connection, [MS-NLMP] section 3.2. */
export class NtlmAcceptor {
  readonly #rules: NtlmRules;
  #negotiate: Buffer = Buffer.alloc(0);
  #challenge: Buffer = Buffer.alloc(0);

  constructor(rules: NtlmRules) {
    this.#rules = rules;
  }

  take(message: Buffer): NtlmAnswer {
    if (message.length < 12 || !message.subarray(0, 8).equals(signature)) return refused('no NTLM message');
    const type = message.readUInt32LE(8);
    if (type === 1) {
      this.#negotiate = message;
      this.#challenge = this.#makeChallenge();
      return { outcome: 'challenge', token: this.#challenge };
    }
    if (type !== 3 || this.#challenge.length === 0) return refused('a message out of turn');
    return this.#judge(message);
  }

  #makeChallenge(): Buffer {
    const { domain, sendsTime } = this.#rules;
    const name = unicode(domain);
    const info = encodeAvPairs(
      new Map([
        [avIds.domainName, name],
        [avIds.computerName, unicode('PRACTICE')],
        [avIds.dnsDomainName, unicode(`${domain.toLowerCase()}.test`)],
        [avIds.dnsComputerName, unicode(`practice.${domain.toLowerCase()}.test`)],
        ...(sendsTime ? [[avIds.timestamp, fileTime(Date.now())] as const] : []),
      ]),
    );
    const head = Buffer.alloc(56);
    signature.copy(head);
    head.writeUInt32LE(2, 8);
    writeField(head, 12, { length: name.length, offset: 56 });
    const flags =
      ntlmFlags.unicode |
      ntlmFlags.requestTarget |
      ntlmFlags.ntlm |
      ntlmFlags.alwaysSign |
      ntlmFlags.targetTypeDomain |
      ntlmFlags.extendedSessionSecurity |
      ntlmFlags.targetInfo |
      ntlmFlags.key128 |
      ntlmFlags.key56;
    head.writeUInt32LE(flags >>> 0, 20);
    randomBytes(8).copy(head, 24);
    writeField(head, 40, { length: info.length, offset: 56 + name.length });
    return Buffer.concat([head, name, info]);
  }

  #judge(message: Buffer): NtlmAnswer {
    const response = fieldAt(message, 20);
    const domain = fieldAt(message, 28).toString('utf16le');
    const user = fieldAt(message, 36).toString('utf16le');
    const account = domain === '' ? user : `${domain}\\${user}`;
    const password = this.#rules.passwordOf(account.toLowerCase());
    if (password === undefined || response.length < 44) return refused('an unknown account, or no NTLM v2');
    const key = ntlmKey({ domain, user, password });
    const blob = response.subarray(16);
    const proof = hmacMd5(key, Buffer.concat([this.#challenge.subarray(24, 32), blob]));
    if (!timingSafeEqual(proof, response.subarray(0, 16))) return refused('a wrong password');
    const pairs = decodeAvPairs(blob.subarray(28));
    const { channelBinding, sendsTime } = this.#rules;
    if (channelBinding !== undefined && pairs.get(avIds.channelBindings)?.equals(channelBinding) !== true)
      return refused('no channel binding, or that of another channel');
    const hasMic = ((pairs.get(avIds.flags)?.readUInt32LE(0) ?? 0) & avFlagMic) !== 0;
    if (hasMic && !this.#micIsRight(message, hmacMd5(key, proof))) return refused('a wrong MIC');
    if (sendsTime && channelBinding !== undefined && !hasMic) return refused('no MIC');
    return { outcome: 'accepted', account: account.toLowerCase() };
  }

  #micIsRight(message: Buffer, sessionKey: Buffer): boolean {
    const without = Buffer.from(message);
    without.fill(0, 72, 88);
    const mic = hmacMd5(sessionKey, Buffer.concat([this.#negotiate, this.#challenge, without]));
    return mic.equals(message.subarray(72, 88));
  }
}

function refused(why: string): NtlmAnswer {
  return { outcome: 'refused', why };
}

function writeField(message: Buffer, at: number, { length, offset }: { length: number; offset: number }): void {
  message.writeUInt16LE(length, at);
  message.writeUInt16LE(length, at + 2);
  message.writeUInt32LE(offset, at + 4);
}
