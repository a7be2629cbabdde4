import { problemOf, type EwsConnection } from '../ews-connection.ts';
import { problemError } from '../ews-errors.ts';
import { find, textOf, type XmlElement } from '../xml/xml-element.ts';
import { resolveName } from './item-requests.ts';

/** Errors of ResolveNames that say that nobody has the name, or several do. */
const unknown: readonly string[] = [
  'ErrorNameResolutionNoResults',
  'ErrorNameResolutionMultipleResults',
  'ErrorNameResolutionNoMailbox',
  'ErrorInvalidRequest',
];

/** SMTP address of somebody who is known by an address of X.500; undefined: nobody has it any more. */
export type ResolveAddress = (legacyDn: string) => Promise<string | undefined>;

/**
 * SMTP addresses of those who are known by an address of X.500; each is asked for once. `elsewhere` is asked for whom
 * Exchange does not know: the directory also has the old names of people. It fails loudly: an item that was read without an
 * address would be another one as soon as the directory answers.
 */
export class AddressBook {
  readonly #connection: EwsConnection;
  readonly #elsewhere: ResolveAddress | undefined;
  readonly #known = new Map<string, string | undefined>();

  constructor(connection: EwsConnection, elsewhere: ResolveAddress | undefined) {
    this.#connection = connection;
    this.#elsewhere = elsewhere;
  }

  /** An element as it would be if each `Mailbox` in it had the SMTP address of whom it names. */
  async withAddresses(element: XmlElement): Promise<XmlElement> {
    const children: XmlElement[] = [];
    for (const child of element.children) children.push(await this.withAddresses(child));
    const isNamed = element.name === 'Mailbox' && textOf(element, 'RoutingType')?.toUpperCase() === 'EX';
    const address = isNamed ? await this.resolve(textOf(element, 'EmailAddress') ?? '') : undefined;
    if (address === undefined) return { ...element, children };
    const texts: Readonly<Record<string, string>> = { RoutingType: 'SMTP', EmailAddress: address };
    return { ...element, children: children.map((child) => ({ ...child, text: texts[child.name] ?? child.text })) };
  }

  /** Undefined: nobody has it any more. */
  async resolve(legacyDn: string): Promise<string | undefined> {
    const key = legacyDn.toLowerCase();
    if (this.#known.has(key)) return this.#known.get(key);
    let address: string | undefined;
    await this.#connection.call({
      operation: 'ResolveNames',
      body: resolveName(legacyDn),
      onMessage: (message) => {
        const problem = problemOf(message);
        if (problem === undefined) {
          const mailbox = find(find(message, 'ResolutionSet'), 'Mailbox');
          const isSmtp = (textOf(mailbox, 'RoutingType') ?? 'SMTP').toUpperCase() === 'SMTP';
          address = isSmtp ? textOf(mailbox, 'EmailAddress') : undefined;
        } else if (!unknown.includes(problem.code)) {
          throw problemError(problem, this.#connection.transport.host);
        }
      },
    });
    address ??= await this.#elsewhere?.(legacyDn);
    this.#known.set(key, address);
    return address;
  }
}
