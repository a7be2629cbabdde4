import type { ExchangeServer } from '../../../domain/endpoint.ts';
import { ConfigurationError, isKnownError } from '../../../domain/errors.ts';
import { escapeXml } from '../../exchange-http/escape-xml.ts';
import type { ConnectionSettings } from '../../exchange-http/exchange-http.ts';
import { XmlError } from '../../exchange-http/xml-reader.ts';
import { shortText } from '../../short-text.ts';
import { EwsTransport } from '../ews-transport.ts';
import { AnswerReader, childOf, find, textOf, type XmlElement } from '../xml/xml-element.ts';
import { usualPlaces, type AutodiscoverPlace, type AutodiscoverPlaces } from './autodiscover-places.ts';
import { domainOf } from '../../../domain/batch-file/smtp-address.ts';

export interface AutodiscoverRequest extends ConnectionSettings {
  /** Of a mailbox whose server is looked for. */
  readonly address: string;
  readonly server: Pick<ExchangeServer, 'auth' | 'tls'>;
  /** What Active Directory names (serviceBindingInformation of its connection points), best first. */
  readonly connectionPoints?: readonly string[] | undefined;
  readonly places?: AutodiscoverPlaces | undefined;
}

/** https://learn.microsoft.com/exchange/client-developer/exchange-web-services/handling-autodiscover-error-messages */
const mostRedirects = 10;

type Answer =
  | { readonly outcome: 'found'; readonly ewsUrl: string }
  | { readonly outcome: 'address'; readonly address: string }
  | { readonly outcome: 'url'; readonly url: string; readonly isVouchedFor: boolean }
  | { readonly outcome: 'nothing'; readonly why: string };

/**
 * Asks for the address of Exchange Web Services by POX Autodiscover. Credentials go only to https addresses whose
 * certificate is good, and, where nobody vouches for an address, only into the mailbox's own domain: whoever answers for
 * a DNS name must not be sent a password by it. Rejects with ConfigurationError AUTODISCOVER_FAILED, and with
 * MailboxBlockedError SOURCE_SIGN_IN_FAILED at once, since the same wrong password at several places locks an account.
 */
export async function findEwsUrl(request: AutodiscoverRequest): Promise<string> {
  const search = new Search(request);
  return search.run();
}

class Search {
  readonly #request: AutodiscoverRequest;
  readonly #visited = new Set<string>();
  readonly #failures: string[] = [];
  #address: string;
  #redirects = 0;

  constructor(request: AutodiscoverRequest) {
    this.#request = request;
    this.#address = request.address;
  }

