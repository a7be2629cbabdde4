import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import type { Clock } from '../../shared/ports/clock.ts';
import { PlayedFaults } from '../http/played-faults.ts';
import { PracticeHttpServer } from '../http/practice-http-server.ts';
import { readBody } from '../http/read-body.ts';
import { sendAnswer } from '../http/send-answer.ts';
import { answerBatch } from './batch-service.ts';
import { badRequest, GraphFailure } from './graph-failure.ts';
import type { GraphAnswer } from './graph-call.ts';
import { GraphService } from './graph-service.ts';
import { answerImport, importPath } from './import-service.ts';
import { fits, type PlayedFault } from './played-fault.ts';
import { DroppedConnection, type PracticeRequest } from './practice-request.ts';
import { RequestLog, type LoggedRequest } from './request-log.ts';
import { AccessTokens } from './sign-in/access-tokens.ts';
import { SignIn } from './sign-in/sign-in.ts';
import { ImportSessions } from './store/import-sessions.ts';
import type { OnlineMailbox } from './store/online-mailbox.ts';
import type { Provisioning } from './store/online-user.ts';
import { PracticeTenant, type Invitation, type TenantOptions } from './store/tenant.ts';
import { UploadSessions } from './store/upload-sessions.ts';
import { outlookLimits, Throttling, type ThrottlingLimits } from './throttling.ts';
import { answerUpload, uploadPath } from './upload-service.ts';

export interface ExchangeOnlineSimulatorOptions {
  readonly tenants: readonly TenantOptions[];
  readonly clock?: Clock | undefined;
  /** How long an access token is good; an hour by default. */
  readonly tokenLifetimeSeconds?: number | undefined;
  readonly limits?: Partial<ThrottlingLimits> | undefined;
  /** When a mailbox is there after its licence; at once by default. */
  readonly provisioning?: Provisioning | undefined;
  /** How long each request for a mailbox takes, by the clock; 0 by default. */
  readonly latencyMs?: number | undefined;
  /** Told of each request when it was answered. */
  readonly watch?: ((request: LoggedRequest) => void) | undefined;
}

const systemClock: Clock = {
  now: () => Date.now(),
  sleep: async (ms) => {
    await wait(ms);
  },
};

/** A practice Exchange Online: sign-in, Graph, upload sessions and mailbox import over mailboxes in memory, on loopback. */
export class ExchangeOnlineSimulator {
  readonly tenants: readonly PracticeTenant[];
  readonly log: RequestLog;
  readonly throttling: Throttling;
  readonly faults = new PlayedFaults<PlayedFault>();
  readonly tokens: AccessTokens;
  readonly signIn: SignIn;
  readonly uploads: UploadSessions;
  readonly imports: ImportSessions;
  readonly #server: PracticeHttpServer;
  readonly #graph: GraphService;
  readonly #clock: Clock;

