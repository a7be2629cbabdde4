import {
  ExchangeOnlineSimulator,
  type ExchangeOnlineSimulatorOptions,
} from '../../../../simulator/exchange-online/exchange-online-simulator.ts';
import type { TenantOptions } from '../../../../simulator/exchange-online/store/tenant.ts';

export const tenantId = '7b3a1f0e-1111-4222-8333-444455556666';
export const clientId = '0a0b0c0d-1234-4567-89ab-000000000001';
export const clientSecret = 'practice-secret';
export const anna = 'anna@contoso.test';

/** A practice organisation of one mailbox, Anna's, unless more is said. */
export async function startPractice(
  tenant: Partial<TenantOptions> = {},
  options: Partial<ExchangeOnlineSimulatorOptions> = {},
): Promise<ExchangeOnlineSimulator> {
  return await ExchangeOnlineSimulator.start({
    tenants: [
      {
        id: tenantId,
        applications: [{ clientId, secret: clientSecret }],
        users: [{ userPrincipalName: anna, displayName: 'Anna' }],
        ...tenant,
      },
    ],
    ...options,
  });
}

export async function tokenFor(
  simulator: ExchangeOnlineSimulator,
  audience = 'https://graph.microsoft.com',
): Promise<string> {
  const response = await fetch(`${simulator.url}/${tenantId}/oauth2/v2.0/token`, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'client_credentials',
      client_id: clientId,
      client_secret: clientSecret,
      scope: `${audience}/.default`,
    }),
  });
  const { access_token } = (await response.json()) as { access_token: string };
  return access_token;
}

/** What the tests look at in bodies of many shapes. */
export interface GraphJson {
  readonly id: string;
  readonly value: readonly GraphJson[];
  readonly error: { readonly code: string; readonly message: string };
  readonly uploadUrl: string;
  readonly '@odata.nextLink': string;
  readonly [name: string]: unknown;
}

export interface GraphResponse {
  readonly status: number;
  readonly headers: Headers;
  readonly json: GraphJson;
}

export interface GraphRequestOptions {
  readonly body?: unknown;
  readonly prefer?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export type Graph = (method: string, path: string, options?: GraphRequestOptions) => Promise<GraphResponse>;

/** Plain requests to Graph, signed in. */
export async function graphOf(simulator: ExchangeOnlineSimulator): Promise<Graph> {
  const token = await tokenFor(simulator);
  return async (method, path, { body, prefer, headers } = {}) => {
    const response = await fetch(path.startsWith('http') ? path : `${simulator.url}/v1.0${path}`, {
      method,
      headers: {
        Authorization: `Bearer ${token}`,
        ...(prefer === undefined ? {} : { Prefer: prefer }),
        ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    const json = (text === '' ? undefined : JSON.parse(text)) as GraphJson;
    return { status: response.status, headers: response.headers, json };
  };
}
