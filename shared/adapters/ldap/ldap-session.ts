import { Attribute, Change, Client } from 'ldapts';
import type { TLSSocket } from 'node:tls';
import type { Directory } from '../../domain/endpoint.ts';
import { ConfigurationError, TransientError } from '../../domain/errors.ts';
import type { SecretReader } from '../../ports/sealer.ts';
import type { TlsFacts } from '../judge-certificate.ts';
import { at, isResult, ldapError, lostConnection, resultCodes, type LdapPhase } from './ldap-errors.ts';
import { secureSocket, usualTimeouts, type LdapTimeouts } from './ldap-socket.ts';
import { DirectoryEntry, octetAttributes } from './ldap-values.ts';

export interface LdapServices {
  readonly secrets: SecretReader;
  readonly timeouts?: LdapTimeouts | undefined;
}

export interface Search {
  readonly base: string;
  readonly scope: 'base' | 'sub';
  readonly filter: string;
  readonly attributes: readonly string[];
  /** Entries wanted at most; all of them, page by page, unless given. */
  readonly atMost?: number;
}

/** One part of a modification, RFC 4511 section 4.6. No values: the whole attribute. */
export interface Modification {
  readonly operation: 'add' | 'delete';
  readonly attribute: string;
  readonly values: readonly (string | Buffer)[];
}

/** Names of the naming contexts, and which domain controller answers. */
interface Root {
  readonly dnsHostName: string;
  readonly configuration: string;
  readonly schema: string;
  readonly isActiveDirectory: boolean;
}

/** LDAP_CAP_ACTIVE_DIRECTORY_OID, [MS-ADTS] section 3.1.1.3.4.3.1 */
const activeDirectory = '1.2.840.113556.1.4.800';
/** A domain controller answers with 1,000 entries at most (MaxPageSize, [MS-ADTS] section 3.1.1.3.4.6). */
const pageSize = 500;

/**
 * Signed in at one domain controller. A connection that was lost (domain controllers close idle ones after 15 minutes)
 * is opened anew by the next call; reads are then repeated, writes never by themselves.
 */
export class LdapSession {
  readonly host: string;
  readonly #services: LdapServices;
  readonly #directory: Directory;
  readonly #signal: AbortSignal;
  readonly #timeouts: LdapTimeouts;
  readonly #onAbort: () => void;
  #client: Client | undefined;
  #socket: TLSSocket | undefined;
  #root: Root | undefined;

