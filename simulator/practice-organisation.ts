import { DirectorySimulator } from './directory/directory-simulator.ts';
import type { PracticeRecipient } from './directory/practice-recipients.ts';
import { ExchangeOnlineSimulator } from './exchange-online/exchange-online-simulator.ts';
import { ExchangeSimulator } from './exchange/exchange-simulator.ts';
import type { PracticeAccount } from './exchange/practice-account.ts';
import { PracticeMailbox } from './exchange/practice-mailbox.ts';

export interface PracticeOrganisationOptions {
  /** How many people (rooms and shared mailboxes are among them) have a mailbox. */
  readonly people: number;
  /** Puts mail and other items into a mailbox. */
  readonly fill: (mailbox: PracticeMailbox, index: number) => void;
  /** Of the on-premises Exchange; 2007 SP1 by default. */
  readonly exchangeVersion?: '2007SP1' | '2010SP1' | undefined;
  /** Answers that find no mailbox after a licence was given, before the mailbox is there; 1 by default. */
  readonly mailboxPolls?: number | undefined;
}

const domain = 'contoso.test';
const initialDomain = 'contoso.onmicrosoft.com';
const deliveryDomain = 'contoso.mail.onmicrosoft.com';
const clientId = '0a0b0c0d-1234-4567-89ab-00000000000a';
const sku = { skuId: '05e9a617-0261-4cee-bb44-138d3ef5d965', skuPartNumber: 'SPE_E3' };

/** Secrets of the practice organisation, by the environment variable that its endpoint names. */
const secrets = {
  PRACTICE_EXCHANGE_PASSWORD: 'practice-exchange',
  PRACTICE_DIRECTORY_PASSWORD: 'practice-directory',
  PRACTICE_APPLICATION_SECRET: 'practice-application',
};

const givenNames = [
  ...['anna', 'bob', 'chloe', 'dmitri', 'eve', 'farid', 'greta', 'hugo', 'ines', 'jun', 'karla', 'luis', 'mina'],
  ...['noor', 'olga', 'pavel', 'quinn', 'rosa', 'selma', 'tariq', 'ulla', 'viktor', 'wanda'],
];

/**
 * A small company that moves: an on-premises Exchange with its directory, and an Exchange Online that directory
 * synchronisation has filled with the same people. All on loopback, in this process, in memory; each start is the same.
 */
export class PracticeOrganisation {
  readonly exchange: ExchangeSimulator;
  readonly directory: DirectorySimulator;
  readonly online: ExchangeOnlineSimulator;
  /** Primary addresses, in the order of the batch file. */
  readonly addresses: readonly string[];
  readonly environment: Readonly<Record<string, string>> = secrets;

  private constructor(parts: Pick<PracticeOrganisation, 'exchange' | 'directory' | 'online' | 'addresses'>) {
    this.exchange = parts.exchange;
    this.directory = parts.directory;
    this.online = parts.online;
    this.addresses = parts.addresses;
  }

  static async start(options: PracticeOrganisationOptions): Promise<PracticeOrganisation> {
    const recipients = recipientsOf(options.people);
    const mailboxes = recipients.map(({ address }) => new PracticeMailbox(address));
    mailboxes.forEach(options.fill);
    shareMailboxes(recipients, mailboxes);
    const [exchange, directory] = await Promise.all([
      ExchangeSimulator.start({
        mailboxes,
        accounts: [
          { name: 'CONTOSO\\migadmin', password: secrets.PRACTICE_EXCHANGE_PASSWORD, opens: '*' },
          ...accountsOf(recipients),
        ],
        auth: ['NTLM'],
        version: options.exchangeVersion ?? '2007SP1',
      }),
      DirectorySimulator.start({
        domain,
        recipients,
        accounts: [
          {
            names: ['migadmin@contoso.test', 'CONTOSO\\migadmin'],
            password: secrets.PRACTICE_DIRECTORY_PASSWORD,
            rights: 'everything',
          },
        ],
      }),
    ]);
    const online = await startOnline(directory, recipients, options.mailboxPolls ?? 1);
    return new PracticeOrganisation({
      exchange,
      directory,
      online,
      addresses: recipients.map(({ address }) => address),
    });
  }

