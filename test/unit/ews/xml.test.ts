import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { AnswerReader, escapeXml, find, type XmlElement } from '../../../shared/adapters/ews/xml/xml-element.ts';
import { XmlError } from '../../../shared/adapters/ews/xml/xml-reader.ts';

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
