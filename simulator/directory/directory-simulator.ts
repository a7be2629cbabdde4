import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { DirectoryConnection, type ModificationFate, type PracticeAccount } from './directory-connection.ts';
import { fillPracticeDirectory, type PracticeRecipient } from './practice-recipients.ts';
import { PracticeTree } from './practice-tree.ts';
import { selfSignedCertificate } from './self-signed-certificate.ts';

export interface DirectorySimulatorOptions {
  /** Domain of the organisation, such as contoso.test. */
  readonly domain: string;
  readonly accounts: readonly PracticeAccount[];
  readonly recipients: readonly PracticeRecipient[];
  /** Name that the domain controller gives itself; dc1 of the domain unless given. */
  readonly hostName?: string;
  /** Asked at each modification what becomes of it; made and answered unless given. */
  readonly onModification?: () => ModificationFate;
}

/**
 * The directory of the practice organisation: what Active Directory with Exchange shows of its recipients, by LDAPS and by LDAP
 * with StartTLS, on loopback, with a certificate of its own. Kept in memory.
 */
export class DirectorySimulator {
  readonly tree: PracticeTree;
  /** PEM to trust. */
  readonly ca: string;
  readonly #servers: readonly Server[];
  readonly #connections = new Set<DirectoryConnection>();
  #answersToLose = 0;

  private constructor(options: DirectorySimulatorOptions) {
    const base = options.domain
      .split('.')
      .map((label) => `DC=${label}`)
      .join(',');
    this.tree = new PracticeTree(base);
    fillPracticeDirectory(this.tree, options.recipients);
    const certificate = selfSignedCertificate(['localhost', '127.0.0.1'], new Date());
    this.ca = certificate.cert;
    const accept = (socket: Socket): void => {
      const connection = new DirectoryConnection(socket, {
        tree: this.tree,
        accounts: options.accounts,
        certificate,
        hostName: options.hostName ?? `dc1.${options.domain}`,
        fateOfModification: () => (this.#losesAnswer() ? 'lost-after' : (options.onModification?.() ?? 'answered')),
      });
      this.#connections.add(connection);
      socket.once('close', () => this.#connections.delete(connection));
    };
    // A client that does not trust the certificate goes away by itself.
    const secured = createTlsServer({ ...certificate, minVersion: 'TLSv1.2', noDelay: true }, accept).on(
      'tlsClientError',
      () => undefined,
    );
    this.#servers = [secured, createServer({ noDelay: true }, accept)];
  }

  static async start(options: DirectorySimulatorOptions): Promise<DirectorySimulator> {
    const simulator = new DirectorySimulator(options);
    await Promise.all(simulator.#servers.map(listen));
    return simulator;
  }

  /** LDAPS. */
  get url(): string {
    return `ldaps://127.0.0.1:${String(portOf(this.#servers[0]))}`;
  }

  /** LDAP, to be raised by StartTLS: nobody signs in without. */
  get plainUrl(): string {
    return `ldap://127.0.0.1:${String(portOf(this.#servers[1]))}`;
  }

  get base(): string {
    return this.tree.base;
  }

  /** The next modifications are made, but their answers are lost with the connection. */
  loseAnswers(count: number): void {
    this.#answersToLose += count;
  }

  /** Values of the recipient with this address, as they are now. */
  valuesOf(address: string, attribute: string): readonly string[] {
    const wanted = `smtp:${address.toLowerCase()}`;
    const entry = this.tree
      .below(this.tree.base)
      .find((one) => one.texts('proxyAddresses').some((proxy) => proxy.toLowerCase() === wanted));
    return entry?.texts(attribute) ?? [];
  }

  async close(): Promise<void> {
    for (const connection of this.#connections) connection.close();
    await Promise.all(this.#servers.map((server) => new Promise((resolve) => server.close(resolve))));
  }

  #losesAnswer(): boolean {
    if (this.#answersToLose === 0) return false;
    this.#answersToLose -= 1;
    return true;
  }
}

async function listen(server: Server): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(0, '127.0.0.1', resolve);
  });
}

function portOf(server: Server | undefined): number {
  const address = server?.address();
  return isAddress(address) ? address.port : 0;
}

function isAddress(address: string | AddressInfo | null | undefined): address is AddressInfo {
  return typeof address === 'object' && address !== null;
}
