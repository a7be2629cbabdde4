import { problemOf, type EwsConnection } from '../ews-connection.ts';
import { problemError } from '../ews-errors.ts';
import { find, textOf } from '../xml/xml-element.ts';
import { resolveName } from './item-requests.ts';

/** Errors of ResolveNames that say that nobody has the name, or several do. */
const unknown: readonly string[] = [
  'ErrorNameResolutionNoResults',
  'ErrorNameResolutionMultipleResults',
  'ErrorNameResolutionNoMailbox',
  'ErrorInvalidRequest',
];

/** SMTP addresses of those who are known by an address of X.500; each is asked for once. */
export class AddressBook {
  readonly #connection: EwsConnection;
  readonly #known = new Map<string, string | undefined>();

  constructor(connection: EwsConnection) {
    this.#connection = connection;
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
    this.#known.set(key, address);
    return address;
  }
}
