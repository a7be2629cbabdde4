import type { IncomingMessage, ServerResponse } from 'node:http';
import { channelBinding } from '../../shared/adapters/exchange-http/ntlm/channel-binding.ts';
import { childOf, find, type XmlElement } from '../../shared/adapters/ews/xml/xml-element.ts';
import { PlayedFaults, type FaultTiming } from '../http/played-faults.ts';
import { PracticeHttpServer, type PracticeHttpOptions } from '../http/practice-http-server.ts';
import { readBody } from '../http/read-body.ts';
import { sendAnswer } from '../http/send-answer.ts';
import { answer, isBeyondSchema } from './ews-answers.ts';
import type { EwsWorld } from './ews-world.ts';
import { allSchemes, IisSignIn, type HttpScheme } from './iis-sign-in.ts';
import { MimeReadings } from './mime-reading.ts';
import { parseXml } from './parse-xml.ts';
import { mayOpen, type PracticeAccount } from './practice-account.ts';
import type { PracticeMailbox } from './practice-mailbox.ts';
import { failure, responseMessages } from './response-messages.ts';
import { isSameName } from './same-name.ts';
import { exchangeVersions, soapEnvelope, soapFault, type ExchangeVersion } from './soap-envelope.ts';

export interface SimulatorOptions extends Pick<PracticeHttpOptions, 'tls'> {
  readonly mailboxes: readonly PracticeMailbox[];
  readonly accounts: readonly PracticeAccount[];
  readonly version?: ExchangeVersion | undefined;
  /** Ways to sign in that are offered. */
  readonly auth?: readonly HttpScheme[] | undefined;
  /** DER of the certificate that clients must bind NTLM to (Extended Protection). */
  readonly bindTo?: Buffer | undefined;
  /** MIME is another one at each reading (default), as that of Outlook's own messages is. */
  readonly regeneratesMime?: boolean | undefined;
  readonly mostChanges?: number | undefined;
  /** What Autodiscover answers for an address, as the content of `Response`; by default where EWS is. */
  readonly autodiscover?: ((address: string) => string) | undefined;
  /** Every so many calls one is told to wait, as by the throttling of Exchange 2010 and newer. */
  readonly throttle?: { readonly everyCalls: number; readonly backOffMs: number } | undefined;
  /** Who has an address of X.500 (legacyExchangeDN). */
  readonly legacyNames?: Readonly<Record<string, { readonly name: string; readonly address: string }>> | undefined;
}

/** A fault that is played: at the next calls of an operation. */
export interface PlayedFault extends FaultTiming {
  readonly operation: string;
  /** ResponseCode; of the whole call where `whole` is set, else of each item or folder. */
  readonly code?: string | undefined;
  readonly whole?: boolean | undefined;
  readonly backOffMs?: number | undefined;
  /** HTTP status in place of an answer. */
  readonly status?: number | undefined;
  /** The connection is cut after so many octets of the answer. */
  readonly cutAfter?: number | undefined;
}

interface TextAnswer {
  readonly status: number;
  readonly text: string;
  readonly cutAfter?: number | undefined;
}

/** A practice Exchange: Exchange Web Services over generated mailboxes, on loopback. */
export class ExchangeSimulator {
  /** What was asked so far, by operation. */
  readonly calls = new Map<string, number>();
  readonly mailboxes: PracticeMailbox[];
  readonly #options: SimulatorOptions;
  readonly #server: PracticeHttpServer;
  readonly #signIn: IisSignIn;
  readonly #version: ExchangeVersion;
  readonly #readings: MimeReadings;
  readonly #faults = new PlayedFaults<PlayedFault>();

