import type { ExchangeOnline } from '../../domain/endpoint.ts';
import { addressesOf } from './clouds.ts';
import { GraphClient } from './graph-client.ts';
import { directoryLimits, outlookLimits, sharedLimiter } from './mailbox-limiter.ts';
import { tokensFor, type SignInServices } from './sign-in.ts';

/**
 * Graph for one mailbox of an organisation, or for its directory (`mailbox` undefined). Nothing is sent before the first
 * request. `mailbox`: the user's object id, so that all connections of a mailbox count together.
 */
export function openGraph(
  services: SignInServices,
  target: ExchangeOnline,
  { mailbox, signal }: { readonly mailbox: string | undefined; readonly signal: AbortSignal },
): GraphClient {
  const { graph, graphScope } = addressesOf(target);
  const key = [graph, target.tenant, target.clientId, mailbox?.toLowerCase() ?? ''].join('\n').toLowerCase();
  const limits = mailbox === undefined ? directoryLimits : outlookLimits;
  return new GraphClient({
    root: graph,
    tokens: tokensFor(services, target, graphScope),
    clock: services.clock,
    limiter: () => sharedLimiter(services.clock, key, limits),
    signal,
  });
}
