import { itemStream } from './item-stream.ts';
import { mailStream } from './mail-stream.ts';
import type { PracticeItem } from './practice-mailbox.ts';
import { word } from './stream-values.ts';

/** Longest buffer of Exchange's own exports. */
const longestBuffer = 31_680;

/** What ExportItems answers for an item: records of Config, IsInterfaceOk, TellPartnerVersion, and buffers of its stream. */
export function exportedData(item: PracticeItem): Buffer {
  const content = item.content === undefined ? mailStream(item.mime(), item) : itemStream(item.content, item);
  const record = (opcode: number, octets: Buffer): Buffer => Buffer.concat([word(opcode, octets.length), octets]);
  const buffers: Buffer[] = [];
  for (let from = 0; from < content.length; from += longestBuffer)
    buffers.push(record(2, content.subarray(from, from + longestBuffer)));
  return Buffer.concat([
    record(1, Buffer.from('0000000001000000', 'hex')),
    record(3, Buffer.from('010000000703020000000000c00000000000004600240080', 'hex')),
    record(4, Buffer.from('010eda800000', 'hex')),
    ...buffers,
  ]);
}
