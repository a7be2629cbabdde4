import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { channelBinding } from '../../shared/adapters/exchange-http/ntlm/channel-binding.ts';
import { AnswerReader, childOf, find, type XmlElement } from '../../shared/adapters/ews/xml/xml-element.ts';
import { PlayedFaults, type FaultTiming } from '../http/played-faults.ts';
import { PracticeHttpServer, type PracticeHttpOptions } from '../http/practice-http-server.ts';
import { readBody } from '../http/read-body.ts';
import { sendAnswer } from '../http/send-answer.ts';
import { answer, failure, isBeyondSchema, type EwsWorld } from './ews-answers.ts';
import { regeneratedMime } from './mime-reading.ts';
import { NtlmAcceptor } from './ntlm-acceptor.ts';
import type { PracticeItem, PracticeMailbox } from './practice-mailbox.ts';

export interface PracticeAccount {
  /** `CONTOSO\migadmin` or `anna@contoso.test`. */
  readonly name: string;
  readonly password: string;
  /** Addresses of the mailboxes that it may open; `*`: all. */
  readonly opens: readonly string[] | '*';
  /** Address of its own mailbox, where its name is none. */
  readonly mailbox?: string | undefined;
  /** May act in the place of others (ApplicationImpersonation). */
  readonly impersonates?: boolean | undefined;
}

export interface SimulatorOptions extends Pick<PracticeHttpOptions, 'tls'> {
  readonly mailboxes: readonly PracticeMailbox[];
  readonly accounts: readonly PracticeAccount[];
  readonly version?: keyof typeof versions | undefined;
  /** Ways to sign in that are offered. */
  readonly auth?: readonly ('Basic' | 'NTLM' | 'Negotiate')[] | undefined;
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

/** ServerVersionInfo of the versions that can be played, with the schemas that they know. */
const versions = {
  '2007SP1': { major: 8, minor: 1, build: 240, schemas: ['Exchange2007', 'Exchange2007_SP1'] },
  '2010SP1': {
    major: 14,
    minor: 1,
    build: 218,
    schemas: ['Exchange2007', 'Exchange2007_SP1', 'Exchange2010', 'Exchange2010_SP1'],
  },
} as const;

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

/** A practice Exchange: Exchange Web Services over generated mailboxes, on loopback. */
export class ExchangeSimulator {
  /** What was asked so far, by operation. */
  readonly calls = new Map<string, number>();
  readonly mailboxes: PracticeMailbox[];
  readonly #options: SimulatorOptions;
  readonly #server: PracticeHttpServer;
  readonly #signIns = new WeakMap<Socket, { acceptor: NtlmAcceptor; account: string | undefined }>();
  readonly #faults = new PlayedFaults<PlayedFault>();
  #readings = 0;

