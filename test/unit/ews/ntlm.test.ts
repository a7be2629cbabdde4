import { describe, expect, it } from '@jest/globals';
import { md4 } from '../../../shared/adapters/exchange-http/ntlm/md4.ts';
import { ntlmAccount, ntlmKey, ntlmResponse } from '../../../shared/adapters/exchange-http/ntlm/ntlm-response.ts';
import {
  avIds,
  decodeAvPairs,
  encodeAvPairs,
  ntlmFlags,
  unicode,
} from '../../../shared/adapters/exchange-http/ntlm/ntlm-values.ts';
import {
  authenticateMessage,
  negotiateMessage,
  readChallenge,
} from '../../../shared/adapters/exchange-http/ntlm/ntlm-messages.ts';

const hex = (octets: Uint8Array): string => Buffer.from(octets).toString('hex');

describe('MD4', () => {
  it.each([
    ['', '31d6cfe0d16ae931b73c59d7e0c089c0'],
    ['a', 'bde52cb31de33e46245e05fbdbd6fb24'],
    ['abc', 'a448017aaf21d8525fc10ae87aa6729d'],
    ['message digest', 'd9130a8164549fe818874806e1c7014b'],
    ['abcdefghijklmnopqrstuvwxyz', 'd79e1c308aa5bbcdeea8ed63df412da9'],
    ['ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789', '043f8582f241db351ce627e153e7f0e4'],
    ['1234567890'.repeat(8), 'e33b4ddc9c38f2199c3e7b164fcc0536'],
  ])('of %j is as in RFC 1320, A.5', (text, digest) => {
    expect(hex(md4(Buffer.from(text)))).toBe(digest);
  });
});

/** [MS-NLMP] section 4.2.1 and 4.2.4: the values that Microsoft publishes. */
const account = { domain: 'Domain', user: 'User', password: 'Password' };
const serverChallenge = Buffer.from('0123456789abcdef', 'hex');
const clientChallenge = Buffer.alloc(8, 0xaa);
const targetInfo = encodeAvPairs(
  new Map([
    [avIds.domainName, unicode('Domain')],
    [avIds.computerName, unicode('Server')],
  ]),
);

describe('NTLM v2, by the published vectors of [MS-NLMP] 4.2.4', () => {
  it('hashes the password', () => {
    expect(hex(md4(unicode('Password')))).toBe('a4f49c406510bdcab6824ee7c30fd852');
  });

  it('makes the key of name, domain and password (4.2.4.1.1)', () => {
    expect(hex(ntlmKey(account))).toBe('0c868a403bfd7a93a3001ef22ef02e3f');
  });

  it('makes session key and both responses (4.2.4.1.2, 4.2.4.2)', () => {
    const response = ntlmResponse({
      key: ntlmKey(account),
      serverChallenge,
      clientChallenge,
      time: Buffer.alloc(8),
      targetInfo,
    });

    expect(hex(response.sessionBaseKey)).toBe('8de40ccadbc14a82f15cb0ad0de95ca3');
    expect(hex(response.nt.subarray(0, 16))).toBe('68cd0ab851e51c96aabc927bebef6a1c');
    expect(hex(response.lm)).toBe('86c35097ac9cec102554764a57cccc19aaaaaaaaaaaaaaaa');
  });
});

describe('an NTLM account', () => {
  it.each([
    ['CONTOSO\\migadmin', 'CONTOSO', 'migadmin'],
    ['contoso/migadmin', 'contoso', 'migadmin'],
    ['migadmin@contoso.test', '', 'migadmin@contoso.test'],
    ['migadmin', '', 'migadmin'],
  ])('%s has the domain %j and the name %s', (name, domain, user) => {
    expect(ntlmAccount(name, 'pw')).toEqual({ domain, user, password: 'pw' });
  });
});

function challengeMessage(info: Buffer): Buffer {
  const message = Buffer.alloc(48);
  message.write('NTLMSSP\0', 'latin1');
  message.writeUInt32LE(2, 8);
  message.writeUInt32LE(
    (ntlmFlags.unicode | ntlmFlags.ntlm | ntlmFlags.targetInfo | ntlmFlags.extendedSessionSecurity) >>> 0,
    20,
  );
  serverChallenge.copy(message, 24);
  message.writeUInt16LE(info.length, 40);
  message.writeUInt16LE(info.length, 42);
  message.writeUInt32LE(48, 44);
  return Buffer.concat([message, info]);
}

describe('an AUTHENTICATE_MESSAGE', () => {
  const given = {
    account,
    negotiate: negotiateMessage(),
    clientChallenge,
    now: Buffer.alloc(8),
    channelBinding: Buffer.alloc(16, 7),
    targetName: 'HTTP/mail.contoso.test',
  };

  it('has a MIC, the channel binding and no LM response where the server sent its time', () => {
    const info = encodeAvPairs(new Map([[avIds.timestamp, Buffer.alloc(8, 1)]]));
    const challenge = readChallenge(challengeMessage(info))!;

    const message = authenticateMessage({ ...given, challenge });

    const nt = message.subarray(message.readUInt32LE(24), message.readUInt32LE(24) + message.readUInt16LE(20));
    const pairs = decodeAvPairs(nt.subarray(44));
    expect(hex(pairs.get(avIds.channelBindings)!)).toBe('07'.repeat(16));
    expect(pairs.get(avIds.targetName)!.toString('utf16le')).toBe('HTTP/mail.contoso.test');
    expect(pairs.get(avIds.flags)!.readUInt32LE(0)).toBe(2);
    expect(hex(message.subarray(72, 88))).not.toBe('00'.repeat(16));
    expect(hex(message.subarray(88, 112))).toBe('00'.repeat(24));
  });

  it('has none of these where the server is older', () => {
    const challenge = readChallenge(challengeMessage(targetInfo))!;

    const message = authenticateMessage({ ...given, challenge });

    expect(hex(message.subarray(72, 88))).toBe('00'.repeat(16));
    expect(hex(message.subarray(88, 112))).toBe('86c35097ac9cec102554764a57cccc19aaaaaaaaaaaaaaaa');
  });

  it('is not made of what is no challenge', () => {
    expect(readChallenge(Buffer.from('NTLMSSP\0 but nothing else'))).toBeUndefined();
  });
});
