import { objectAt, type JsonObject } from '../json-object.ts';
import type { OnlineItem } from '../store/online-item.ts';

/** The body of an item, which is of that type unless it says otherwise, and its first words. */
export function shownBody({ properties }: OnlineItem, contentType: 'text' | 'html'): JsonObject {
  const body = { contentType, content: '', ...objectAt(properties, 'body') };
  // Enough of a long body to find words among its tags.
  const beginning = body.content.slice(0, 2_000).replaceAll(/<[^>]*>/g, '');
  return { body, bodyPreview: beginning.slice(0, 255) };
}
