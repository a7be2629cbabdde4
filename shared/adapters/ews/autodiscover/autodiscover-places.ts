import { resolveSrv } from 'node:dns/promises';
import { request } from 'node:http';

/** Where an organisation may say how Exchange is reached. */
export interface AutodiscoverPlace {
  readonly url: string;
  /** False: nobody vouches for the address (plain HTTP, DNS): another domain than the mailbox's is not believed. */
  readonly isVouchedFor: boolean;
}

/** Asked one after the other, each only when those before gave nothing. */
export type AutodiscoverPlaces = (
  domain: string,
  signal: AbortSignal,
) => readonly (() => Promise<readonly AutodiscoverPlace[]>)[];

const path = '/autodiscover/autodiscover.xml';

/** https://learn.microsoft.com/exchange/client-developer/exchange-web-services/how-to-generate-a-list-of-autodiscover-endpoints */
export const usualPlaces: AutodiscoverPlaces = (domain, signal) => [
  () => Promise.resolve([{ url: `https://${domain}${path}`, isVouchedFor: true }]),
  () => Promise.resolve([{ url: `https://autodiscover.${domain}${path}`, isVouchedFor: true }]),
  () => redirectOf(`http://autodiscover.${domain}${path}`, signal),
  () => serviceOf(domain),
];

const redirectMs = 10_000;

/** Asks without credentials; what is answered is not believed but for the place that it names. */
export async function redirectOf(url: string, signal: AbortSignal): Promise<readonly AutodiscoverPlace[]> {
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  const asked = request(url, { method: 'GET', signal, timeout: redirectMs });
  asked.on('response', (response) => {
    response.resume();
    const isRedirect = [301, 302, 307, 308].includes(response.statusCode ?? 0);
    resolve(isRedirect ? response.headers.location : undefined);
  });
  // That nobody is there is the usual case.
  asked.on('error', () => {
    resolve(undefined);
  });
  asked.on('timeout', () => asked.destroy());
  asked.end();
  const location = await promise;
  signal.throwIfAborted();
  return location === undefined ? [] : [{ url: location, isVouchedFor: false }];
}

async function serviceOf(domain: string): Promise<readonly AutodiscoverPlace[]> {
  // That there is no such record is the usual case.
  const records = await resolveSrv(`_autodiscover._tcp.${domain}`).catch(() => []);
  return [...records]
    .sort((a, b) => a.priority - b.priority || b.weight - a.weight)
    .map(({ name, port }) => ({
      url: `https://${name}${port === 443 ? '' : `:${String(port)}`}${path}`,
      isVouchedFor: false,
    }));
}