  private constructor(server: PracticeHttpServer, options: ExchangeOnlineSimulatorOptions) {
    const clock = options.clock ?? systemClock;
    this.#clock = clock;
    this.#server = server;
    this.log = new RequestLog(options.watch);
    this.tenants = options.tenants.map((tenant) => new PracticeTenant(tenant, clock));
    this.throttling = new Throttling({ ...outlookLimits, ...options.limits }, clock, this.log);
    this.tokens = new AccessTokens(clock);
    this.uploads = new UploadSessions(clock);
    this.imports = new ImportSessions(clock);
    this.signIn = new SignIn({
      tenants: this.tenants,
      tokens: this.tokens,
      clock,
      url: () => this.url,
      lifetimeSeconds: options.tokenLifetimeSeconds ?? 3_600,
    });
    this.#graph = new GraphService({
      services: {
        clock,
        url: this.url,
        uploads: this.uploads,
        imports: this.imports,
        provisioning: options.provisioning ?? {},
      },
      tenants: this.tenants,
      tokens: this.tokens,
      throttling: this.throttling,
      latencyMs: options.latencyMs ?? 0,
    });
    server.onRequest((request, response) => this.#serve(request, response));
  }

  static async start(options: ExchangeOnlineSimulatorOptions): Promise<ExchangeOnlineSimulator> {
    return new ExchangeOnlineSimulator(await PracticeHttpServer.start({ keepAliveMs: 60_000 }), options);
  }

  /** Origin of the sign-in, of Graph (`/v1.0/…`) and of import and upload. */
  get url(): string {
    return this.#server.origin;
  }

  /** What would have gone out to people; nothing ever should. */
  get invitations(): readonly Invitation[] {
    return this.tenants.flatMap(({ invitations }) => invitations);
  }

  /** A user's mailbox, by address. */
  mailbox(address: string): OnlineMailbox {
    const mailbox = this.tenants.map((tenant) => tenant.user(address)).find((user) => user !== undefined)?.mailbox;
    if (mailbox === undefined) throw new Error(`There is no mailbox ${address} in the practice Exchange Online.`);
    return mailbox;
  }

  play(...faults: readonly PlayedFault[]): void {
    this.faults.play(...faults);
  }

  async stop(): Promise<void> {
    await this.#server.stop();
  }

  async #serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(incoming.url ?? '/', 'http://practice');
    const answer = await this.#perform({
      method: incoming.method ?? 'GET',
      path: url.pathname,
      query: url.searchParams,
      headers: Object.fromEntries(
        Object.entries(incoming.headers).map(([name, value]) => [
          name,
          Array.isArray(value) ? value.join(', ') : value,
        ]),
      ),
      inBatch: false,
      read: () => readBody(incoming),
    });
    send(response, answer);
  }

  /** Plays what is due, answers, and logs; throws DroppedConnection where there is to be no answer. */
  async #perform(request: PracticeRequest): Promise<GraphAnswer> {
    let octets = 0;
    const counted: PracticeRequest = {
      ...request,
      read: async () => {
        const body = await request.read();
        octets = body.length;
        return body;
      },
    };
    const { method, path, inBatch } = request;
    const logged = { method, path, inBatch, at: this.#clock.now() };
    const fault = this.faults.due((candidate) => fits(candidate, method, path));
    try {
      const answer = await this.#answerWith(fault, counted);
      const retryAfter = answer.headers?.['Retry-After'];
      this.log.add({
        ...logged,
        octets,
        status: answer.status,
        answeredAt: this.#clock.now(),
        ...(retryAfter === undefined ? {} : { retryAfter: Number(retryAfter) }),
      });
      return answer;
    } catch (error) {
      if (error instanceof DroppedConnection)
        this.log.add({ ...logged, octets, status: 0, answeredAt: this.#clock.now() });
      throw error;
    }
  }

  async #answerWith(fault: PlayedFault | undefined, request: PracticeRequest): Promise<GraphAnswer> {
    if (fault?.drop === 'before') throw new DroppedConnection();
    if (fault?.status !== undefined) return await this.#played(fault, request);
    const answer = await this.#dispatch(request).catch((error: unknown) => {
      if (error instanceof GraphFailure) return failureAnswer(error);
      throw error;
    });
    if (fault?.drop === 'after') throw new DroppedConnection();
    return answer;
  }

  async #played({ status = 500, code, retryAfter }: PlayedFault, request: PracticeRequest): Promise<GraphAnswer> {
    await request.read();
    const key = this.#graph.limitKeyOf(request);
    if (key !== undefined && retryAfter !== undefined) this.throttling.told(key, retryAfter);
    const headers = retryAfter === undefined ? {} : { 'Retry-After': String(retryAfter) };
    return failureAnswer(new GraphFailure({ status, code, message: 'Played.', headers }));
  }

  async #dispatch(request: PracticeRequest): Promise<GraphAnswer> {
    if (/^\/v1\.0\/(\$|%24)batch$/.test(request.path)) {
      this.#graph.demandCaller(request);
      return await answerBatch(request, (inner) => this.#perform(inner));
    }
    if (request.path.startsWith('/v1.0/')) return await this.#graph.answer(request);
    if (uploadPath.test(request.path))
      return await answerUpload(request, { uploads: this.uploads, throttling: this.throttling });
    if (importPath.test(request.path))
      return await answerImport(request, { imports: this.imports, throttling: this.throttling });
    const answer = this.signIn.answer({ ...request, octets: await request.read() });
    if (answer === undefined) throw badRequest('Invalid version or address.');
    return answer;
  }
}

function failureAnswer(failure: GraphFailure): GraphAnswer {
  const { status, code, headers } = failure;
  return { status, headers, body: code === undefined ? undefined : { ...failure.json } };
}

function send(response: ServerResponse, { status, body, headers }: GraphAnswer): void {
  const octets =
    body === undefined || typeof body === 'string' || Buffer.isBuffer(body)
      ? Buffer.from(body ?? '')
      : Buffer.from(JSON.stringify(body));
  const type = Buffer.isBuffer(body)
    ? 'application/octet-stream'
    : 'application/json; odata.metadata=minimal; charset=utf-8';
  sendAnswer(response, {
    status,
    headers: { 'request-id': randomUUID(), ...(body === undefined ? {} : { 'Content-Type': type }), ...headers },
    body: octets,
    tellsLength: status !== 204,
  });
}
