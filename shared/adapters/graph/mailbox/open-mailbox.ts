import type { GraphClient } from '../graph-client.ts';

export interface OpenMailbox {
  readonly client: GraphClient;
  /** Id of the user. */
  readonly user: string;
}
