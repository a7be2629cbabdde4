import { childOf, textOf, type XmlElement } from './xml-element.ts';

/** Value of a MAPI property that was asked for by its tag; servers write tags in upper or lower case, with or without zeros. */
export function propertyOf(element: XmlElement, tag: string): string | undefined {
  const wanted = parseInt(tag, 16);
  const property = element.children.find(
    (child) =>
      child.name === 'ExtendedProperty' &&
      parseInt(childOf(child, 'ExtendedFieldURI')?.attributes['PropertyTag'] ?? '', 16) === wanted,
  );
  return property === undefined ? undefined : textOf(property, 'Value');
}
