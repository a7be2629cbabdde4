import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { fingerprint, FingerprintKey } from '../../../shared/domain/item-digest.ts';
import {
  entityHeader,
  itemKey,
  readEntityHead,
  readItemEntity,
  writeItemEntity,
} from '../../../shared/domain/items/item-entity.ts';
import { classOf } from '../../../shared/domain/items/item-class.ts';
import { contentVersion, subjectOf, type NeutralItem } from '../../../shared/domain/items/neutral-item.ts';
import { sampleItems } from '../../support/items/sample-items.ts';

const facts = {
  key: itemKey('anna@contoso.test', 'AAE='),
  date: new Date('2026-11-20T10:00:00Z'),
  from: { name: 'Anna Müller', address: 'anna@contoso.test' },
};
const samples = Object.entries(sampleItems);
const { note } = sampleItems;

function headerOf(octets: Buffer): string {
  return entityHeader(octets).toString('latin1');
}

describe('An item that is no mail, as a MIME entity', () => {
  it.each(samples)('comes back as it was: %s', (_, item) => {
    const octets = writeItemEntity(facts, item);

    expect(readItemEntity(octets)).toEqual({
      key: facts.key,
      version: contentVersion(item),
      item,
    });
    expect(readEntityHead(entityHeader(octets))).toEqual({
      key: facts.key,
      version: contentVersion(item),
      kind: item.kind,
    });
  });

  it('has the header of a mail, in ASCII', () => {
    const item = { ...note, subject: 'Grüße\r\nBcc: x@y' };

    expect(headerOf(writeItemEntity(facts, item)).split('\r\n')).toEqual([
      `Message-ID: <${facts.key}.${contentVersion(item)}@items.stagecoach.invalid>`,
      'Date: Fri, 20 Nov 2026 10:00:00 +0000',
      `From: =?UTF-8?B?${Buffer.from('Anna Müller').toString('base64')}?= <anna@contoso.test>`,
      `Subject: =?UTF-8?B?${Buffer.from('Grüße Bcc: x@y').toString('base64')}?=`,
      'MIME-Version: 1.0',
      'Content-Type: application/vnd.stagecoach.item+json; class=note; version=1',
      'Content-Transfer-Encoding: base64',
      '',
      '',
    ]);
  });

  it('is the same in every octet for equal items, whatever the order of their properties', () => {
    for (const [, item] of samples) {
      const turned = Object.fromEntries(Object.entries(item).reverse()) as NeutralItem;
      expect(writeItemEntity(facts, turned)).toEqual(writeItemEntity(facts, item));
    }
  });

  it('keeps any subject in lines that mail may have, and no header can be smuggled in', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 400 }), fc.string({ unit: 'binary' }), (subject, name) => {
        const octets = writeItemEntity(
          { ...facts, from: { name, address: `${name}@contoso.test` } },
          { ...note, subject },
        );
        const lines = headerOf(octets).split('\r\n').slice(0, -2);
        expect(lines.every((line) => line.length <= 998 && /^[\x20-\x7e]+$/.test(line))).toBe(true);
        expect(lines.filter((line) => !line.startsWith(' ')).map((line) => line.split(':')[0])).toEqual([
          'Message-ID',
          'Date',
          'From',
          'Subject',
          'MIME-Version',
          'Content-Type',
          'Content-Transfer-Encoding',
        ]);
        const read = readItemEntity(octets);
        expect(read?.item).toEqual({ ...note, subject });
      }),
    );
  });

  it('gives another fingerprint for another content, and the same for the same', () => {
    const key = new FingerprintKey(Buffer.alloc(32, 1));
    const of = (item: NeutralItem): string =>
      fingerprint(writeItemEntity(facts, item).toString('latin1'), '20-Nov-2026 10:00:00 +0000', key).value;

    expect(of({ ...note, modified: '2026-11-21T00:00:00Z' })).toBe(of(note));
    expect(of({ ...note, colour: 'pink' })).not.toBe(of(note));
  });

  it('does not take a mail that is attached, made anew at each reading, for another content', () => {
    const attached = (content: string, name = 'mail'): NeutralItem => ({
      ...note,
      attachments: [
        {
          kind: 'item',
          name,
          contentType: 'message/rfc822',
          isInline: false,
          content: Buffer.from(content).toString('base64'),
        },
      ],
    });

    expect(contentVersion(attached('boundary 1'))).toBe(contentVersion(attached('boundary 2')));
    expect(contentVersion(attached('x', 'other'))).not.toBe(contentVersion(attached('x')));
  });

  it('says of mail that it is mail', () => {
    const mail = Buffer.from(
      'Message-ID: <1@x>\r\nSubject: x\r\nContent-Type: text/plain\r\n\r\n' +
        'Content-Type: application/vnd.stagecoach.item+json; class=note; version=1\r\n',
    );

    expect(readItemEntity(mail)).toBeNull();
    expect(readEntityHead(mail)).toBeNull();
  });

  it('is not read where it was cut off', () => {
    const octets = writeItemEntity(facts, note);

    expect(() => readItemEntity(octets.subarray(0, octets.length - 40))).toThrow();
  });

  it('has a class of folders for every kind, and a subject', () => {
    expect(samples.map(([, item]) => [item.kind, classOf(item.kind), subjectOf(item)])).toEqual([
      ['contact', 'contacts', 'Dr. Bea Example'],
      ['distribution-list', 'contacts', 'Board'],
      ['event', 'calendar', 'Weekly'],
      ['task', 'tasks', 'Write the report'],
      ['note', 'notes', 'Milk'],
    ]);
  });
});
