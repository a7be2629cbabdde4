import type { Clock } from '../../../shared/ports/clock.ts';
import type { GraphAnswer } from '../graph-call.ts';
import type { PracticeApplication, PracticeCloud, PracticeTenant } from '../store/tenant.ts';
import type { AccessTokens } from './access-tokens.ts';
import { checkAssertion } from './client-assertion.ts';
import { SignInFailure } from './sign-in-failure.ts';

export const graphAudience = 'https://graph.microsoft.com';
export const outlookAudience = 'https://outlook.office365.com';
const graphHosts: Readonly<Record<PracticeCloud, string>> = {
  global: 'graph.microsoft.com',
  usgov: 'graph.microsoft.us',
  'usgov-dod': 'dod-graph.microsoft.us',
  china: 'microsoftgraph.chinacloudapi.cn',
};
const outlookHosts: Readonly<Record<PracticeCloud, string>> = {
  global: 'outlook.office365.com',
  usgov: 'outlook.office365.us',
  'usgov-dod': 'outlook-dod.office365.us',
  china: 'partner.outlook.cn',
};
const authorities =
  /^https:\/\/(login\.microsoftonline\.(com|us)|login\.(partner\.microsoftonline|chinacloudapi)\.cn)\//;

export interface SignInRequest {
  readonly method: string;
  /** `/{tenant}/oauth2/v2.0/token` */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly octets: Buffer;
}

/** The practice sign-in of Entra: client credentials with a secret or a signed assertion. */
export class SignIn {
  /** Tokens that were given out. */
  issued = 0;
  readonly #tenants: readonly PracticeTenant[];
  readonly #tokens: AccessTokens;
  readonly #clock: Clock;
  readonly #url: () => string;
  /** How long a token is good. */
  readonly lifetimeSeconds: number;

  constructor(world: {
    readonly tenants: readonly PracticeTenant[];
    readonly tokens: AccessTokens;
    readonly clock: Clock;
    readonly url: () => string;
    readonly lifetimeSeconds: number;
  }) {
    this.#tenants = world.tenants;
    this.#tokens = world.tokens;
    this.#clock = world.clock;
    this.#url = world.url;
    this.lifetimeSeconds = world.lifetimeSeconds;
  }

  /** Undefined: no address of the sign-in. */
  answer(request: SignInRequest): GraphAnswer | undefined {
    const { method, path, query, octets } = request;
    if (path === '/common/discovery/instance') return { status: 200, body: instances(query) };
    const { tenant = '', rest = '' } =
      /^\/(?<tenant>[A-Za-z0-9.-]+)\/(?<rest>oauth2\/v2\.0\/token|v2\.0\/\.well-known\/openid-configuration)$/.exec(
        path,
      )?.groups ?? {};
    if (rest === '') return undefined;
    try {
      if (rest.startsWith('v2.0')) return { status: 200, body: this.#configuration(tenant) };
      if (method !== 'POST') return { status: 405 };
      return { status: 200, body: this.#token(tenant, new URLSearchParams(octets.toString())) };
    } catch (error) {
      if (error instanceof SignInFailure) return { status: error.status, body: error.json };
      throw error;
    }
  }

  /** Names the real authority, as a client that follows it must replace the origin of every address anyway. */
  #configuration(name: string): Record<string, unknown> {
    const { id } = this.#tenant(name);
    const authority = 'https://login.microsoftonline.com';
    return {
      token_endpoint: `${authority}/${name}/oauth2/v2.0/token`,
      authorization_endpoint: `${authority}/${name}/oauth2/v2.0/authorize`,
      end_session_endpoint: `${authority}/${name}/oauth2/v2.0/logout`,
      jwks_uri: `${authority}/${name}/discovery/v2.0/keys`,
      issuer: `${authority}/${id}/v2.0`,
      token_endpoint_auth_methods_supported: ['client_secret_post', 'private_key_jwt', 'client_secret_basic'],
      response_types_supported: ['code', 'id_token', 'token'],
      subject_types_supported: ['pairwise'],
      id_token_signing_alg_values_supported: ['RS256'],
      tenant_region_scope: null,
      cloud_instance_name: 'microsoftonline.com',
    };
  }

  #token(tenantName: string, form: URLSearchParams): Record<string, unknown> {
    const tenant = this.#tenant(tenantName);
    if (form.get('grant_type') !== 'client_credentials')
      throw failure(70003, 'unsupported_grant_type', 'The app requested an unsupported grant type.');
    const clientId = form.get('client_id') ?? '';
    const application = tenant.applications.find((candidate) => candidate.clientId === clientId);
    if (application === undefined)
      throw failure(
        700016,
        'unauthorized_client',
        `Application with identifier '${clientId}' was not found in the directory.`,
      );
    this.#checkCredentials(application, form, tenant);
    const audience = audienceOf(form.get('scope') ?? '', tenant.cloud);
    this.issued += 1;
    const access_token = this.#tokens.issue({ aud: audience, tid: tenant.id, appid: clientId }, this.lifetimeSeconds);
    return {
      token_type: 'Bearer',
      expires_in: this.lifetimeSeconds,
      ext_expires_in: this.lifetimeSeconds,
      access_token,
    };
  }