  async run(): Promise<string> {
    for (;;) {
      const before = this.#address;
      const found = await this.#atPlaces();
      if (found !== undefined) return found;
      // Another address was named: its organisation is asked from the beginning.
      if (this.#address === before) throw this.#failed();
    }
  }

  async #atPlaces(): Promise<string | undefined> {
    const { connectionPoints = [], places = usualPlaces, signal } = this.#request;
    const points = connectionPoints.map((url): AutodiscoverPlace => ({ url, isVouchedFor: true }));
    const address = this.#address;
    for (const look of [() => Promise.resolve(points), ...places(domainOf(address), signal)]) {
      for (const place of await look()) {
        const found = await this.#follow(place);
        if (found !== undefined || this.#address !== address) return found;
      }
    }
    return undefined;
  }

  /** Undefined: nothing was found there, or another address was named. */
  async #follow(start: AutodiscoverPlace): Promise<string | undefined> {
    let place: AutodiscoverPlace | undefined = start;
    while (place !== undefined) {
      const answer = await this.#ask(place);
      place = undefined;
      if (answer.outcome === 'found') return answer.ewsUrl;
      if (answer.outcome === 'nothing') {
        this.#failures.push(answer.why);
        return undefined;
      }
      this.#redirects += 1;
      if (this.#redirects > mostRedirects) throw this.#failed('it is redirected again and again');
      if (answer.outcome === 'url') place = answer;
      else this.#address = answer.address;
    }
    return undefined;
  }

  async #ask({ url, isVouchedFor }: AutodiscoverPlace): Promise<Answer> {
    const nothing = (why: string): Answer => ({ outcome: 'nothing', why });
    const parsed = URL.canParse(url) ? new URL(url) : undefined;
    if (parsed?.protocol !== 'https:') return nothing(`${parsed?.host ?? 'a place'}: it is no https address`);
    if (!isVouchedFor && !isWithin(parsed.hostname, domainOf(this.#address)))
      return nothing(`${parsed.host}: it is in another domain, and nobody vouches for it`);
    const visit = `${this.#address.toLowerCase()} ${parsed.href}`;
    if (this.#visited.has(visit)) return nothing(`${parsed.host}: it was asked before`);
    this.#visited.add(visit);
    const { account, clock, server, signal } = this.#request;
    const transport = new EwsTransport({ server: { ...server, ewsUrl: parsed.href }, account, clock, signal });
    try {
      const reader = new AnswerReader();
      const answer = await transport.ask(askedFor(this.#address), { 'Content-Type': 'text/xml; charset=utf-8' });
      // Whoever has the web page of a domain may send its visitors anywhere: that is not a word of Exchange.
      if ('location' in answer) return { outcome: 'url', url: answer.location, isVouchedFor: false };
      for await (const octets of answer.body) reader.push(octets);
      return answerOf(reader.end(), parsed.host);
    } catch (error) {
      signal.throwIfAborted();
      if (isKnownError(error) && error.code === 'SOURCE_SIGN_IN_FAILED') throw error;
      if (isKnownError(error)) return nothing(error.message);
      if (error instanceof XmlError) return nothing(`${parsed.host}: the answer is no XML`);
      throw error;
    } finally {
      transport.close();
    }
  }

  #failed(why?: string): ConfigurationError {
    const reasons = [...(why === undefined ? [] : [why]), ...this.#failures];
    const told = reasons.length === 0 ? 'nobody answers' : shortText(reasons.join('; '));
    return new ConfigurationError({
      code: 'AUTODISCOVER_FAILED',
      message: `Autodiscover finds no server (${told}). Give source.ewsUrl in place of source.autodiscover.`,
    });
  }
}

function isWithin(host: string, domain: string): boolean {
  return host.toLowerCase() === domain || host.toLowerCase().endsWith(`.${domain}`);
}

function askedFor(address: string): string {
  const schema = 'http://schemas.microsoft.com/exchange/autodiscover/outlook';
  return (
    `<?xml version="1.0" encoding="utf-8"?><Autodiscover xmlns="${schema}/requestschema/2006"><Request>` +
    `<EMailAddress>${escapeXml(address)}</EMailAddress>` +
    `<AcceptableResponseSchema>${schema}/responseschema/2006a</AcceptableResponseSchema></Request></Autodiscover>`
  );
}

/** https://learn.microsoft.com/exchange/client-developer/web-service-reference/pox-autodiscover-response-for-exchange */
function answerOf(root: XmlElement, host: string): Answer {
  const error = find(root, 'Error');
  const account = find(root, 'Account');
  if (error !== undefined)
    return {
      outcome: 'nothing',
      why: `${host}: ${textOf(error, 'ErrorCode') ?? ''} ${textOf(error, 'Message') ?? ''}`,
    };
  const address = textOf(account, 'RedirectAddr');
  const url = textOf(account, 'RedirectUrl') ?? textOf(account, 'RedirectURL');
  const action = textOf(account, 'Action')?.toLowerCase();
  if (action === 'redirectaddr' && address !== undefined) return { outcome: 'address', address };
  if (action === 'redirecturl' && url !== undefined) return { outcome: 'url', url, isVouchedFor: true };
  const protocols = (account?.children ?? []).filter(({ name }) => name === 'Protocol');
  // EXPR is for clients outside of the organisation, and works inside of it as well; EXCH is for those inside.
  for (const type of ['EXPR', 'EXCH']) {
    const ewsUrl = textOf(
      protocols.find((protocol) => textOf(protocol, 'Type') === type),
      'EwsUrl',
    );
    if (ewsUrl !== undefined && URL.canParse(ewsUrl) && new URL(ewsUrl).protocol === 'https:')
      return { outcome: 'found', ewsUrl };
  }
  const hasAny = childOf(account, 'Protocol') !== undefined;
  return {
    outcome: 'nothing',
    why: `${host}: ${hasAny ? 'it names no https address of EWS' : 'it is no Autodiscover'}`,
  };
}
