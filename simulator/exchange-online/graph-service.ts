import { badRequest, GraphFailure } from './graph-failure.ts';
import type { GraphAnswer, GraphCall, GraphServices, Route } from './graph-call.ts';
import { preferencesOf } from './graph-preferences.ts';
import { findRoute, shortPath, type FoundRoute } from './graph-routing.ts';
import { isObject, parseJson, type JsonObject } from './json-object.ts';
import { limitKey } from './limit-key.ts';
import type { PracticeRequest } from './practice-request.ts';
import { allRoutes } from './routes/all-routes.ts';
import { validateBody } from './schema/validate-body.ts';
import type { AccessTokens } from './sign-in/access-tokens.ts';
import { graphAudience } from './sign-in/sign-in.ts';
import type { PracticeApplication, PracticeTenant } from './store/tenant.ts';
import type { Throttling } from './throttling.ts';

const largestRequest = 4 * 1024 * 1024;

interface Caller {
  readonly tenant: PracticeTenant;
  readonly application: PracticeApplication;
}

/** Graph v1.0: signs in, counts, validates and routes. */
export class GraphService {
  readonly #services: GraphServices;
  readonly #tenants: readonly PracticeTenant[];
  readonly #tokens: AccessTokens;
  readonly #throttling: Throttling;
  readonly #latencyMs: number;

  constructor(world: {
    readonly services: GraphServices;
    readonly tenants: readonly PracticeTenant[];
    readonly tokens: AccessTokens;
    readonly throttling: Throttling;
    readonly latencyMs: number;
  }) {
    this.#services = world.services;
    this.#tenants = world.tenants;
    this.#tokens = world.tokens;
    this.#throttling = world.throttling;
    this.#latencyMs = world.latencyMs;
  }

  /** Throws GraphFailure for an answer that is no. */
  async answer(request: PracticeRequest): Promise<GraphAnswer> {
    const caller = this.#caller(request);
    const key = this.#limitKey(caller, request.path);
    if (key === undefined) return await this.#route(request, caller, await request.read());
    const leave = this.#throttling.enter(key);
    try {
      const octets = await request.read();
      if (this.#latencyMs > 0) await this.#services.clock.sleep(this.#latencyMs);
      if (request.method !== 'GET') this.#throttling.upload(key, octets.length);
      return await this.#route(request, caller, octets);
    } finally {
      leave();
    }
  }

  /** Whose limits a request counts for; undefined for none, or before anybody is known. */
  limitKeyOf(request: PracticeRequest): string | undefined {
    try {
      return this.#limitKey(this.#caller(request), request.path);
    } catch (error) {
      if (error instanceof GraphFailure) return undefined;
      throw error;
    }
  }

  /** 401 for a request without a good token. */
  demandCaller(request: PracticeRequest): void {
    this.#caller(request);
  }

  #caller({ headers }: PracticeRequest): Caller {
    const { tid, appid } = this.#tokens.check(headers['authorization'], [graphAudience]);
    const tenant = this.#tenants.find(({ id }) => id === tid);
    const application = tenant?.applications.find(({ clientId }) => clientId === appid);
    if (tenant !== undefined && application !== undefined) return { tenant, application };
    throw new GraphFailure({
      status: 401,
      code: 'InvalidAuthenticationToken',
      message: 'The application is not known any longer.',
    });
  }

  #limitKey({ tenant, application }: Caller, path: string): string | undefined {
    const named =
      /^\/v1\.0\/users\/([^/]+)\/(?!assignLicense)/.exec(path)?.[1] ??
      /^\/v1\.0\/admin\/exchange\/mailboxes\/([^/]+)\//.exec(path)?.[1];
    if (named === undefined) return undefined;
    const name = decodeURIComponent(named);
    const user =
      tenant.user(name) ??
      tenant.users.find(({ mailbox }) => mailbox !== undefined && name === `MBX:${mailbox.guid}@${tenant.id}`);
    return user === undefined ? undefined : limitKey(application, user);
  }

  async #route(request: PracticeRequest, caller: Caller, octets: Buffer): Promise<GraphAnswer> {
    if (octets.length > largestRequest)
      throw new GraphFailure({ status: 413, code: 'RequestEntityTooLarge', message: 'The request is too large.' });
    const path = request.path.replace(/^\/v1\.0/, '');
    const { route, parameters } = found(allRoutes, request.method, path);
    const call = this.#call({ request, caller, octets, path, parameters, route });
    const wanted = route.permissionsFor?.(call.body) ?? route.permissions;
    demandPermission(caller.application, wanted, path);
    return await route.answer(call);
  }

  #call({
    request,
    caller,
    octets,
    path,
    parameters,
    route,
  }: {
    readonly request: PracticeRequest;
    readonly caller: Caller;
    readonly octets: Buffer;
    readonly path: string;
    readonly parameters: Readonly<Record<string, string>>;
    readonly route: Route;
  }): GraphCall {
    const contentType = (request.headers['content-type'] ?? '').replace(/;.*/s, '').trim().toLowerCase();
    return {
      ...caller,
      method: request.method,
      path,
      parameters,
      query: request.query,
      address: `${this.#services.url}${request.path}`,
      preferences: preferencesOf(request.headers['prefer'] ?? ''),
      contentType,
      octets,
      body: route.body === undefined || contentType === 'text/plain' ? {} : bodyOf(octets, contentType, route.body),
      services: this.#services,
    };
  }
}

function found(routes: readonly Route[], method: string, path: string): FoundRoute {
  const route = findRoute(routes, method, shortPath(path));
  if (route === 'path') throw new GraphFailure({ status: 405, code: 'UnknownError', message: 'Method not allowed.' });
  if (route !== undefined) return route;
  throw badRequest(`Resource not found for the segment '${path.split('/').at(-1) ?? ''}'.`);
}

function bodyOf(octets: Buffer, contentType: string, type: string): JsonObject {
  if (contentType !== 'application/json')
    throw new GraphFailure({
      status: 415,
      code: 'RequestBodyRead',
      message: `The content type '${contentType}' is not supported.`,
    });
  const json = parseJson(octets);
  if (!isObject(json)) throw badRequest('The request body is no object.', 'RequestBodyRead');
  validateBody(type, json);
  return json;
}

/** `wanted`: any one of them. */
function demandPermission({ permissions = '*' }: PracticeApplication, wanted: readonly string[], path: string): void {
  if (permissions === '*' || wanted.length === 0 || wanted.some((name) => permissions.includes(name))) return;
  const isMailbox = /^\/(users\/[^/]+\/(?!assignLicense)|admin\/)/.test(path);
  throw new GraphFailure(
    isMailbox
      ? { status: 403, code: 'ErrorAccessDenied', message: 'Access is denied. Check credentials and try again.' }
      : {
          status: 403,
          code: 'Authorization_RequestDenied',
          message: 'Insufficient privileges to complete the operation.',
        },
  );
}
