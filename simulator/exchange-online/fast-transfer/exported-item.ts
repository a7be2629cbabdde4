import { corruptStream } from './transfer-failure.ts';

const config = 1;
const transferBuffer = 2;
const isInterfaceOk = 3;
const tellPartnerVersion = 4;
const messageInterface = Buffer.from('0703020000000000c000000000000046', 'hex');
const oldestVersion = 0x0e00;

interface WrappedRecord {
  readonly opcode: number;
  readonly content: Buffer;
}

/**
 * The FastTransfer stream inside what ExportItems and exportItems give: records of opcode, length and content, which must
 * be Config, IsInterfaceOk for a message, TellPartnerVersion, and then nothing but buffers of the stream.
 */
export function exportedStream(data: Buffer): Buffer {
  const [first, second, third, ...buffers] = recordsOf(data);
  if (first?.opcode !== config || first.content.length !== 8) throw corruptStream('it does not begin with Config');
  if (first.content.readUInt32LE(4) !== 1) throw corruptStream('its transfer method is not CopyTo');
  if (second?.opcode !== isInterfaceOk || second.content.length !== 24) throw corruptStream('IsInterfaceOk is missing');
  if (!second.content.subarray(4, 20).equals(messageInterface)) throw corruptStream('it is no message');
  if (third?.opcode !== tellPartnerVersion || third.content.length !== 6)
    throw corruptStream('TellPartnerVersion is missing');
  if (third.content.readUInt16LE(0) < oldestVersion) throw corruptStream('its server is too old');
  if (buffers.length === 0 || buffers.some(({ opcode }) => opcode !== transferBuffer))
    throw corruptStream('something other than TransferBuffer follows');
  return Buffer.concat(buffers.map(({ content }) => content));
}

function recordsOf(data: Buffer): readonly WrappedRecord[] {
  const records: WrappedRecord[] = [];
  let at = 0;
  while (at < data.length) {
    if (at + 8 > data.length) throw corruptStream('a record is cut off');
    const [opcode, length] = [data.readUInt32LE(at), data.readUInt32LE(at + 4)];
    if (at + 8 + length > data.length) throw corruptStream('a record is longer than the data');
    records.push({ opcode, content: data.subarray(at + 8, at + 8 + length) });
    at += 8 + length;
  }
  return records;
}