  constructor(services: LdapServices, directory: Directory, signal: AbortSignal) {
    this.#services = services;
    this.#directory = directory;
    this.#signal = signal;
    this.#timeouts = services.timeouts ?? usualTimeouts;
    this.host = new URL(directory.url).host;
    this.#onAbort = () => this.#socket?.destroy();
    signal.addEventListener('abort', this.#onAbort);
  }

  /** Undefined before the connection stands. */
  get tls(): TlsFacts | undefined {
    const certificate = this.#socket?.getPeerCertificate();
    if (this.#socket === undefined || certificate === undefined) return undefined;
    const subject = certificate.subject.CN;
    return {
      version: this.#socket.getProtocol() ?? '',
      subject: typeof subject === 'string' ? subject : 'no name',
      validTo: new Date(certificate.valid_to),
    };
  }

  get root(): Root {
    if (this.#root === undefined) throw new Error('The session is not signed in yet.');
    return this.#root;
  }

  /** TLS stands and the certificate is verified; nothing was sent. */
  async connect(): Promise<void> {
    await this.#disconnect();
    const socket = await secureSocket(this.#directory, { signal: this.#signal, timeouts: this.#timeouts });
    // Between two calls nobody listens: the next one finds the connection closed.
    socket.on('error', () => undefined);
    this.#socket = socket;
    let isUsed = false;
    this.#client = new Client({
      url: 'ldap://connected',
      timeout: this.#timeouts.answerMs,
      createConnection: () => {
        // The library would connect again by itself: without TLS and without having signed in.
        if (isUsed) throw new Error('Socket connection not established');
        isUsed = true;
        return socket;
      },
    });
  }

  async signIn(): Promise<void> {
    const client = this.#client;
    if (client === undefined) throw new Error('The session is not connected yet.');
    const password = await this.#services.secrets(this.#directory.secret);
    // An empty password makes an unauthenticated bind that succeeds (RFC 4513 section 5.1.2) and sees nothing.
    if (password === '')
      throw new ConfigurationError({
        code: 'DIRECTORY_SIGN_IN_FAILED',
        message: at(this.host, 'the password that directory.secret names is empty'),
      });
    await this.#translated('sign-in', () => client.bind(this.#directory.user, password));
    const root = await this.#translated('search', () => readRoot(client));
    const before = this.#root;
    // A name of several domain controllers: what was written at one may not be at another for minutes.
    if (before !== undefined && before.dnsHostName !== root.dnsHostName) {
      await this.#disconnect();
      throw new TransientError({
        code: 'DIRECTORY_UNREACHABLE',
        message: at(this.host, 'another domain controller answers now; name one of them in directory.url'),
      });
    }
    this.#root = root;
  }

  /** Entries, without what other domains would say: referrals are never followed, since that would take the password there. */
  async search(search: Search): Promise<readonly DirectoryEntry[]> {
    const isReused = this.#client?.isConnected === true;
    try {
      return await this.#search(search);
    } catch (error) {
      if (!isReused || !(error instanceof TransientError) || this.#client?.isConnected === true) throw error;
      return this.#search(search);
    }
  }

  /** `undefined`: there is no such object. */
  async read(base: string, attributes: readonly string[]): Promise<DirectoryEntry | undefined> {
    try {
      const [entry] = await this.search({ base, scope: 'base', filter: '(objectClass=*)', attributes });
      return entry;
    } catch (error) {
      const { cause } = error instanceof ConfigurationError ? error : { cause: undefined };
      if (isResult(cause, resultCodes.noSuchObject)) return undefined;
      throw error;
    }
  }

  /**
   * One atomic modification. `conflict`: a value that it deletes is not there, or one that it adds is; nothing was changed.
   * After TransientError it is not known whether it was made.
   */
  async modify(dn: string, modifications: readonly Modification[]): Promise<'changed' | 'conflict'> {
    const client = await this.#connected();
    const changes = modifications.map(
      ({ operation, attribute, values }) => new Change({ operation, modification: attributeOf(attribute, values) }),
    );
    try {
      await client.modify(dn, changes);
      return 'changed';
    } catch (error) {
      const { noSuchAttribute, attributeOrValueExists, constraintViolation } = resultCodes;
      if (isResult(error, noSuchAttribute, attributeOrValueExists, constraintViolation)) return 'conflict';
      throw this.#translate(error, 'modify');
    }
  }

  async close(): Promise<void> {
    this.#signal.removeEventListener('abort', this.#onAbort);
    await this.#disconnect();
  }

  async #search({ base, scope, filter, attributes, atMost }: Search): Promise<readonly DirectoryEntry[]> {
    const client = await this.#connected();
    const { searchEntries } = await this.#translated('search', () =>
      client.search(base, {
        scope,
        filter,
        attributes: [...attributes],
        explicitBufferAttributes: [...octetAttributes],
        timeLimit: Math.ceil(this.#timeouts.answerMs / 1000),
        ...(atMost === undefined ? { paged: { pageSize } } : { sizeLimit: atMost }),
      }),
    );
    return searchEntries.map((entry) => new DirectoryEntry(entry));
  }

  async #connected(): Promise<Client> {
    if (this.#client?.isConnected !== true) {
      await this.connect();
      await this.signIn();
    }
    const client = this.#client;
    if (client === undefined) throw lostConnection(this.host, new Error('The connection was closed by us.'));
    return client;
  }

  async #disconnect(): Promise<void> {
    const socket = this.#socket;
    const client = this.#client;
    this.#client = undefined;
    this.#socket = undefined;
    try {
      if (client?.isConnected === true) await client.unbind();
    } catch (error) {
      const translated = this.#translate(error, 'search');
      // A connection that is lost is closed as well.
      if (!(translated instanceof TransientError)) throw translated;
    } finally {
      socket?.destroy();
    }
  }

  async #translated<T>(phase: LdapPhase, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw this.#translate(error, phase);
    }
  }

  #translate(error: unknown, phase: LdapPhase): unknown {
    if (this.#signal.aborted)
      return lostConnection(this.host, new Error('The connection was closed by us.', { cause: error }));
    return ldapError(error, { host: this.host, phase });
  }
}

async function readRoot(client: Client): Promise<Root> {
  const attributes = [
    'dnsHostName',
    'configurationNamingContext',
    'schemaNamingContext',
    'supportedCapabilities',
    'defaultNamingContext',
  ];
  const { searchEntries } = await client.search('', { scope: 'base', filter: '(objectClass=*)', attributes });
  const entry = new DirectoryEntry(searchEntries[0] ?? { dn: '' });
  return {
    dnsHostName: entry.text('dnsHostName') ?? '',
    configuration: entry.text('configurationNamingContext') ?? '',
    schema: entry.text('schemaNamingContext') ?? '',
    isActiveDirectory: entry.texts('supportedCapabilities').includes(activeDirectory),
  };
}

function attributeOf(type: string, values: readonly (string | Buffer)[]): Attribute {
  // The library takes lists of one kind; text travels as UTF-8 either way (RFC 4511 section 4.1.5).
  return new Attribute({
    type,
    values: values.map((value) => (typeof value === 'string' ? Buffer.from(value) : value)),
  });
}
