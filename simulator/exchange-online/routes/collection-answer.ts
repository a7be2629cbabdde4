import { ok, type GraphAnswer, type GraphCall } from '../graph-call.ts';
import { answerCollection, type CollectionEntry } from '../odata/collection.ts';

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
