import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { AnswerReader, find, type XmlElement } from '../../../shared/adapters/ews/xml/xml-element.ts';
import { isFalseText, isTrueText, momentOfText } from '../../../shared/adapters/ews/xml/xml-values.ts';
import { escapeXml } from '../../../shared/adapters/exchange-http/escape-xml.ts';
import { XmlError } from '../../../shared/adapters/exchange-http/xml-reader.ts';

function read(
  text: string,
  cut = text.length,
): { readonly root: XmlElement; readonly messages: readonly XmlElement[] } {
  const reader = new AnswerReader();
  const octets = Buffer.from(text);
  const messages: XmlElement[] = [];
  for (let at = 0; at < octets.length; at += cut) messages.push(...reader.push(octets.subarray(at, at + cut)));
  return { root: reader.end(), messages };
}

const answer = `<?xml version="1.0" encoding="utf-8"?>
<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Header><h:ServerVersionInfo MajorVersion="14" MinorVersion='1' xmlns:h="x"/></s:Header>
<s:Body><m:GetItemResponse xmlns:m="y"><m:ResponseMessages><m:GetItemResponseMessage ResponseClass="Success"><m:Items><t:Message><t:MimeContent CharacterSet="UTF-8">${Buffer.from(
  'Subject: Grüße\r\n\r\nText',
).toString(
  'base64',
)}</t:MimeContent><t:Subject>A &lt;b&gt; &#x1;&#xE9; &amp;#x1; &unknown;</t:Subject></t:Message></m:Items></m:GetItemResponseMessage><!-- > --><m:GetItemResponseMessage ResponseClass="Error"><m:MessageText><![CDATA[a < b]]></m:MessageText></m:GetItemResponseMessage></m:ResponseMessages></m:GetItemResponse></s:Body></s:Envelope>`;

describe('an EWS answer', () => {
  it('is read the same wherever its octets are cut', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 200 }), (cut) => {
        const { root, messages } = read(answer, cut);

        expect(find(root, 'ServerVersionInfo')?.attributes).toMatchObject({ MajorVersion: '14', MinorVersion: '1' });
        expect(messages.map(({ attributes }) => attributes['ResponseClass'])).toEqual(['Success', 'Error']);
        const mime = find(messages[0], 'MimeContent');
        expect(Buffer.concat([...(mime?.octets ?? [])]).toString()).toBe('Subject: Grüße\r\n\r\nText');
        expect(find(messages[0], 'Subject')?.text).toBe('A <b> \uFFFDé &#x1; &unknown;');
        expect(find(messages[1], 'MessageText')?.text).toBe('a < b');
      }),
    );
  });

  it('gives back any text that was escaped', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        const { root } = read(`<a b="${escapeXml(text)}">${escapeXml(text)}</a>`);
        const clean = text.replaceAll('\r', '\r');
        expect(root).toMatchObject({ text: clean, attributes: { b: clean } });
      }),
    );
  });

  it.each([
    ['breaks off', '<a><b>text'],
    ['breaks off in a tag', '<a><b></b></a'],
    ['has tags that do not match', '<a><b></a></b>'],
    ['has a DTD', '<!DOCTYPE a [<!ENTITY b "cc">]><a>&b;</a>'],
  ])('is refused where it %s', (_, text) => {
    expect(() => read(text)).toThrow(XmlError);
  });
});

describe('a value of an EWS answer', () => {
  it.each([
    ['true', true, false],
    ['1', true, false],
    ['false', false, true],
    ['0', false, true],
    ['\n true ', true, false],
    ['', false, false],
    [undefined, false, false],
  ])('that says %j is true or not', (text, isTrue, isFalse) => {
    expect([isTrueText(text), isFalseText(text)]).toEqual([isTrue, isFalse]);
  });

  it.each([
    ['2026-03-01T09:30:15Z', '2026-03-01T09:30:15.000Z'],
    ['2026-03-01T09:30:15.1234567Z', '2026-03-01T09:30:15.123Z'],
    ['2026-03-01T11:30:15.0000000+02:00', '2026-03-01T09:30:15.000Z'],
    ['2026-03-01T09:30:15', '2026-03-01T09:30:15.000Z'],
    ['2026-03-01', '2026-03-01T00:00:00.000Z'],
    ['soon', undefined],
    [undefined, undefined],
  ])('that says %j is a moment', (text, moment) => {
    expect(momentOfText(text)?.toISOString()).toBe(moment);
  });
});
