import { ExchangeOnline } from '../../../../shared/domain/endpoint.ts';
import type { SecretReader } from '../../../../shared/ports/sealer.ts';
import type { ExchangeOnlineSimulator } from '../../../../simulator/exchange-online/exchange-online-simulator.ts';

export const clientId = '11111111-2222-3333-4444-555555555555';
export const secret = 'a-practice-secret';
export const tenantName = 'contoso.onmicrosoft.com';

/** Secrets by reference, as a deployment would have them. */
export function secretsOf(values: Readonly<Record<string, string>>): SecretReader {
  return (reference) => {
    const value = values[reference];
    return value === undefined ? Promise.reject(new Error(`no secret ${reference}`)) : Promise.resolve(value);
  };
}

/** An endpoint's target at a practice organisation. */
export function targetAt(
  simulator: Pick<ExchangeOnlineSimulator, 'url'>,
  overrides: Readonly<Record<string, unknown>> = {},
): ExchangeOnline {
  return ExchangeOnline.parse({
    kind: 'exchange-online',
    tenant: tenantName,
    clientId,
    ...('certificate' in overrides ? {} : { secret: 'env:SECRET' }),
    practice: { login: simulator.url, graph: simulator.url },
    ...overrides,
  });
}
