import { domainOf } from './batch-file/smtp-address.ts';

/** Tenants' own domains in all clouds: contoso.mail.onmicrosoft.com (of a hybrid one) and contoso.onmicrosoft.com. */
const routingDomains = [
  /\.mail\.(?:onmicrosoft\.(?:com|us|de)|partner\.onmschina\.cn)$/,
  /\.(?:onmicrosoft\.(?:com|us|de)|partner\.onmschina\.cn)$/,
];

/**
 * Where mail for the user is to be sent: one of the addresses that the user has at the target, never one that we put
 * together (the hybrid domain exists only where somebody made it). undefined: none will do.
 */
export function routingAddressOf(
  proxyAddresses: readonly string[],
  deliveryDomain: string | undefined,
): string | undefined {
  const addresses = proxyAddresses.filter((address) => /^smtp:/i.test(address)).map((address) => address.slice(5));
  if (deliveryDomain !== undefined)
    return addresses.find((address) => domainOf(address) === deliveryDomain.toLowerCase());
  for (const domain of routingDomains) {
    const found = addresses.find((address) => domain.test(domainOf(address)));
    if (found !== undefined) return found;
  }
  return undefined;
}

/**
 * Mail sent to an address in the source's own domain comes back to the source, which forwards it again. undefined:
 * nothing speaks against the address.
 */
export function loopOf(routingAddress: string, sourceAddress: string): string | undefined {
  return domainOf(routingAddress) === domainOf(sourceAddress)
    ? `The routing address ${routingAddress} is in the domain of the source mailbox.`
    : undefined;
}

/** As the directory keeps it. */
export function targetAddressOf(routingAddress: string): string {
  return `SMTP:${routingAddress}`;
}

/** `SMTP:a@b` without its prefix, for people. */
export function withoutPrefix(targetAddress: string): string {
  return targetAddress.replace(/^smtp:/i, '');
}
