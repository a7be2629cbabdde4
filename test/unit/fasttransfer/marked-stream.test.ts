import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { markedStream } from '../../../shared/adapters/graph/mailbox/fasttransfer/marked-stream.ts';
import { readExportedItem, isExportedItem, writeExportedItem } from '../../../shared/domain/items/exported-item.ts';
import { listContent } from '../../../simulator/exchange/practice-content.ts';
import { exportedData } from '../../../simulator/exchange/exported-data.ts';
import { PracticeMailbox } from '../../../simulator/exchange/practice-mailbox.ts';
import { exportedStream } from '../../../simulator/exchange-online/fast-transfer/exported-item.ts';
import { PropertyValues } from '../../../simulator/exchange-online/fast-transfer/property-values.ts';
import { readMessage } from '../../../simulator/exchange-online/fast-transfer/read-message.ts';

const set = '6f0c7d6e-3a52-4c0e-9d0b-51a6e0f2c8b7';
const mailbox = new PracticeMailbox('anna@contoso.test');
const exported = exportedData(
  mailbox.addContent(listContent('Board', [{ name: 'Cem', address: 'cem@fabrikam.test' }]), {
    itemClass: 'IPM.DistList',
    created: new Date(Date.UTC(2024, 5, 1)),
  }),
);

describe('A stream with properties of ours', () => {
  it('has them and everything that it had, to a reader that shares nothing with the writer', () => {
    const texts = fc.array(
      fc.string({ unit: 'grapheme', maxLength: 200 }).filter((text) => !text.includes('\0')),
      {
        minLength: 1,
        maxLength: 3,
      },
    );
    fc.assert(
      fc.property(texts, (values) => {
        const own = values.map((value, at) => ({ id: `String {${set.toUpperCase()}} Name Own${String(at)}`, value }));

        const marked = markedStream(exported, own) ?? Buffer.alloc(0);

        const [before, after] = [exported, marked].map((octets) => readMessage(exportedStream(octets)));
        const found = new PropertyValues(after?.properties ?? []);
        expect(values.map((_, at) => found.named(set, `Own${String(at)}`))).toEqual(
          values.map((value) => value.toWellFormed()),
        );
        expect(after?.properties.slice(values.length)).toEqual(before?.properties);
        expect([after?.recipients, after?.attachments]).toEqual([before?.recipients, before?.attachments]);
      }),
    );
  });

  it.each([
    ['is empty', Buffer.alloc(0)],
    ['has no buffer', exported.subarray(0, 54)],
    ['is cut off', exported.subarray(0, -1)],
    ['does not begin as an exported item', exported.subarray(16)],
    ['is something else', Buffer.from('BEGIN:VCARD')],
  ])('is none where it %s', (_what, stream) => {
    expect(markedStream(stream, [{ id: `String {${set}} Name Own`, value: 'x' }])).toBeUndefined();
  });
});

describe('An exported item', () => {
  it('travels with its stream, and comes apart again', () => {
    const octets = fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array));
    fc.assert(
      fc.property(octets, octets, (mime, stream) => {
        const written = writeExportedItem({ mime, stream });

        expect(isExportedItem(written)).toBe(true);
        expect(readExportedItem(written)).toEqual({ mime, stream });
      }),
    );
  });

  it('is none where it is cut off', () => {
    const written = writeExportedItem({ mime: Buffer.from('Subject: x\r\n\r\n'), stream: Buffer.from('abc') });

    expect(() => readExportedItem(written.subarray(0, 80))).toThrow('cut off');
    expect(isExportedItem(Buffer.from('Message-ID: <a@b>\r\n\r\n'))).toBe(false);
  });
});