  private constructor(server: PracticeHttpServer, options: SimulatorOptions) {
    this.#options = options;
    this.mailboxes = [...options.mailboxes];
    const { accounts, auth = allSchemes, bindTo, version = '2010SP1' } = options;
    this.#version = version;
    this.#readings = new MimeReadings(options.regeneratesMime !== false);
    this.#signIn = new IisSignIn({
      accounts,
      schemes: auth,
      // Exchange 2007 SP1 does not run on Windows Server 2008 R2.
      sendsTime: version !== '2007SP1',
      channelBinding: bindTo === undefined ? undefined : channelBinding(bindTo),
    });
    this.#server = server;
    server.onRequest((request, response) => this.#serve(request, response));
  }

  static async start(options: SimulatorOptions): Promise<ExchangeSimulator> {
    return new ExchangeSimulator(await PracticeHttpServer.start({ tls: options.tls }), options);
  }

  get port(): number {
    return this.#server.port;
  }

  get ewsUrl(): string {
    return `${this.#server.origin}/EWS/Exchange.asmx`;
  }

  play(...faults: readonly PlayedFault[]): void {
    this.#faults.play(...faults);
  }

  get connections(): number {
    return this.#server.connections;
  }

  dropAll(): void {
    this.#server.dropAll();
  }

  async stop(): Promise<void> {
    await this.#server.stop();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await readBody(request);
    // IIS does not tell upper from lower case.
    const path = request.url?.toLowerCase();
    if (path === '/autodiscover/autodiscover.xml') {
      this.#discover(request, response, body);
      return;
    }
    if (path !== '/ews/exchange.asmx') {
      response.writeHead(404).end('Not Found');
      return;
    }
    const account = this.#signIn.accountOf(request, response);
    if (account === undefined) return;
    const envelope = parseXml(body);
    const operation = childOf(envelope, 'Body')?.children[0];
    if (operation === undefined) {
      response.writeHead(400).end('Bad Request');
      return;
    }
    this.calls.set(operation.name, (this.calls.get(operation.name) ?? 0) + 1);
    const fault =
      this.#faults.due(({ operation: name }) => name === operation.name || name === '*') ??
      this.#throttled(operation.name);
    if (fault?.status !== undefined) {
      response.writeHead(fault.status, { 'Retry-After': '7' }).end('Busy');
      return;
    }
    send(response, { ...this.#answer({ envelope, operation, account, fault }), cutAfter: fault?.cutAfter });
  }

  #discover(request: IncomingMessage, response: ServerResponse, body: Buffer): void {
    if (this.#signIn.accountOf(request, response) === undefined) return;
    const address = find(parseXml(body), 'EMailAddress')?.text ?? '';
    this.calls.set('Autodiscover', (this.calls.get('Autodiscover') ?? 0) + 1);
    const settings = `<Account><AccountType>email</AccountType><Action>settings</Action><Protocol><Type>EXCH</Type><EwsUrl>${this.ewsUrl}</EwsUrl></Protocol></Account>`;
    const content = this.#options.autodiscover?.(address) ?? settings;
    const schema = 'http://schemas.microsoft.com/exchange/autodiscover';
    const text =
      `<?xml version="1.0" encoding="utf-8"?><Autodiscover xmlns="${schema}/responseschema/2006">` +
      `<Response xmlns="${schema}/outlook/responseschema/2006a">${content}</Response></Autodiscover>`;
    send(response, { status: 200, text });
  }

  #answer(asked: {
    readonly envelope: XmlElement;
    readonly operation: XmlElement;
    readonly account: PracticeAccount;
    readonly fault: PlayedFault | undefined;
  }): TextAnswer {
    const { envelope, operation, account, fault } = asked;
    const { schemas } = exchangeVersions[this.#version];
    // Who names no version is answered in the newest one.
    const schema = find(envelope, 'RequestServerVersion')?.attributes['Version'] ?? schemas.at(-1) ?? '';
    const fails = (code: string, backOffMs?: number): TextAnswer => ({
      status: 500,
      text: soapFault(this.#version, code, backOffMs),
    });
    const succeeds = (content: string): TextAnswer => ({ status: 200, text: soapEnvelope(this.#version, content) });
    if (!schemas.some((known) => known === schema)) return fails('ErrorInvalidServerVersion');
    if (fault?.code !== undefined && fault.whole === true) return fails(fault.code, fault.backOffMs);
    const impersonated = find(find(envelope, 'ExchangeImpersonation'), 'PrimarySmtpAddress')?.text;
    if (impersonated !== undefined && account.impersonates !== true) return fails('ErrorImpersonateUserDenied');
    if (fault?.code !== undefined) return succeeds(failures(operation, fault.code, fault.backOffMs));
    const world = { ...this.#world(account, impersonated), is2010: schema.startsWith('Exchange2010') };
    if (isBeyondSchema(world, operation)) return fails('ErrorSchemaValidation');
    const content = answer(world, operation);
    return content === undefined ? fails('ErrorInvalidRequest') : succeeds(content);
  }

  #world(account: PracticeAccount, impersonated: string | undefined): Omit<EwsWorld, 'is2010'> {
    const isDelegate = (address: string): boolean =>
      this.mailboxes.some(
        (mailbox) =>
          isSameName(mailbox.address, address) && mailbox.delegates.some((name) => isSameName(name, ownAddress)),
      );
    const ownAddress = account.mailbox ?? account.name;
    const opens = (address: string): boolean =>
      impersonated === undefined ? mayOpen(account, address) || isDelegate(address) : isSameName(impersonated, address);
    const own = impersonated ?? ownAddress;
    return {
      mailbox: (address = own) => {
        const mailbox = this.mailboxes.find((candidate) => isSameName(candidate.address, address));
        if (mailbox === undefined) return 'ErrorNonExistentMailbox';
        return opens(mailbox.address) ? mailbox : 'ErrorAccessDenied';
      },
      mailboxes: this.mailboxes.filter(({ address }) => opens(address)),
      mimeOf: (item) => this.#readings.of(item),
      mostChanges: this.#options.mostChanges ?? 512,
      legacyNames: new Map(
        Object.entries(this.#options.legacyNames ?? {}).map(([name, person]) => [name.toLowerCase(), person]),
      ),
    };
  }

  #throttled(operation: string): PlayedFault | undefined {
    const { throttle } = this.#options;
    const calls = [...this.calls.values()].reduce((sum, count) => sum + count, 0);
    if (throttle === undefined || calls % throttle.everyCalls !== 0) return undefined;
    return { operation, code: 'ErrorServerBusy', whole: true, backOffMs: throttle.backOffMs };
  }
}

/** The same answer for each item that was asked for. */
function failures(operation: XmlElement, code: string, backOffMs: number | undefined): string {
  const count = operation.name === 'GetItem' ? (childOf(operation, 'ItemIds')?.children.length ?? 1) : 1;
  const message = failure(operation.name, code, backOffMs);
  return responseMessages(operation.name, Array<string>(count).fill(message));
}

function send(response: ServerResponse, { status, text, cutAfter }: TextAnswer): void {
  sendAnswer(response, {
    status,
    headers: { 'Content-Type': 'text/xml; charset=utf-8' },
    body: Buffer.from(text),
    zips: text.length < 1_000_000,
    cutAfter,
  });
}
