/** Why forwarding to an address would send the mail in a circle, in words; undefined where it would not. */
export interface LoopQuestion {
  /** As in targetAddress, `SMTP:` included. */
  readonly next: string;
  /** The recipient's proxyAddresses, prefixes included. */
  readonly proxyAddresses: readonly string[];
  readonly primaryAddress: string | null;
  readonly mail: string | null;
  /** Domains whose mail the organisation keeps for itself (accepted domains of the type Authoritative), in lower case. */
  readonly ownDomains: ReadonlySet<string>;
}

/**
 * Domains that Microsoft's servers alone take mail for. Exchange's hybrid wizard puts such an address on every mailbox, and
 * such a domain among the accepted ones: forwarding there is what they are for.
 */
const tenantDomain = /\.(?:onmicrosoft\.(?:com|us|de|cn)|partner\.onmschina\.cn)$/;

export function forwardingLoop(question: LoopQuestion): string | undefined {
  const address = smtpAddress(question.next);
  if (address === undefined) return 'The address to forward to is no SMTP address.';
  const isSame = (other: string | null): boolean => other?.toLowerCase() === address;
  if (isSame(question.primaryAddress) || isSame(question.mail))
    return 'The address to forward to is the primary address of the mailbox itself.';
  const domain = address.slice(address.lastIndexOf('@') + 1);
  if (tenantDomain.test(domain)) return undefined;
  if (question.ownDomains.has(domain))
    return `The organisation keeps the mail of ${domain} for itself (an authoritative accepted domain).`;
  // Directory sync takes a routing address of another domain from here too, so the mailbox has it; that is no circle where the
  // domain is not kept. Exchange 2003 has no accepted domains to tell by.
  const isOwn = question.proxyAddresses.some((proxy) => smtpAddress(proxy) === address);
  if (isOwn && question.ownDomains.size === 0) return 'The address to forward to is an address of the mailbox itself.';
  return undefined;
}

/** The address of an `SMTP:` or `smtp:` value in lower case; undefined for one of another kind. */
export function smtpAddress(value: string): string | undefined {
  const found = /^smtp:(.+@.+)$/i.exec(value);
  return found?.[1]?.toLowerCase();
}
