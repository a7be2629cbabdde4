import { ok, type GraphAnswer, type GraphCall } from '../graph-call.ts';
import type { JsonObject } from '../json-object.ts';
import { answerCollection, selected, type CollectionEntry } from '../odata/collection.ts';

/** A collection of a mailbox: ten entries a page unless more are asked for. */
export function collectionAnswer(
  call: GraphCall,
  entries: readonly CollectionEntry[],
  more: { readonly defaultTop?: number; readonly orderedFilter?: boolean } = {},
): GraphAnswer {
  return ok(
    answerCollection(entries, {
      query: call.query,
      address: call.address,
      defaultTop: more.defaultTop ?? 10,
      mostTop: 1_000,
      orderedFilter: more.orderedFilter,
      maxPageSize: call.preferences.maxPageSize,
    }),
  );
}

/** The same of entries that are filtered, sorted and shown as they are, but for what $select leaves out. */
export function jsonCollection(
  call: GraphCall,
  entries: readonly JsonObject[],
  more: { readonly defaultTop?: number } = {},
): GraphAnswer {
  const select = call.query.get('$select');
  const shown = entries.map((json) => ({ facts: json, shown: () => selected(json, select) }));
  return collectionAnswer(call, shown, more);
}
