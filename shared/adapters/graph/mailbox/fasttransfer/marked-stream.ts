import type { SingleValueProperty } from '../graph-message.ts';

/**
 * An exported item with properties of ours, which Graph then shows as extended properties: so an imported item is known
 * from the moment in which it is there. The stream itself stays as it is, octet by octet, and is not read: Exchange reads
 * all of its buffers as one, which begins with the item's properties in any order ([MS-OXCFXICS] section 2.2.4.3,
 * `messageContent = propList messageChildren`). Ours are a buffer in front of the first one.
 *
 * Undefined: it does not begin as an exported item does, or is cut off.
 */
export function markedStream(stream: Buffer, properties: readonly SingleValueProperty[]): Buffer | undefined {
  const at = beginningOfBuffers(stream);
  const own = Buffer.concat(properties.map(namedText));
  if (at === undefined || own.length > longestBuffer) return undefined;
  return Buffer.concat([stream.subarray(0, at), words(transferBuffer, own.length), own, stream.subarray(at)]);
}

/**
 * Records of an exported item, by their numbers: Config, IsInterfaceOk and TellPartnerVersion in front of nothing but
 * TransferBuffer, as in the example of https://learn.microsoft.com/graph/import-exchange-mailbox-item
 */
const [config, transferBuffer, isInterfaceOk, tellPartnerVersion] = [1, 2, 3, 4] as const;
/** Exchange writes none that is longer. */
const longestBuffer = 31_680;

function beginningOfBuffers(stream: Buffer): number | undefined {
  const expected = [config, isInterfaceOk, tellPartnerVersion];
  let beginning: number | undefined;
  let at = 0;
  for (let number = 0; at < stream.length; number += 1) {
    if (at + 8 > stream.length) return undefined;
    if (stream.readUInt32LE(at) !== (expected[number] ?? transferBuffer)) return undefined;
    if (number === expected.length) beginning = at;
    at += 8 + stream.readUInt32LE(at + 4);
  }
  return at === stream.length ? beginning : undefined;
}

/** PtypString, [MS-OXCDATA] section 2.11.1. */
const unicodeText = 0x001f;
/** Named properties are numbered from 0x8000 on by who writes them; the name behind it is what counts. */
const ownNumber = 0xfff0;

/** propValue of [MS-OXCFXICS] section 2.2.4.1: type and number, set, name, and the text with its end. */
function namedText({ id, value }: SingleValueProperty, position: number): Buffer {
  const [, set = '', name = ''] = /^String \{([0-9a-f-]{36})\} Name (.+)$/i.exec(id) ?? [];
  if (name === '') throw new Error('Only texts with a name are written into a stream.');
  const content = Buffer.from(`${value}\0`, 'utf16le');
  return Buffer.concat([
    words((ownNumber + position) * 0x1_0000 + unicodeText),
    guid(set),
    Buffer.from([1]),
    Buffer.from(`${name}\0`, 'utf16le'),
    words(content.length),
    content,
  ]);
}

function words(...values: readonly number[]): Buffer {
  const octets = Buffer.alloc(4 * values.length);
  for (const [at, value] of values.entries()) octets.writeUInt32LE(value, 4 * at);
  return octets;
}

/** [MS-DTYP] section 2.3.4.2: its first three groups are numbers, little end first. */
function guid(text: string): Buffer {
  const [a = '', b = '', c = '', ...rest] = text.split('-');
  const numbers = [a, b, c].map((group) => Buffer.from(group, 'hex').reverse());
  return Buffer.concat([...numbers, Buffer.from(rest.join(''), 'hex')]);
}
