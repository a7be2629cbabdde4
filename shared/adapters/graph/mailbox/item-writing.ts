import type { GraphClient } from '../graph-client.ts';
import type { AttachedFile, SingleValueProperty } from './graph-message.ts';

/** Makes calls of its own and says what was lost (short names). Done twice, it is done once. */
export type LaterCall = (
  client: GraphClient,
  /** Path of the item. */
  item: string,
  /** `isResumed`: the item was left half done, and its user may have changed it since. What is his stays. */
  about: { readonly isResumed: boolean },
) => Promise<readonly string[]>;

/** An item that is no mail, in the words of Graph. */
export interface WritableItem {
  /** What its first call takes, without what marks it as ours. */
  readonly body: Readonly<Record<string, unknown>>;
  readonly properties: readonly SingleValueProperty[];
  /** Attached one after the other, once the item is there. */
  readonly files: readonly AttachedFile[];
  /** Behind the files. */
  readonly later: readonly LaterCall[];
  /** Short names: see `loss-words.ts`. */
  readonly losses: readonly string[];
}