  private constructor(server: PracticeHttpServer, options: SimulatorOptions) {
    this.#options = options;
    this.mailboxes = [...options.mailboxes];
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
    const account = this.#signedIn(request, response);
    if (account === undefined) return;
    const envelope = parse(body);
    const operation = childOf(envelope, 'Body')?.children[0];
    if (operation === undefined) {
      response.writeHead(400).end('Bad Request');
      return;
    }
    this.calls.set(operation.name, (this.calls.get(operation.name) ?? 0) + 1);
    const fault =
      this.#faults.due(({ operation: of }) => of === operation.name || of === '*') ?? this.#throttled(operation.name);
    if (fault?.status !== undefined) {
      response.writeHead(fault.status, { 'Retry-After': '7' }).end('Busy');
      return;
    }
    send(response, { ...this.#answer({ envelope, operation, account, fault }), cutAfter: fault?.cutAfter });
  }

  #discover(request: IncomingMessage, response: ServerResponse, body: Buffer): void {
    if (this.#signedIn(request, response) === undefined) return;
    const address = find(parse(body), 'EMailAddress')?.text ?? '';
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
  }): { readonly status: number; readonly text: string } {
    const { envelope, operation, account, fault } = asked;
    const version = versions[this.#options.version ?? '2010SP1'];
    // Who names no version is answered in the newest one.
    const schema = find(envelope, 'RequestServerVersion')?.attributes['Version'] ?? version.schemas.at(-1) ?? '';
    const fails = (code: string, backOffMs?: number) => ({ status: 500, text: this.#fault(code, backOffMs) });
    if (!version.schemas.some((known) => known === schema)) return fails('ErrorInvalidServerVersion');
    if (fault?.code !== undefined && fault.whole === true) return fails(fault.code, fault.backOffMs);
    const impersonated = find(find(envelope, 'ExchangeImpersonation'), 'PrimarySmtpAddress')?.text;
    if (impersonated !== undefined && account.impersonates !== true) return fails('ErrorImpersonateUserDenied');
    if (fault?.code !== undefined) {
      const message = failure(operation.name, fault.code, fault.backOffMs);
      const count = operation.name === 'GetItem' ? (childOf(operation, 'ItemIds')?.children.length ?? 1) : 1;
      const messages = message.repeat(count);
      const name = `m:${operation.name}Response`;
      return {
        status: 200,
        text: this.#envelope(`<${name}><m:ResponseMessages>${messages}</m:ResponseMessages></${name}>`),
      };
    }
    const world = { ...this.#world(account, impersonated), is2010: schema.startsWith('Exchange2010') };
    if (isBeyondSchema(world, operation)) return fails('ErrorSchemaValidation');
    const content = answer(world, operation);
    return content === undefined ? fails('ErrorInvalidRequest') : { status: 200, text: this.#envelope(content) };
  }

  #world(account: PracticeAccount, impersonated: string | undefined): Omit<EwsWorld, 'is2010'> {
    const isDelegate = (address: string): boolean =>
      this.mailboxes.some(
        (mailbox) => same(mailbox.address, address) && mailbox.delegates.some((name) => same(name, ownAddress)),
      );
    const ownAddress = account.mailbox ?? account.name;
    const opens = (address: string): boolean =>
      impersonated === undefined
        ? account.opens === '*' || account.opens.some((name) => same(name, address)) || isDelegate(address)
        : same(impersonated, address);
    const own = impersonated ?? ownAddress;
    return {
      mailbox: (address = own) => {
        const mailbox = this.mailboxes.find((candidate) => same(candidate.address, address));
        if (mailbox === undefined) return 'ErrorNonExistentMailbox';
        return opens(mailbox.address) ? mailbox : 'ErrorAccessDenied';
      },
      mailboxes: this.mailboxes.filter(({ address }) => opens(address)),
      mimeOf: (item) => this.#mimeOf(item),
      mostChanges: this.#options.mostChanges ?? 512,
      legacyNames: new Map(
        Object.entries(this.#options.legacyNames ?? {}).map(([name, person]) => [name.toLowerCase(), person]),
      ),
    };
  }

  #mimeOf(item: PracticeItem): Buffer {
    if (this.#options.regeneratesMime === false) return item.mime();
    this.#readings += 1;
    return regeneratedMime(item.mime(), this.#readings);
  }

  #throttled(operation: string): PlayedFault | undefined {
    const { throttle } = this.#options;
    const calls = [...this.calls.values()].reduce((sum, count) => sum + count, 0);
    if (throttle === undefined || calls % throttle.everyCalls !== 0) return undefined;
    return { operation, code: 'ErrorServerBusy', whole: true, backOffMs: throttle.backOffMs };
  }

  /** Undefined: the answer was sent, and it was no. */
  #signedIn(request: IncomingMessage, response: ServerResponse): PracticeAccount | undefined {
    const { socket } = request;
    const known = this.#signIns.get(socket)?.account;
    const [scheme = '', token = ''] = (request.headers.authorization ?? '').split(' ');
    if (scheme === '' && known !== undefined) return this.#account(known);
    if (scheme === 'Basic' && this.#offers('Basic')) {
      const [, name = '', password = ''] = /^(.*?):(.*)$/s.exec(Buffer.from(token, 'base64').toString()) ?? [];
      const account = this.#account(name);
      if (account?.password === password) return account;
    }
    if ((scheme === 'NTLM' || scheme === 'Negotiate') && this.#offers(scheme))
      return this.#takeNtlm(response, { socket, scheme, token });
    this.#refuse(response);
    return undefined;
  }

  #takeNtlm(
    response: ServerResponse,
    { socket, scheme, token }: { readonly socket: Socket; readonly scheme: string; readonly token: string },
  ): PracticeAccount | undefined {
    const state = this.#signIns.get(socket) ?? { acceptor: this.#newAcceptor(), account: undefined };
    this.#signIns.set(socket, state);
    const taken = state.acceptor.take(Buffer.from(token, 'base64'));
    if (taken.outcome === 'challenge') {
      response.writeHead(401, { 'WWW-Authenticate': `${scheme} ${taken.token.toString('base64')}` }).end();
      return undefined;
    }
    if (taken.outcome === 'refused') {
      this.#signIns.delete(socket);
      this.#refuse(response);
      return undefined;
    }
    state.account = taken.account;
    return this.#account(taken.account);
  }

  #newAcceptor(): NtlmAcceptor {
    const { bindTo, version = '2010SP1' } = this.#options;
    return new NtlmAcceptor({
      passwordOf: (name) => this.#account(name)?.password,
      domain: 'CONTOSO',
      sendsTime: version !== '2007SP1',
      channelBinding: bindTo === undefined ? undefined : channelBinding(bindTo),
    });
  }

  #offers(scheme: 'Basic' | 'NTLM' | 'Negotiate'): boolean {
    return (this.#options.auth ?? ['Negotiate', 'NTLM', 'Basic']).includes(scheme);
  }

  #refuse(response: ServerResponse): void {
    const offered = (this.#options.auth ?? ['Negotiate', 'NTLM', 'Basic']).map((scheme) =>
      scheme === 'Basic' ? 'Basic realm="practice"' : scheme,
    );
    response.writeHead(401, { 'WWW-Authenticate': offered }).end();
  }

  #account(name: string): PracticeAccount | undefined {
    return this.#options.accounts.find((account) => same(account.name, name));
  }

  #envelope(body: string): string {
    const { major, minor, build } = versions[this.#options.version ?? '2010SP1'];
    return (
      '<?xml version="1.0" encoding="utf-8"?><s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/">' +
      `<s:Header><h:ServerVersionInfo MajorVersion="${String(major)}" MinorVersion="${String(minor)}" MajorBuildNumber="${String(build)}" MinorBuildNumber="0" xmlns:h="http://schemas.microsoft.com/exchange/services/2006/types"/></s:Header>` +
      `<s:Body xmlns:m="http://schemas.microsoft.com/exchange/services/2006/messages" xmlns:t="http://schemas.microsoft.com/exchange/services/2006/types">${body}</s:Body></s:Envelope>`
    );
  }

  #fault(code: string, backOffMs?: number): string {
    const wait =
      backOffMs === undefined
        ? ''
        : `<t:MessageXml><t:Value Name="BackOffMilliseconds">${String(backOffMs)}</t:Value></t:MessageXml>`;
    return this.#envelope(
      `<s:Fault xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><faultcode xmlns:a="http://schemas.microsoft.com/exchange/services/2006/types">a:${code}</faultcode><faultstring xml:lang="en-US">${code}</faultstring>` +
        `<detail><e:ResponseCode xmlns:e="http://schemas.microsoft.com/exchange/services/2006/errors">${code}</e:ResponseCode><e:Message xmlns:e="http://schemas.microsoft.com/exchange/services/2006/errors">${code}</e:Message>${wait}</detail></s:Fault>`,
    );
  }
}

function same(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}

function parse(body: Buffer): XmlElement {
  const reader = new AnswerReader();
  reader.push(body);
  return reader.end();
}

function send(
  response: ServerResponse,
  {
    status,
    text,
    cutAfter,
  }: { readonly status: number; readonly text: string; readonly cutAfter?: number | undefined },
): void {
  sendAnswer(response, {
    status,
    headers: { 'Content-Type': 'text/xml; charset=utf-8' },
    body: Buffer.from(text),
    zips: text.length < 1_000_000,
    cutAfter,
  });
}
