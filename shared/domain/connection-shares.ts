import type { PassKind } from './batch.ts';
import { incrementalLimit, type Endpoint } from './endpoint.ts';

/**
 * How many mailboxes of an endpoint may be open at a time in a pass of this kind: N or M, and no more than
 * `maxConnections`, since each takes a connection at least.
 */
export function mailboxLimit(endpoint: Endpoint, kind: PassKind): number {
  const wanted = kind === 'initial' ? endpoint.maxConcurrentMigrations : incrementalLimit(endpoint);
  return Math.min(wanted, endpoint.maxConnections ?? wanted);
}

/**
 * Connections that one mailbox may use at each server. `maxConnections` is divided among as many mailboxes as may be open:
 * a fixed share needs no bookkeeping between workers that could be wrong.
 */
export function connectionShare(endpoint: Endpoint): number {
  const { maxConnections, maxConnectionsPerMailbox } = endpoint;
  if (maxConnections === undefined) return maxConnectionsPerMailbox;
  const share = Math.floor(maxConnections / mailboxLimit(endpoint, 'initial'));
  return Math.max(1, Math.min(maxConnectionsPerMailbox, share));
}
