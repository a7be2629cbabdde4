import { badRequest } from '../graph-failure.ts';
import { objectsAt, textAt, textsAt, type JsonObject } from '../json-object.ts';
import type { OnlineItem } from './online-item.ts';
import { propertyId, propertyValue } from './property-id.ts';

/** Extended properties of a request's body, by the id that the service keeps. */
export function extendedValues(body: JsonObject): Pick<OnlineItem, 'single' | 'multiple'> {
  return { single: singleValues(body), multiple: multipleValues(body) };
}

function singleValues(body: JsonObject): Map<string, string> {
  return new Map(
    objectsAt(body, 'singleValueExtendedProperties').map((property) => {
      const id = propertyId(textAt(property, 'id') ?? '');
      const value = textAt(property, 'value');
      if (value === undefined) throw badRequest(`The extended property '${id}' has no value.`, 'ErrorInvalidProperty');
      return [id, propertyValue(id, value)] as const;
    }),
  );
}

function multipleValues(body: JsonObject): Map<string, readonly string[]> {
  return new Map(
    objectsAt(body, 'multiValueExtendedProperties').map((property) => [
      propertyId(textAt(property, 'id') ?? ''),
      textsAt(property, 'value'),
    ]),
  );
}