  #checkCredentials(application: PracticeApplication, form: URLSearchParams, tenant: PracticeTenant): void {
    const assertion = form.get('client_assertion');
    if (assertion === null) {
      if (application.secret !== undefined && form.get('client_secret') === application.secret) return;
      throw new SignInFailure({
        status: 401,
        error: 'invalid_client',
        number: 7000215,
        message: 'Invalid client secret provided.',
      });
    }
    if (
      application.certificate === undefined ||
      form.get('client_assertion_type') !== 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'
    )
      throw new SignInFailure({
        status: 401,
        error: 'invalid_client',
        number: 700027,
        message: 'The certificate is not registered on application.',
      });
    checkAssertion({
      assertion,
      clientId: application.clientId,
      certificate: application.certificate,
      now: this.#clock.now(),
      isAudience: (audience) => {
        const path = audience.replace(authorities, '').replace(`${this.#url()}/`, '');
        const [name = '', ...rest] = path.split('/');
        return tenant.is(name) && ['oauth2/v2.0/token', 'oauth2/token', 'v2.0', ''].includes(rest.join('/'));
      },
    });
  }

  #tenant(name: string): PracticeTenant {
    const tenant = this.#tenants.find((candidate) => candidate.is(name));
    if (tenant !== undefined) return tenant;
    throw failure(
      90002,
      'invalid_request',
      `Tenant '${name}' not found. Check to make sure you have the correct tenant ID.`,
    );
  }
}

/** In every cloud tokens are for the same two of the practice services. */
function audienceOf(scopes: string, cloud: PracticeCloud): string {
  const scope = scopes.split(' ').find((candidate) => candidate.endsWith('/.default')) ?? '';
  const host = /^https:\/\/([^/]+)\/\.default$/.exec(scope)?.[1] ?? '';
  if (host === graphHosts[cloud]) return graphAudience;
  if (host === outlookHosts[cloud]) return outlookAudience;
  if ([...Object.values(graphHosts), ...Object.values(outlookHosts)].includes(host))
    throw failure(900382, 'invalid_request', 'Confidential Client is not supported in Cross Cloud request.');
  throw failure(70011, 'invalid_scope', 'The provided request must include a scope that ends with /.default.');
}

function failure(number: number, error: string, message: string): SignInFailure {
  return new SignInFailure({ status: 400, error, number, message });
}

function instances(query: URLSearchParams): Record<string, unknown> {
  const endpoint = new URL(
    query.get('authorization_endpoint') ?? 'https://login.microsoftonline.com/common/oauth2/v2.0/authorize',
  );
  const hosts = ['login.microsoftonline.com', 'login.windows.net', 'login.microsoft.com', 'sts.windows.net'];
  return {
    tenant_discovery_endpoint: endpoint.href.replace(
      /\/oauth2\/v2\.0\/authorize$/,
      '/v2.0/.well-known/openid-configuration',
    ),
    'api-version': '1.1',
    metadata: [
      { preferred_network: 'login.microsoftonline.com', preferred_cache: 'login.windows.net', aliases: hosts },
    ],
  };
}
