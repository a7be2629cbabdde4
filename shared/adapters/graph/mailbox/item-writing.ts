import type { GraphClient } from '../graph-client.ts';
import type { SingleValueProperty } from './graph-message.ts';

/** An item that is no mail, in the words of Graph. */
export interface WritableItem {
  /** What its first call takes, without what marks it as ours. */
  readonly body: Readonly<Record<string, unknown>>;
  readonly properties: readonly SingleValueProperty[];
  /** Each makes calls of its own once the item is there, and says what was lost. Done twice, it is done once. */
  readonly later: readonly ((client: GraphClient, item: string) => Promise<readonly string[]>)[];
  /** Short names: see `loss-words.ts`. */
  readonly losses: readonly string[];
}
