import { AnswerReader, type XmlElement } from '../../shared/adapters/ews/xml/xml-element.ts';

/** The root of a request; throws where it is no XML. */
export function parseXml(text: Buffer | string): XmlElement {
  const reader = new AnswerReader();
  reader.push(Buffer.from(text));
  return reader.end();
}
