import type { ConversionPlan } from '../../domain/conversion-plan.ts';
import type { Directory } from '../../domain/endpoint.ts';
import type {
  ConversionOutcome,
  ForwardingOutcome,
  FoundSourceRecipient,
  OpenSourceDirectory,
  PlannedConversion,
  SourceDirectory,
} from '../../ports/source-directory.ts';
import { convert, planConversion, revertConversion, type ConversionRequest } from './conversion.ts';
import { checkDirectory } from './directory-probe.ts';
import { objectName, setForwarding, type ForwardingRequest } from './forwarding.ts';
import { LdapSession, type LdapServices } from './ldap-session.ts';
import { filterValue } from './ldap-values.ts';
import { primaryAddress, recipientAttributes, recipientOf } from './recipient.ts';

/** Objects with one address that are named in a report. */
const namedAtMost = 10;
/** Terms of one filter: a domain controller refuses very large ones. */
const termsAtMost = 100;

/** Of the connection points that name a server. */
const autodiscoverKeyword = '77378F46-2C66-4aa9-A6A6-3E7A48B19596';

/** With what other adapters of the same organisation ask besides. */
export interface ActiveDirectory extends SourceDirectory {
  open(signal: AbortSignal): Promise<OpenActiveDirectory>;
}

/** The Active Directory of an endpoint. */
export function activeDirectory(directory: Directory, services: LdapServices): ActiveDirectory {
  return {
    async open(signal) {
      const session = new LdapSession(services, directory, signal);
      try {
        await session.connect();
        await session.signIn();
      } catch (error) {
        await session.close();
        throw error;
      }
      return new OpenActiveDirectory(session, directory.base);
    },
    check: (sample) => checkDirectory(services, directory, sample),
  };
}

export class OpenActiveDirectory implements OpenSourceDirectory {
  readonly #session: LdapSession;
  readonly #base: string;

  constructor(session: LdapSession, base: string) {
    this.#session = session;
    this.#base = base;
  }

  get server(): string {
    return this.#session.root.dnsHostName;
  }

  async findRecipient(address: string): Promise<FoundSourceRecipient> {
    const value = filterValue(address);
    const byAddress = await this.#find(`(proxyAddresses=smtp:${value})`);
    // A mailbox whose addresses were never stamped has `mail` alone.
    return byAddress.outcome === 'none' ? this.#find(`(mail=${value})`) : byAddress;
  }

  async readRecipient(id: string): Promise<FoundSourceRecipient> {
    const entry = await this.#session.read(objectName(id), recipientAttributes);
    if (entry === undefined) return { outcome: 'none' };
    return { outcome: 'found', recipient: recipientOf(entry, this.#session.root) };
  }

  /**
   * SMTP addresses of Exchange's own addresses (`/o=Contoso/ou=...`), by which old mail names senders and receivers; of current
   * ones and of those kept as x500 addresses. What is not found is left out. Keys in lower case.
   */
  async addressesOf(legacyDns: readonly string[]): Promise<ReadonlyMap<string, string>> {
    const wanted = new Set(legacyDns.map((dn) => dn.toLowerCase()));
    const found = new Map<string, string>();
    const remaining = [...wanted];
    while (remaining.length > 0) {
      const terms = remaining.splice(0, termsAtMost).map((dn) => {
        const value = filterValue(dn);
        return `(legacyExchangeDN=${value})(proxyAddresses=x500:${value})`;
      });
      const entries = await this.#session.search({
        base: this.#base,
        scope: 'sub',
        filter: `(|${terms.join('')})`,
        attributes: ['legacyExchangeDN', 'proxyAddresses', 'mail'],
      });
      for (const entry of entries) {
        const address = primaryAddress(entry);
        const names = [...entry.texts('legacyExchangeDN'), ...entry.texts('proxyAddresses').map(x500Name)];
        for (const name of names.map((text) => text.toLowerCase())) {
          if (address !== null && wanted.has(name)) found.set(name, address);
        }
      }
    }
    return found;
  }

  /**
   * Where Exchange says that Autodiscover is asked; pointers to other forests (LDAP://) are left out.
   * https://learn.microsoft.com/exchange/client-developer/exchange-web-services/how-to-find-autodiscover-endpoints-by-using-scp-lookup-in-exchange
   */
  async connectionPoints(): Promise<readonly string[]> {
    const entries = await this.#session.search({
      base: this.#session.root.configuration,
      scope: 'sub',
      filter: `(&(objectClass=serviceConnectionPoint)(keywords=${autodiscoverKeyword}))`,
      attributes: ['serviceBindingInformation'],
    });
    const urls = entries.flatMap((entry) => entry.texts('serviceBindingInformation'));
    return [...new Set(urls.filter((url) => /^https:/i.test(url)))];
  }

  setForwarding(request: ForwardingRequest): Promise<ForwardingOutcome> {
    return setForwarding(this.#session, this.#base, request);
  }

  planConversion(request: ConversionRequest): Promise<PlannedConversion> {
    return planConversion(this.#session, request);
  }

  convert(plan: ConversionPlan): Promise<ConversionOutcome> {
    return convert(this.#session, plan);
  }

  revertConversion(plan: ConversionPlan): Promise<ConversionOutcome> {
    return revertConversion(this.#session, plan);
  }

  close(): Promise<void> {
    return this.#session.close();
  }

  async #find(filter: string): Promise<FoundSourceRecipient> {
    const entries = await this.#session.search({
      base: this.#base,
      scope: 'sub',
      filter,
      attributes: recipientAttributes,
      atMost: namedAtMost,
    });
    const [only, ...others] = entries;
    if (only === undefined) return { outcome: 'none' };
    if (others.length > 0) return { outcome: 'several', dns: entries.map(({ dn }) => dn) };
    return { outcome: 'found', recipient: recipientOf(only, this.#session.root) };
  }
}

function x500Name(address: string): string {
  return /^x500:/i.test(address) ? address.slice('x500:'.length) : '';
}