  /** An endpoint file that reaches it. */
  endpoint(name: string): object {
    const { url } = this.online;
    return {
      name,
      type: 'staged',
      source: {
        kind: 'exchange',
        ewsUrl: this.exchange.ewsUrl,
        auth: 'ntlm',
        access: 'fullAccess',
        login: { mode: 'admin', user: 'CONTOSO\\migadmin', secret: 'env:PRACTICE_EXCHANGE_PASSWORD' },
      },
      directory: {
        url: this.directory.url,
        base: this.directory.base,
        user: 'migadmin@contoso.test',
        secret: 'env:PRACTICE_DIRECTORY_PASSWORD',
        tls: { ca: this.directory.ca },
      },
      target: {
        kind: 'exchange-online',
        tenant: initialDomain,
        clientId,
        secret: 'env:PRACTICE_APPLICATION_SECRET',
        mail: 'graph',
        deliveryDomain,
        licence: { sku: sku.skuPartNumber, usageLocation: 'DE' },
        practice: { login: url, graph: url },
      },
      maxConcurrentMigrations: 5,
    };
  }

  /** Where the directory says that new mail of somebody goes; null: to the mailbox on premises. */
  forwardingOf(address: string): string | null {
    return this.directory.valuesOf(address, 'targetAddress')[0] ?? null;
  }

  async stop(): Promise<void> {
    await Promise.all([this.exchange.stop(), this.directory.close(), this.online.stop()]);
  }
}

/** Each person lets the next one in, as an assistant; the office's mailbox and the room are everybody's. */
function shareMailboxes(recipients: readonly PracticeRecipient[], mailboxes: readonly PracticeMailbox[]): void {
  const people = recipients.filter(({ kind }) => kind === 'user-mailbox').map(({ address }) => address);
  for (const [index, mailbox] of mailboxes.entries()) {
    const isPersonal = recipients[index]?.kind === 'user-mailbox';
    const assistants = people.filter((_, at) => at === (index + 1) % people.length && at !== index);
    mailbox.delegates = isPersonal ? assistants : people;
  }
}

/** People sign in for themselves; nobody does as a shared mailbox or a room. */
function accountsOf(recipients: readonly PracticeRecipient[]): readonly PracticeAccount[] {
  return recipients
    .filter(({ kind }) => kind === 'user-mailbox')
    .map(({ name, address }) => ({
      name: `CONTOSO\\${name}`,
      password: secrets.PRACTICE_EXCHANGE_PASSWORD,
      opens: [address],
      mailbox: address,
    }));
}

function recipientsOf(people: number): readonly PracticeRecipient[] {
  const recipients: PracticeRecipient[] = Array.from({ length: Math.max(people - 2, 0) }, (_, index) => {
    const given = givenNames[index % givenNames.length] ?? '';
    const name = index < givenNames.length ? given : `${given}${String(Math.floor(index / givenNames.length) + 1)}`;
    return { name, displayName: `${name.charAt(0).toUpperCase()}${name.slice(1)}`, ...at(name), kind: 'user-mailbox' };
  });
  return [
    ...recipients,
    { name: 'office', displayName: 'Office', ...at('office'), kind: 'shared-mailbox' as const },
    { name: 'room-1', displayName: 'Room 1', ...at('room-1'), kind: 'room-mailbox' as const },
  ].slice(0, people);
}

function at(name: string): Pick<PracticeRecipient, 'address'> {
  return { address: `${name}@${domain}` };
}

async function startOnline(
  directory: DirectorySimulator,
  recipients: readonly PracticeRecipient[],
  polls: number,
): Promise<ExchangeOnlineSimulator> {
  return await ExchangeOnlineSimulator.start({
    provisioning: { polls },
    tenants: [
      {
        displayName: 'Contoso',
        domains: [domain, deliveryDomain],
        initialDomain,
        synchronised: true,
        applications: [{ clientId, secret: secrets.PRACTICE_APPLICATION_SECRET }],
        skus: [{ ...sku, enabled: recipients.length + 5 }],
        users: recipients.map(({ name, displayName, address }) => ({
          userPrincipalName: address,
          displayName,
          proxyAddresses: [`SMTP:${address}`, `smtp:${name}@${deliveryDomain}`],
          synchronised: guidOf(directory, address).toString('base64'),
          mailbox: false,
        })),
      },
    ],
  });
}

/** What directory sync makes the immutable id of. */
function guidOf({ tree }: DirectorySimulator, address: string): Buffer {
  const entry = tree.below(tree.base).find((one) => one.texts('mail')[0] === address);
  if (entry === undefined) throw new Error(`There is nobody with the address ${address} in the practice directory.`);
  return entry.guid;
}
