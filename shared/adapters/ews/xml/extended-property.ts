import { childOf, textOf, type XmlElement } from './xml-element.ts';

/**
 * Value of a MAPI property that was asked for by its tag, which a server may write in another way: in upper or lower case,
 * without its zeros, in decimal (PropertyTagType of the schema of EWS).
 */
export function propertyOf(element: XmlElement, tag: string): string | undefined {
  const wanted = Number(tag);
  const property = element.children.find(
    (child) =>
      child.name === 'ExtendedProperty' &&
      Number(childOf(child, 'ExtendedFieldURI')?.attributes['PropertyTag'] ?? '-1') === wanted,
  );
  return property === undefined ? undefined : textOf(property, 'Value');
}

/** The same of one that was asked for by number or name in a set of properties; no two that we ask for have the same. */
export function namedPropertyOf(
  element: XmlElement,
  wanted: { readonly id?: number; readonly name?: string },
): string | undefined {
  const property = element.children.find((child) => {
    if (child.name !== 'ExtendedProperty') return false;
    const { PropertyId, PropertyName } = childOf(child, 'ExtendedFieldURI')?.attributes ?? {};
    return wanted.name === undefined ? Number(PropertyId) === wanted.id : PropertyName === wanted.name;
  });
  return property === undefined ? undefined : textOf(property, 'Value');
}
