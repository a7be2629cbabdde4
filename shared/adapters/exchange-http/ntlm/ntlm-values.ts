/** Names and numbers of [MS-NLMP], https://learn.microsoft.com/openspecs/windows_protocols/ms-nlmp */

export const signature = Buffer.from('NTLMSSP\0', 'latin1');

/** Section 2.2.2.5. */
export const ntlmFlags = {
  unicode: 0x00000001,
  requestTarget: 0x00000004,
  sign: 0x00000010,
  ntlm: 0x00000200,
  alwaysSign: 0x00008000,
  targetTypeDomain: 0x00010000,
  extendedSessionSecurity: 0x00080000,
  targetInfo: 0x00800000,
  key128: 0x20000000,
  key56: 0x80000000,
} as const;

/** AV_PAIR ids, section 2.2.2.1. */
export const avIds = {
  end: 0,
  computerName: 1,
  domainName: 2,
  dnsComputerName: 3,
  dnsDomainName: 4,
  flags: 6,
  timestamp: 7,
  targetName: 9,
  channelBindings: 10,
} as const;

/** MsvAvFlags: the AUTHENTICATE_MESSAGE carries a MIC. */
export const avFlagMic = 0x2;

export type AvPairs = ReadonlyMap<number, Buffer>;

export function decodeAvPairs(octets: Buffer): AvPairs {
  const pairs = new Map<number, Buffer>();
  for (let at = 0; at + 4 <= octets.length;) {
    const id = octets.readUInt16LE(at);
    const length = octets.readUInt16LE(at + 2);
    if (id === avIds.end) break;
    pairs.set(id, octets.subarray(at + 4, at + 4 + length));
    at += 4 + length;
  }
  return pairs;
}

export function encodeAvPairs(pairs: AvPairs): Buffer {
  const parts = [...pairs].map(([id, value]) => Buffer.concat([avHead(id, value.length), value]));
  return Buffer.concat([...parts, avHead(avIds.end, 0)]);
}

function avHead(id: number, length: number): Buffer {
  const head = Buffer.alloc(4);
  head.writeUInt16LE(id, 0);
  head.writeUInt16LE(length, 2);
  return head;
}

export function unicode(text: string): Buffer {
  return Buffer.from(text, 'utf16le');
}

/** FILETIME: 100 ns since 1601. */
export function fileTime(epochMs: number): Buffer {
  const octets = Buffer.alloc(8);
  octets.writeBigUInt64LE((BigInt(epochMs) + 11_644_473_600_000n) * 10_000n);
  return octets;
}
